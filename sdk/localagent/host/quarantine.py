"""Plugins that are kept out since a process died in their code, until their files change or they are enabled again.

What a death says depends on the step. The host's own steps are short, and a process that dies there is the plugin's
doing. A command or an agent may run for hours, and whoever kills one on purpose says nothing against its plugin: there
only a crash that faulthandler saw and a call of ``os._exit`` count at once, anything else when it has happened twice
with no good end in between. A machine that was shut down says nothing at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import SystemProblem
from localagent.host.journal import deaths
from localagent.services.files import exclusively, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.host.journal import Death
    from localagent.services.home import Home


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a plugin is kept out, or is on its way there.

    Attributes:
        step: what the process that died was doing.
        fingerprint: of the plugin's files then.
        when: local time, ``YYYY-MM-DD hh:mm:ss``.
        how: how the process ended, as far as known.
        where: ``file:line`` of its last moment, empty if unknown.
        deaths: how often it happened without a good end in between.
        is_in_force: whether the plugin is kept out.
    """

    step: str
    fingerprint: str
    when: str
    how: str
    where: str = ""
    deaths: int = 1
    is_in_force: bool = True

    @property
    def reason(self) -> str:
        """The cause in one sentence."""
        again = f", {self.deaths} times in a row" if self.deaths > 1 else ""
        return f"{self.how} in its step '{self.step}'{again}, last on {self.when}"


def read_quarantines(home: Home) -> dict[str, Quarantine]:
    """All that is kept, by plugin name; a damaged file counts as empty, since a next death would fill it again."""
    try:
        kept = read_json(home.quarantine_file, default={})
        return {name: Quarantine(**entry) for name, entry in kept.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


_LONG_STEPS = ("command", "execute")
"""Steps in which somebody may be tired of waiting, and the next run of a workflow goes on from there."""


def look_for_deaths(home: Home) -> dict[str, Quarantine]:
    """All quarantines, with those that follow from processes that died since the last look; these are said aloud."""
    found = deaths(home.journal)
    news = [death for death in found if not _lies_before_the_start_of_the_machine(death)]
    if not news:
        return read_quarantines(home)

    def add(kept: dict[str, Quarantine]) -> None:
        for death in news:
            kept[death.plugin] = judge_death(death, kept.get(death.plugin))

    try:
        kept = _change(home, add)
    except SystemProblem:
        # It cannot be kept, but this run knows it.
        kept = read_quarantines(home)
        add(kept)
    _tell({death.plugin: kept[death.plugin] for death in news})
    return kept


def _tell(concerned: Mapping[str, Quarantine]) -> None:
    import logging

    for name, quarantine in concerned.items():
        if quarantine.is_in_force:
            logging.getLogger("localagent.host").warning("the plugin '%s' is quarantined: %s", name, quarantine.reason)


def judge_death(death: Death, earlier: Quarantine | None) -> Quarantine:
    """What follows from one death, given what was known."""
    again = earlier is not None and earlier.fingerprint == death.fingerprint and earlier.step == death.step
    times = earlier.deaths + 1 if earlier is not None and again else 1
    return Quarantine(
        step=death.step,
        fingerprint=death.fingerprint,
        when=time.strftime("%Y-%m-%d %H:%M:%S"),
        how=_how(death),
        where=death.place or _place_of_crash(death),
        deaths=times,
        is_in_force=death.step not in _LONG_STEPS or bool(death.crash or death.note) or times > 1,
    )


def lift(home: Home, name: str) -> None:
    """Forget all that speaks against a plugin, as enabling it does."""
    if name in read_quarantines(home):
        _change(home, lambda kept: kept.pop(name, None))


def forgive(home: Home, name: str) -> None:
    """Forget the single death of a plugin one of whose commands has now come to its end, good or bad."""
    kept = read_quarantines(home).get(name)
    if kept is not None and not kept.is_in_force:
        # Where this cannot be written, the death could not be either.
        with contextlib.suppress(SystemProblem):
            _change(home, lambda kept: kept.pop(name, None))


def _change(home: Home, change: Callable[[dict[str, Quarantine]], object]) -> dict[str, Quarantine]:
    with exclusively(home.quarantine_file):
        kept = read_quarantines(home)
        change(kept)
        write_json(home.quarantine_file, _to_json(kept))
    return kept


def _to_json(kept: Mapping[str, Quarantine]) -> dict[str, Any]:
    return {name: dataclasses.asdict(each) for name, each in kept.items()}


def _how(death: Death) -> str:
    if death.note:
        return death.note
    if death.crash:
        return f"the process crashed ({death.crash.partition(chr(10))[0].removeprefix('Fatal Python error: ')})"
    return "the process ended without a word"


def _place_of_crash(death: Death) -> str:
    """``file:line`` of the plugin's innermost frame in faulthandler's report, or of the very innermost."""
    from localagent.host.places import NOWHERE, frames_in, own_line

    frames = frames_in(death.crash)
    file, line = own_line(frames, Path(death.root) if death.root else None)
    file, line = (file, line) if file else next(iter(frames), NOWHERE)
    return f"{file}:{line}" if file else ""


def _lies_before_the_start_of_the_machine(death: Death) -> bool:
    import psutil

    return death.started < psutil.boot_time()
