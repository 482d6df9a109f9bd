"""Released versions of the template stay what they were."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localagent_templates.history import History, read_template, template_history
from small_template import FIRST, SECOND, history_of, write_template


def test_a_released_version_is_what_it_was(tmp_path: Path) -> None:
    history = history_of(tmp_path, FIRST, SECOND, current=SECOND)
    for version, files in (("1.0.0", FIRST), ("1.1.0", SECOND)):
        history.unpack(version, tmp_path / version)
        assert {path: content.decode() for path, (content, _) in read_template(tmp_path / version).items()} == files


def test_rights_are_kept(tmp_path: Path) -> None:
    history = history_of(tmp_path, current=FIRST)
    (history.current / "project" / "same.txt.jinja").chmod(0o775)
    history.release()
    history.unpack("1.0.0", tmp_path / "first")
    assert (tmp_path / "first" / "project" / "same.txt.jinja").stat().st_mode & 0o777 == 0o755


def test_versions_are_told_oldest_first(tmp_path: Path) -> None:
    def numbered(version: str) -> dict[str, str]:
        return {**FIRST, "copier.yml": FIRST["copier.yml"].replace("1.0.0", version)}

    history = history_of(tmp_path, *map(numbered, ("1.10.0", "1.9.0", "1.2.0")), current=numbered("2.0.0"))
    assert history.released() == ("1.2.0", "1.9.0", "1.10.0")
    assert history.newest == "2.0.0"


def test_before_the_first_release_there_is_no_archive(tmp_path: Path) -> None:
    history = history_of(tmp_path, current=FIRST)
    assert history.released() == ()
    assert history.holds_current() is None
    with pytest.raises(KeyError):
        history.unpack("1.0.0", tmp_path / "first")


def test_the_archive_depends_on_nothing_but_its_content(tmp_path: Path) -> None:
    one = history_of(tmp_path / "one", FIRST, SECOND, current=SECOND)
    other = history_of(tmp_path / "other", SECOND, current=FIRST)
    for path in other.current.rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file():
            path.chmod(0o600)
    other.release()
    assert other.archive.read_bytes() == one.archive.read_bytes()


def test_a_released_version_is_not_replaced_unless_nobody_has_it(tmp_path: Path) -> None:
    history = history_of(tmp_path, FIRST, current=FIRST)
    before = history.archive.read_bytes()
    history.release()
    assert history.archive.read_bytes() == before
    write_template({"project/same.txt.jinja": "changed\n"}, history.current)
    assert history.holds_current() is False
    with pytest.raises(ValueError, match=r"released as 1\.0\.0 already; raise template_version"):
        history.release()
    assert history.archive.read_bytes() == before
    assert history.release(again=True) == "1.0.0"
    assert history.holds_current()


def test_many_versions_take_little_room(tmp_path: Path) -> None:
    current = template_history().current
    history = History(current=tmp_path / "current", archive=tmp_path / "history.tar.xz")
    files = {path: content.decode() for path, (content, _) in read_template(current).items()}
    sizes: list[int] = []
    for number in range(3):
        changed = files["copier.yml"].replace('"1.0.0"', f'"1.{number}.0"')
        write_template({**files, "copier.yml": changed}, history.current)
        history.release()
        sizes.append(history.archive.stat().st_size)
    assert sizes[2] - sizes[0] < sizes[0] / 4


def test_the_released_template_was_not_changed_since() -> None:
    """If it was: raise ``template_version`` in copier.yml, then ``nox -s release_template`` when it is released."""
    assert template_history().holds_current() is not False


def test_the_templates_version_is_no_newer_than_the_toolkit() -> None:
    from packaging.version import Version

    from localagent.version import __version__

    assert Version(template_history().newest) <= Version(__version__)
