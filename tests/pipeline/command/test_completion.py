"""Tab completion as each shell's users set it up, by the lines of docs/getting-started.md, in a terminal."""

import os
import re
import shutil
import sys
from pathlib import Path

import pexpect
import pytest
from documents import ROOT

PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
PLAIN = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}


@pytest.mark.parametrize("shell", PLAIN)
def test_keys_and_values_are_completed_in_the_shell(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = tmp_path / "bin" / "scratchnet"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nimport sys\nfrom pipeline.command.cli import main\nsys.exit(main())\n")
    command.chmod(0o755)
    [line] = re.findall(rf"^    (.*)# {shell}$", PAGE, re.MULTILINE)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "TERM": "xterm"}
    terminal = pexpect.spawn(
        shell, PLAIN[shell], env=environment, cwd=tmp_path, encoding="utf-8", timeout=120, dimensions=(40, 160)
    )
    terminal.sendline(line.strip())
    terminal.sendline("echo rea''dy")  # what is typed is echoed; what is printed is another word
    terminal.expect("ready")
    for typed, completed in (
        ("dataset=fashion_mnist_m", "dataset=fashion_mnist_mini"),
        ("optimizer.mom", "optimizer.momentum="),
    ):
        terminal.send(f"scratchnet {typed}\t")
        terminal.expect_exact(completed.removeprefix(typed))
        terminal.sendcontrol("u")
    terminal.close(force=True)
