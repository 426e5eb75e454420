"""The pin files install anywhere, nothing names a machine, and THIRD_PARTY.md covers what is pinned."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINS = ["requirements.txt", "requirements-dev.txt", "requirements-outsiders.txt", "constraints.txt"]
# Spelled in pieces, so that this file does not find itself.
MACHINE = re.compile(
    "|".join(
        ["\\+" + "cpu", "fi" + "le:/", "/ro" + "ot/", "/tm" + "p/w", "/wo" + "rk/", "\\.\\./sha" + "red"]
    )
)


def pinned(name: str) -> dict[str, str]:
    """Package name (lower case, dashes) to version."""
    out = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            match = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[[a-z-]+\])?==([0-9][0-9A-Za-z.]*)", line)
            assert match, f"{name}: {line!r} is not an exact version without label or hash"
            out[match[1].lower().replace("_", "-")] = match[2]
    return out


@pytest.mark.parametrize("name", PINS)
def test_pins_are_exact_and_without_local_labels(name: str) -> None:
    assert pinned(name)


def test_the_closure_holds_the_direct_pins() -> None:
    closure = pinned("constraints.txt")
    direct = pinned("requirements.txt") | pinned("requirements-dev.txt")
    assert {name: closure.get(name) for name in direct} == direct


def test_what_is_installed_is_what_is_pinned() -> None:
    for name, wanted in pinned("requirements.txt").items():
        try:
            assert version(name).split("+")[0] == wanted, name
        except PackageNotFoundError:
            pytest.fail(f"{name} is pinned and not installed; run make setup")


def test_tracked_files_name_no_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            text = path.read_bytes().decode("utf-8", errors="ignore")
            found += [f"{name}: {match[0]}" for match in MACHINE.finditer(text)]
    assert not found


def test_third_party_covers_the_direct_pins() -> None:
    page = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    named = {
        row.lower().replace("_", "-") for row in re.findall(r"^\| ([A-Za-z0-9_.-]+) \|", page, re.MULTILINE)
    }
    wanted = {n for name in PINS[:3] for n in pinned(name)}
    assert named - {"package", "---"} == wanted
