"""Commands in processes of their own that need not import: forks of one process that has imported what they import.

A command and each of its workers is forked from a process that has run nothing, so they share no state and see the
files, the environment and the signals of a command that a shell starts. What imports cost is paid once.

    python -m forkserver FD    # reads requests from the socket
"""

import atexit
import ctypes
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

_SUPPORT = Path(__file__).parent
_ROOT = _SUPPORT.parents[1]
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_IMPORTED = (
    *("pipeline.command.cli", "pipeline.command.launcher", "pipeline.command.search", "pipeline.command.grid"),
    *("pipeline.sweep.board", "pipeline.training.trainer", "pipeline.report.build", "pipeline.predict.__main__"),
    *("sklearn.ensemble", "sklearn.metrics", "sklearn.model_selection", "scipy.stats", "pandas.io.formats.style"),
    *("statsmodels.stats.multitest", "statsmodels.stats.proportion", "hydra.core.plugins", "scratchnet.kernels"),
    *("joblib.externals.loky", "multiprocessing.forkserver", "numba", "rich.progress"),
)


def run(
    folder: Path,
    module: str,
    arguments: Sequence[str],
    *,
    timeout: float,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """`python -m module arguments` in `folder`, by default with this process's environment."""
    environment = dict(os.environ if environment is None else environment)
    command = [sys.executable, "-m", module, *arguments]
    if sys.platform != "linux":
        environment["PYTHONPATH"] = str(_ROOT)
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout)
    request = {"module": module, "arguments": list(arguments), "folder": str(folder), "environment": environment}
    server, connection = _server()
    connection.sendall(json.dumps(request).encode() + b"\n")
    connection.settimeout(timeout)
    try:
        with connection.makefile() as answers:
            ended = json.loads(answers.readline())
    except TimeoutError:  # its answer would be taken for the next command's
        for process in (*psutil.Process(server.pid).children(recursive=True), server):
            process.kill()
        _server.cache_clear()
        raise subprocess.TimeoutExpired(command, timeout) from None
    return subprocess.CompletedProcess(command, ended["status"], ended["out"], ended["error"])


@functools.cache
def _server() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """This process's server, which ends with it, and the connection to it."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "forkserver", str(theirs.fileno())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_SUPPORT), str(_ROOT)])}
    process = subprocess.Popen(command, cwd=_ROOT, env=environment, pass_fds=[theirs.fileno()], start_new_session=True)
    theirs.close()

    def stop() -> None:
        ours.close()
        process.wait()

    atexit.register(stop)
    return process, ours


def _serve(connection: socket.socket) -> None:
    """Answer each request with the end of its command, which runs in a fork."""
    import tempfile

    for line in connection.makefile():
        request = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
            child = os.fork()
            if child == 0:
                connection.close()
                _leave(_command(request, out.fileno(), error.fileno()))
            _, status = os.waitpid(child, 0)
            answer: dict[str, Any] = {"status": os.waitstatus_to_exitcode(status)}
            for name, file in (("out", out), ("error", error)):
                file.seek(0)
                answer[name] = file.read().decode().replace("\r\n", "\n")
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _command(request: Mapping[str, Any], out: int, error: int) -> int:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(error, 2)
    os.closerange(3, 1024)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[:2] = [request["folder"], str(_ROOT)]
    importlib.invalidate_caches()
    _fork_workers_from_here()
    return _main(request["module"], request["arguments"])


def _main(module: str, arguments: Sequence[str]) -> int:
    """The exit status of `python -m module arguments`."""
    sys.stdout, sys.stderr = (open(fd, "w", closefd=False, encoding="utf-8") for fd in (1, 2))  # noqa: SIM115
    sys.argv = [module, *arguments]
    sys.modules.pop(module, None)  # it is what runs now
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stopped:
        if isinstance(stopped.code, str):
            print(stopped.code, file=sys.stderr)
            return 1
        return int(stopped.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave(status: int) -> None:
    """Exit as Python does, but free nothing."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _fork_workers_from_here() -> None:
    """Let what the command starts to fork its workers from be a fork of this process as it is now.

    It comes from a child that waits, and loses its parent at once: the command, as its reaper, becomes it.
    """
    from multiprocessing import util

    from joblib.externals.loky.backend import fork_exec

    from pipeline import pool

    if ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        return  # of another system than Linux
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _nurse(theirs)
    theirs.close()

    def spawn(
        path: str, command: Sequence[str], descriptors: Sequence[int], env: Mapping[str, str] | None = None
    ) -> int:
        descriptors = sorted(set(map(int, descriptors)))
        request = {"command": list(map(os.fsdecode, command)), "descriptors": descriptors, "folder": str(Path.cwd())}
        message = json.dumps(request | {"environment": {**os.environ, **(env or {})}}).encode()
        socket.send_fds(ours, [len(message).to_bytes(8, "big")], descriptors)
        ours.sendall(message)
        return int.from_bytes(ours.recv(8), "big")

    util.spawnv_passfds = spawn  # type: ignore[attr-defined]
    pool.prepare = lambda module: None  # all is imported, and most commands need no workers
    fork_exec.fork_exec = lambda command, descriptors, env=None: spawn("", command, descriptors, env)


def _nurse(requests: socket.socket) -> None:
    """Fork for each request, until the command ends."""
    while True:
        head, received, _, _ = socket.recv_fds(requests, 8, 64)
        if not head:
            os._exit(0)
        size, message = int.from_bytes(head, "big"), b""
        while len(message) < size:
            message += requests.recv(size - len(message))
        request = json.loads(message)
        reader, writer = os.pipe()
        middle = os.fork()
        if middle == 0:
            parent = os.getpid()
            child = os.fork()
            if child:
                os.write(writer, child.to_bytes(8, "big"))
                os._exit(0)
            while os.getppid() == parent:
                time.sleep(0.001)
            _leave(_spawned(request, received))
        os.waitpid(middle, 0)  # now the command is its parent
        requests.sendall(os.read(reader, 8))
        for descriptor in (reader, writer, *received):
            os.close(descriptor)


def _spawned(request: Mapping[str, Any], received: Sequence[int]) -> int:
    """The process of `python -c …` or `python -m …` that was asked for: its descriptors have their numbers."""
    wanted = request["descriptors"]
    high = [os.dup2(descriptor, 900 + i, inheritable=True) for i, descriptor in enumerate(received)]
    os.closerange(3, 900)
    for descriptor, number in zip(high, wanted, strict=True):
        os.dup2(descriptor, number)
    os.closerange(900, 900 + len(high))
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    command = request["command"]
    if "-m" in command:  # a worker of Hydra's joblib launcher
        place = command.index("-m") + 1
        return _main(command[place], command[place + 1 :])
    with suppress(SystemExit):
        exec(command[-1], {"__name__": "__main__"})
    return 0


def _warm_up() -> None:
    """Import what commands import, find what they would find, and load what numba has compiled, if it is there."""
    for name in _IMPORTED:
        importlib.import_module(name)
    import torch
    from hydra.core.plugins import Plugins

    from pipeline.runs._code import engine
    from pipeline.runs.provenance import software
    from scratchnet.compiled.jit import FOLDER
    from scratchnet.kernels.compiled import prepare

    Plugins.instance()
    engine()
    software()
    if any(FOLDER.rglob("*.nbc")):
        prepare(torch.float32)
    gc.freeze()  # a fork that collects garbage would copy all of it


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _warm_up()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    _leave(0)
