"""A change of environment and lock file happens whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.errors import ConfigError
from localagent.host import changes, environments, lock
from localagent.host.changes import Change
from localagent.services.home import Home

LINE = lock.Locked("1.0", source="demo", requested=True)._asdict()


@pytest.fixture
def begun(home: Path) -> Change:
    """A change that was written down, of a generation that is complete and not used yet."""
    generation = environments.next_generation(home)
    change = Change(generation, {"demo": LINE}, consents={"demo": {"enabled": True}})
    changes.begin(Home(home), change)
    environments.complete(generation)
    return change


def names(home: Path) -> set[str]:
    return {path.name for path in environments.host_folder(home).iterdir()}


def test_change_that_was_switched_is_finished_by_who_comes_next(home: Path, begun: Change) -> None:
    environments.switch(home, begun.generation)
    environments.enter(home)

    assert lock.installed(Home(home)) == {"demo": lock.Locked.read(LINE)}
    assert lock.read_lock(Home(home))["plugins"] == {"demo": {"enabled": True}}
    assert names(home) == {"1", "current", ".lock", ".holder"}


def test_change_that_was_not_switched_leaves_nothing(home: Path, begun: Change) -> None:
    environments.enter(home)

    assert lock.installed(Home(home)) == {}
    assert names(home) == {".lock", ".holder"}


def test_journal_that_cannot_be_read_is_removed(home: Path, begun: Change) -> None:
    journal = environments.host_folder(home) / environments.JOURNAL
    journal.write_text("{", encoding="utf-8")
    changes.recover(Home(home))

    assert not journal.exists()


def test_next_change_finishes_the_one_before_first(home: Path, begun: Change) -> None:
    environments.switch(home, begun.generation)
    with changes.exclusively(Home(home)):
        assert lock.installed(Home(home)) == {"demo": lock.Locked.read(LINE)}


@pytest.mark.parametrize(
    "text", ['{"plugins": {}, "installed": []}', '{"plugins": {}, "links": [1]}', "[]", '{"plugins": {"a": 1}}', "{"]
)
def test_damaged_lock_file_is_told_with_the_way_out(home: Path, text: str) -> None:
    owner = Home(home)
    home.mkdir()
    owner.lock_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="damaged") as caught:
        lock.installed(owner)
    assert caught.value.fix is not None
    assert caught.value.fix.startswith("mv ")


def test_links_come_and_go_beside_the_rest(home: Path, tmp_path: Path) -> None:
    owner = Home(home)
    for folder in (tmp_path / "b", tmp_path / "a", tmp_path / "b"):
        lock.link(owner, folder)
    assert lock.links(owner) == (tmp_path / "a", tmp_path / "b")
    lock.unlink(owner, tmp_path / "b")
    assert lock.links(owner) == (tmp_path / "a",)
