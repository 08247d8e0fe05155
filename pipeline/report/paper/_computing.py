"""What computed the figures, in sentences: software, machine and time."""

from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

import pandas as pd

from pipeline.durations import duration
from pipeline.report.formats import text
from pipeline.report.paper._references import cite
from pipeline.report.paper._settings import Settings, either


def computing_sentences(settings: Settings, tools: Mapping[str, str]) -> Iterator[str]:
    """The software, with the `tools` (distribution -> its reference) that the report used, the machine, the time."""
    comparison = settings.comparison

    def recorded(name: str) -> list[str]:
        column: Any = comparison.runs.get(f"provenance.{name}", pd.Series(dtype=object))
        return list(dict.fromkeys(text(value) for value in column.dropna()))

    versions = [f"scratchnet-sweeps {either(recorded('package_version'))}"] if recorded("package_version") else []
    if recorded("git_commit"):
        address = f" of {either(recorded('git_url'))}" if recorded("git_url") else ""
        versions.append(f"commit {either([commit[:12] for commit in recorded('git_commit')])}{address}")
    versions += [f"Python {either(recorded('python'))}"] if recorded("python") else []
    versions += [f"PyTorch {either(recorded('torch'))}{cite('paszke2019pytorch')}"] if recorded("torch") else []
    versions += [f"NumPy {either(recorded('numpy'))}{cite('harris2020array')}"] if recorded("numpy") else []
    if {"compiled", "lookahead", "fused"} & set(recorded("kernel")):
        versions.append(f"Numba{cite('lam2015numba')}")
    versions += [f"{name} {metadata.version(name)}{cite(key)}" for name, key in tools.items()]
    yield f"Software: {', '.join(versions)}; gradients are derived by hand, without automatic differentiation."
    machine = either(recorded("cpu")) if recorded("cpu") else "unknown"
    parts = [f"{either(recorded('cores'))} core{'s' * (recorded('cores') != ['1'])}"] if recorded("cores") else []
    memory = pd.to_numeric(pd.Series(recorded("memory_bytes"), dtype=object), errors="coerce").dropna()
    parts += [f"{memory.min() / 2**30:.0f} GiB of memory"] if len(memory) else []
    parts += [either(recorded("platform"))] if recorded("platform") else []
    parts += [f"GPU: {either(recorded('gpu'))}"] if recorded("gpu") else []
    threads = f", {either(recorded('threads'))} threads a run" if recorded("threads") not in ([], ["1"]) else ""
    yield f"The runs took {duration(comparison.seconds.sum())} of computing on {', '.join([machine, *parts])}" + (
        f"; device: {either(recorded('device'))}{threads}." if recorded("device") else "."
    )
