"""A sweep as a research object: a Process Run Crate, of the Workflow Run RO-Crate profiles.

Source: S. Leo et al., "Recording provenance of workflow runs with RO-Crate", PLoS ONE 19 (2024),
https://w3id.org/ro/wfrun/process/0.5, which builds on RO-Crate 1.1.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import UserError
from pipeline.extras import needed
from pipeline.files import HISTORY, MODEL, RESULT
from pipeline.report.paper._document import Document
from pipeline.report.paper._findings import Findings

CRATE = "ro-crate-metadata.json"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_STATUS = {"finished": "http://schema.org/CompletedActionStatus"}
_FAILED = "http://schema.org/FailedActionStatus"
_FORMATS = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".html": "text/html",
    ".md": "text/markdown",
    ".safetensors": "application/octet-stream",
}
# The specification wants one, and only the authors can give it.
_LICENCE = "None is stated: ask the authors before you use these files."


def to_crate(document: Document, findings: Findings, out: Path) -> tuple[Path, str]:
    """Where ro-crate-metadata.json goes, the folder of the sweep, and what is in it: an action for each run.

    Raises UserError for several folders, which are no one crate, and where the package rocrate is missing.
    """
    if len(findings.folders) > 1:
        raise UserError("--also crate: a crate is of one sweep's folder; give one FOLDER")
    with needed("write", "--also crate"):
        from rocrate.model.contextentity import ContextEntity
        from rocrate.rocrate import ROCrate

    folder, crate = findings.folders[0], ROCrate(gen_preview=False, version="1.1")

    def add(identifier: str, kind: str, **facts: Any) -> Any:
        return crate.add(ContextEntity(crate, identifier, properties={"@type": kind} | facts))

    def add_file(path: Path) -> Any:
        inside = path.relative_to(folder).as_posix()
        return crate.add_file(path, inside, properties={"encodingFormat": _FORMATS[path.suffix]})

    root = crate.root_dataset
    crate.name, crate.description = document.title, f"{document.title}: runs, tables, figures and a report."
    root["license"] = _LICENCE
    root["conformsTo"] = add(_PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    runs = findings.comparison.runs
    authors = [add(f"#author-{n}", "Person", name=name) for n, name in enumerate(document.authors)]
    if authors:
        root["author"] = authors
    versions = sorted(set(map(str, runs.get("provenance.package_version", pd.Series(dtype=object)).dropna())))
    addresses = sorted(set(map(str, runs.get("provenance.git_url", pd.Series(dtype=object)).dropna())))
    software = add(
        addresses[0] if addresses else "#scratchnet-sweeps",
        "SoftwareApplication",
        name="scratchnet-sweeps",
        version=", ".join(versions),
        **({"url": addresses[0]} if addresses else {}),
    )
    actions = []
    for name, status, command in zip(runs["run"], runs["status"], _commands(runs), strict=True):
        run = folder / str(name)
        if not (run / RESULT).is_file():
            continue
        files = [add_file(run / one) for one in (RESULT, HISTORY, MODEL) if (run / one).is_file()]
        facts = json.loads((run / RESULT).read_text(encoding="utf-8"))
        ended = datetime.fromtimestamp((run / RESULT).stat().st_mtime, UTC)
        started = ended - timedelta(seconds=float(facts.get("seconds", {}).get("total") or 0))
        action = add(
            f"#run-{name}",
            "CreateAction",
            name=f"Training of run {name}",
            description=command,
            startTime=started.isoformat(timespec="seconds"),
            endTime=ended.isoformat(timespec="seconds"),
            actionStatus=_STATUS.get(str(status), _FAILED),
        )
        action["instrument"], action["result"] = software, files
        if authors:
            action["agent"] = authors
        actions.append(action)
    root["mentions"] = actions
    if out.is_relative_to(folder):
        for path in (out / "index.html", out / "report.md", folder / "results.csv"):
            add_file(path)
    return folder / CRATE, json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False) + "\n"


def _commands(runs: pd.DataFrame) -> list[str]:
    return list(map(str, runs.get("provenance.command", pd.Series("", runs.index)).fillna("")))
