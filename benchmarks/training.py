"""Time training on one workload: scratchnet, torch with autograd, JAX, and the matrix products alone.

    taskset -c 0 python -m benchmarks.training --sizes 784,256,10 --batch 1 --samples 6000 --threads 1

One JSON line a peer: microseconds a run-step and samples a second, the median of --repeats epochs that take turns in
one process. Absolute figures drift with the machine: quote ratios. JAX comes with the extra [bench]; a peer that is
not installed is left out with a line that says so.
"""

import argparse
import json
import os
import statistics
import sys
import time
from importlib.util import find_spec
from typing import Any


def measure(names: list[str], work: Any, repeats: int) -> dict[str, float]:
    """-> microseconds a run-step of each peer, the median of epochs that take turns; "floor" by the faster library."""
    from benchmarks.peers import PEERS

    timed = [*names, "floor by numpy"] if "floor" in names else names
    epochs = {name: PEERS[name](work) for name in timed}
    times: dict[str, list[float]] = {name: [] for name in timed}
    for repeat in range(repeats + 1):
        for name, epoch in epochs.items():
            start = time.perf_counter()
            epoch()
            if repeat:  # the first compiles and fills the caches
                times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    if "floor" in medians:
        medians["floor"] = min(medians["floor"], medians.pop("floor by numpy"))
    share = {name: work.samples // work.batch * (work.runs if name == "scratchnet" else 1) for name in names}
    return {name: 1e6 * medians[name] / share[name] for name in names}


def one_thread(threads: int) -> None:
    """Before torch, numpy or JAX is imported: all of them compute on so many threads."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'false' if threads == 1 else 'true'}"
    os.environ["JAX_PLATFORMS"] = "cpu"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="784,256,10", help="widths of the network (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--samples", type=int, default=6000, help="an epoch (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="runs that scratchnet stacks (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="the median counts (default: %(default)s)")
    parser.add_argument("--model", default="mlp", choices=["mlp", "patch_mlp"], help="patch_mlp: sizes 784,10")
    parser.add_argument("--optimizer", default="sgd", choices=["sgd", "adam"], help="(default: %(default)s)")
    parser.add_argument("--kernel", default="auto", choices=["auto", "plain", "compiled"], help="ours")
    parser.add_argument("--momentum", type=float, default=0.0, help="scratchnet's (default: %(default)s)")
    parser.add_argument("--peers", default="floor,torch,jax,scratchnet", help="(default: %(default)s)")
    given = parser.parse_args()
    one_thread(given.threads)
    names = [name for name in given.peers.split(",") if name != "jax" or find_spec("jax")]
    if "jax" in given.peers.split(",") and "jax" not in names:
        print("jax is not installed and left out; pip install 'scratchnet-sweeps[bench]'", file=sys.stderr)
    import torch

    from benchmarks.peers import Workload

    torch.set_num_threads(given.threads)
    sizes = tuple(int(size) for size in given.sizes.split(","))
    samples = given.samples // given.batch * given.batch
    keys = ("model", "optimizer", "runs", "kernel", "momentum")
    work = Workload(sizes, given.batch, samples, **{key: getattr(given, key) for key in keys})
    for name, microseconds in measure(names, work, given.repeats).items():
        runs = given.runs if name == "scratchnet" else 1
        line = {"peer": name, "sizes": sizes, "batch": given.batch, "threads": given.threads, "runs": runs}
        line["us_per_run_step"] = round(microseconds, 2)
        line["run_samples_per_s"] = round(1e6 * given.batch / microseconds)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
