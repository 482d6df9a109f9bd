"""Whether a path leads to where a plugin may go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localagent import RefusedError, path_within


@pytest.fixture
def notes(work: Path) -> Path:
    folder = work / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").touch()
    (work / "secret.md").touch()
    (folder / "out").symlink_to(work / "secret.md")
    (folder / "up").symlink_to("..")
    (folder / "in").symlink_to("deep")
    (folder / "loop").symlink_to("loop")
    return folder


@pytest.mark.parametrize("named", ["notes", "notes/a.md", "notes/new/b.md", "notes/deep/../a.md", "notes/in/c.md"])
def test_a_path_below_the_folder_is_allowed(notes: Path, named: str) -> None:
    real = path_within(named, [notes])
    assert real.is_absolute()
    assert real == Path(named).resolve()


@pytest.mark.parametrize(
    "named", ["secret.md", "notes/../secret.md", "notes/out", "notes/up/secret.md", "/etc/passwd", "notes2", "~"]
)
def test_a_path_that_leads_elsewhere_is_refused(notes: Path, named: str) -> None:
    with pytest.raises(RefusedError, match="which is not below: /"):
        path_within(named, [notes])


def test_what_is_no_path_is_refused(notes: Path) -> None:
    with pytest.raises(RefusedError, match="is no path"):
        path_within("notes/\0", [notes])


def test_a_loop_of_links_hides_no_way_out(notes: Path) -> None:
    with pytest.raises(RefusedError):
        path_within("notes/loop/../up/secret.md", [notes])


def test_folders_are_spelt_as_in_a_manifest(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(notes.parent))
    for spelt in ("~/notes", "notes/*", "./notes/**", notes):
        assert path_within("notes/a.md", ["/nowhere", spelt]) == notes / "a.md"


def test_without_folders_everything_is_refused(notes: Path) -> None:
    with pytest.raises(RefusedError, match="nowhere"):
        path_within("notes/a.md", [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(["..", ".", "notes", "deep", "in", "up", "out", "loop", "x"]), max_size=8))
def test_what_is_allowed_is_below_the_folder(notes: Path, parts: list[str]) -> None:
    try:
        real = path_within(Path(*parts), [notes])
    except RefusedError:
        return
    assert real == notes or notes in real.parents
    assert Path(os.path.realpath(real)) == real
