"""``dev build`` as its user sees it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from localagent_cli.building import listing
from plain import Run

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def notes(work: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / "notes", work / "notes", ignore=shutil.ignore_patterns("__pycache__")))


def test_build_shows_what_the_archives_hold(localagent: Run, notes: Path) -> None:
    done = localagent("dev", "build", "notes", "--strict")
    assert done.code == 0, done.text
    lines = done.out.splitlines()
    assert [line.split("  ")[0] for line in lines if not line.startswith(" ")] == [
        "notes/dist/localagent_notes-1.0.0.tar.gz",
        "notes/dist/localagent_notes-1.0.0-py3-none-any.whl",
    ]
    assert any(line.split()[:1] == ["plugin-manifest.yaml"] and line.endswith(" B") for line in lines)
    assert "next: localagent plugins install notes/dist/localagent_notes-1.0.0-py3-none-any.whl" in done.err


def test_build_as_json_has_sizes_and_hashes(localagent: Run, notes: Path) -> None:
    told = json.loads(localagent("dev", "build", "notes", "--json").out)
    again = json.loads(localagent("dev", "build", "notes", "--json").out)
    assert [each["sha256"] for each in told["archives"]] == [each["sha256"] for each in again["archives"]]
    assert all(each["size"] == Path(each["file"]).stat().st_size for each in told["archives"])
    assert {"path": "notes/py.typed", "size": 0} in told["archives"][1]["contents"]


def test_build_tells_every_finding_and_delivers_nothing(localagent: Run, notes: Path) -> None:
    pyproject = notes / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(text.replace('"*.yaml", ', "").replace("notes.plugin:", "notes.plugins:"), encoding="utf-8")
    (notes / ".env").write_text("KEY=k\n", encoding="utf-8")
    (notes / "MANIFEST.in").write_text("include .env\n", encoding="utf-8")
    done = localagent("dev", "build", "notes")

    assert done.code == 1
    assert "error[LA515] localagent_notes-1.0.0.tar.gz/.env: '.env' is a file for secrets" in done.out
    assert "error[LA503] notes/pyproject.toml:20: plugin-manifest.yaml is not in notes" in done.out
    assert "error[LA504] notes/pyproject.toml:20: entry point 'notes' names the module 'notes.plugins'" in done.out
    assert "no archive was delivered" in done.err
    assert not (notes / "dist").exists()


def test_long_archives_are_cut() -> None:
    lines = list(listing("demo.whl", 5_000_000, {f"demo/{number:03}.txt": 1500 for number in range(100)}))
    assert lines[0] == "demo.whl  5.0 MB, 100 files"
    assert lines[1:3] == ["  demo/", "    000.txt     1.5 kB"]
    assert len(lines) == 62
    assert lines[-1].endswith("lists all 100")
