"""`make setup` says in one line what is missing and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ["bash", "cat", "cksum", "dirname", "rm", "touch", "grep", "make", "env"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what setup reads, without an environment, and a PATH folder with the plainest tools only."""
    for name in ["Makefile", "constraints.txt", *(p.name for p in ROOT.glob("requirements*.txt"))]:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/setup.sh", tmp_path / "tools")
    (tmp_path / "path").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (tmp_path / "path" / tool).symlink_to(found)
    return tmp_path


def python(folder: Path, name: str, body: str) -> None:
    script = folder / "path" / name
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)


def setup(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("CC", "PYTHON", "MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", "setup"],
        cwd=folder,
        env=clean | {"PATH": str(folder / "path")} | env,
        capture_output=True,
        text=True,
        timeout=60,
    )


def said(run: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines on stderr besides make's own; stdout must be empty, as it belongs to the chat."""
    assert run.returncode
    assert run.stdout == ""
    return [line for line in run.stderr.splitlines() if not line.startswith("make")]


def test_piped_chat_has_only_the_chat_on_stdout(checkout: Path) -> None:
    (checkout / ".venv/bin").mkdir(parents=True)
    python(checkout, "../.venv/bin/python", f'exec {sys.executable} "$@"')
    pins = "requirements.txt requirements-dev.txt requirements-outsiders.txt constraints.txt tools/setup.sh"
    stamp = subprocess.run(
        f"cat {pins} | cksum", shell=True, cwd=checkout, capture_output=True, check=True
    ).stdout
    (checkout / ".venv/stamp").write_bytes(stamp)
    lines = ["import sys", "if sys.argv[1] == 'setup':", "    print('unpacking')"]
    lines += ["else:", "    print('答:' + sys.stdin.read())"]
    (checkout / "bot.py").write_text("\n".join(lines), encoding="utf-8")
    command = ["make", "chat"]
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")} | {"PYTHONUTF8": "1"}
    for unpacked in ("unpacking\n", ""):
        run = subprocess.run(
            command, cwd=checkout, env=env, input="你好", capture_output=True, encoding="utf-8", timeout=60
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout == "答:你好\n"
        assert run.stderr == unpacked


def test_without_python(checkout: Path) -> None:
    (line,) = said(setup(checkout))
    assert "no Python >=3.11,<3.14" in line
    assert "apt-get install python3.11" in line


def test_a_shim_that_fails_is_passed_over(checkout: Path) -> None:
    python(checkout, "python3.11", "exit 127")
    (line,) = said(setup(checkout))
    assert "no Python" in line


def test_a_chosen_python_out_of_range(checkout: Path) -> None:
    python(checkout, "old", "exit 1")
    (line,) = said(setup(checkout, PYTHON="old"))
    assert "PYTHON=old" in line


def test_without_a_compiler(checkout: Path) -> None:
    python(checkout, "python3.11", f'exec {sys.executable} "$@"')
    (line,) = said(setup(checkout))
    assert "gcc" in line
    assert "apt-get install gcc" in line


def test_without_the_venv_module(checkout: Path) -> None:
    python(checkout, "python3.11", f'case "$2" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"')
    (line,) = said(setup(checkout))
    assert "venv" in line
    assert "-venv" in line


def test_without_headers(checkout: Path) -> None:
    python(checkout, "gcc", "exit 0")
    python(
        checkout,
        "python3.11",
        f'case "$2" in *Python.h*) echo /nowhere/Python.h; exit;; esac; exec {sys.executable} "$@"',
    )
    (line,) = said(setup(checkout))
    assert "Python.h" in line
    assert "-dev" in line
