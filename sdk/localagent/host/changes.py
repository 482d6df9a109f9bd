"""Changes of the plugin environment together with the lock file: whatever is killed, both happen or neither.

What the lock file gets is written down before the pointer is switched. The switch decides: who comes next finishes the
change where it was reached, and removes every trace where it was not.
"""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.host import environments
from localagent.manifest.plain import is_mapping

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from localagent.services.home import Home

    Lines = Mapping[str, Mapping[str, Any]]


class Change(NamedTuple):
    """What the lock file gets once a generation is in use.

    Attributes:
        generation: the folder that the pointer will name.
        put: lines of distributions that are new or other ones.
        drop: distributions that are gone.
        consents: lines of plugins that may run from now on.
        forget: plugins whose consent goes with them.
        previous: the generation that stays besides, to roll back to.
        last: whether nothing is left in the generation, so that it goes, too.
    """

    generation: Path
    put: Lines = MappingProxyType({})
    drop: tuple[str, ...] = ()
    consents: Lines = MappingProxyType({})
    forget: tuple[str, ...] = ()
    previous: Path | None = None
    last: bool = False


@contextlib.contextmanager
def exclusively(home: Home) -> Generator[None]:
    """Keep every other process from changing this host's environments; first finishes what was interrupted.

    Raises:
        SystemProblem: as `environments.exclusively`.
    """
    with environments.exclusively(home.path):
        finish(home)
        yield


def recover(home: Home) -> None:
    """Finish or undo what a killed process left; fit for every start, since it looks at names where nothing is left."""
    if _journal(home).exists():
        with environments.holding_if_free(home.path) as held:
            if held:
                finish(home)
    environments.sweep(home.path)


def begin(home: Home, change: Change) -> None:
    """Write down what `finish` will do; the caller holds the lock.

    Raises:
        SystemProblem: it cannot be written.
    """
    from localagent.services.files import write_json

    previous = change.previous.name if change.previous else ""
    texts = {"generation": change.generation.name, "previous": previous}
    lines = {"put": dict(change.put), "consents": dict(change.consents)}
    write_json(_journal(home), {**change._asdict(), **texts, **lines})


def finish(home: Home) -> None:
    """Do what was written down if its generation is in use, else remove that; the caller holds the lock.

    Raises:
        ConfigError: the lock file is damaged.
        SystemProblem: it cannot be written; the next process tries again.
    """
    import shutil

    from localagent.services.files import read_json

    journal = _journal(home)
    try:
        noted: dict[str, Any] | None = read_json(journal, default=None)
    except ValueError:  # never whole, so nothing was switched
        noted = {}
    if noted is None:
        return
    generation = environments.host_folder(home.path) / str(noted.get("generation", ""))
    if environments.current_environment(home.path) == generation:
        _write_lock(home, noted)
        if noted.get("last"):
            environments.pointer_file(home.path).unlink(missing_ok=True)
            environments.discard_others(home.path, set())
        else:
            previous = generation.with_name(str(noted.get("previous") or generation.name))
            environments.discard_others(home.path, {generation, previous})
    elif generation.name.isdecimal():
        shutil.rmtree(generation, ignore_errors=True)
    journal.unlink(missing_ok=True)


def _write_lock(home: Home, noted: Mapping[str, Any]) -> None:
    from localagent.host.lock import change_installed, change_lock

    def change(lock: dict[str, Any]) -> None:
        change_installed(lock, noted["put"], tuple(noted["drop"]))
        plugins = {**lock["plugins"], **noted["consents"]}
        lock["plugins"] = {name: line for name, line in plugins.items() if name not in noted["forget"]}

    if is_mapping(noted.get("put")):
        change_lock(home, change)


def _journal(home: Home) -> Path:
    return environments.host_folder(home.path) / environments.JOURNAL
