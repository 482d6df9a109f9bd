"""What can be wrong with a host and its surroundings, found without running any plugin."""

from __future__ import annotations

import os
import platform
import stat
import sys
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from localagent.errors import ConfigError, ManifestError
from localagent.host import environments
from localagent.host.records import read_records
from localagent.host.schemas import schema_of
from localagent.host.spec import State
from localagent.host.traffic import read_traffic, told
from localagent.services.redacting import lines_with_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.host.situation import Situation
    from localagent.host.survey import Survey


_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Verdict(Enum):
    """How a check ended."""

    FINE = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: the thing.
        verdict: how it stands.
        detail: what was seen.
        fix: the command that mends it; empty where nothing is to be mended.
    """

    what: str
    verdict: Verdict
    detail: str
    fix: str = ""


def examine(situation: Situation, picture: Survey) -> list[Check]:
    """Look at interpreter, home, configuration, environment, index, distributions, plugins and their messages."""
    return [
        Check("interpreter", Verdict.FINE, f"Python {platform.python_version()} at {sys.executable}"),
        _home(situation),
        _configuration(situation, picture),
        *_readable_secrets(situation),
        _environment(situation),
        _index(situation, picture),
        *_distributions(picture),
        *_plugins(picture),
        *_settings(situation, picture),
        *_conflicts(picture),
        *_messages(situation),
    ]


def _home(situation: Situation) -> Check:
    home = situation.home.path
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not nearest.is_dir():
        return Check(
            "home", Verdict.WRONG, f"{nearest} is no folder", "localagent --home DIR ..., or set LOCALAGENT_HOME"
        )
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Check("home", Verdict.WRONG, f"{nearest} cannot be written to", f"chmod u+rwx {nearest}")
    return Check("home", Verdict.FINE, str(home) if home.exists() else f"{home} (made when first needed)")


def _configuration(situation: Situation, picture: Survey) -> Check:
    if picture.problem is None:
        file = situation.home.config_file
        return Check("configuration", Verdict.FINE, str(file) if file.exists() else "none; defaults apply")
    problem = picture.problem
    return Check(
        "configuration", Verdict.WRONG, f"{problem.place}: {problem.message}", problem.fix or f"edit {problem.place}"
    )


def _readable_secrets(situation: Situation) -> Iterator[Check]:
    """Settings files that hold secrets themselves, not as references, and that others may read."""
    for file in sorted(situation.home.path.glob("*.yaml")):
        try:
            is_open = bool(file.stat().st_mode & _OTHERS)
            holds_secrets = is_open and any(lines_with_secrets(file.read_text(encoding="utf-8", errors="replace")))
        except OSError:
            # What cannot be read is told where it is needed.
            continue
        if holds_secrets:
            yield Check(
                f"settings {file.name}",
                Verdict.NOTE,
                "others may read it, and it holds secrets; ${env:NAME} in their place is safer",
                f"chmod 600 {file}",
            )


def _environment(situation: Situation) -> Check:
    folder, problem = environments.read_pointer(situation.home.path)
    if problem:
        return Check("plugin environment", Verdict.WRONG, problem, "localagent plugins install SOURCE")
    return Check("plugin environment", Verdict.FINE, str(folder) if folder else "none; nothing was installed yet")


def _index(situation: Situation, picture: Survey) -> Check:
    kept = len(read_records(situation.home))
    unknown = [plugin.name for plugin in picture.plugins.values() if plugin.is_unknown]
    detail = f"{kept} plugins were looked at before ({situation.home.records_file})"
    if unknown:
        return Check("index", Verdict.NOTE, f"{detail}; not yet: {', '.join(unknown)}", "localagent --help")
    return Check("index", Verdict.FINE, detail)


def _distributions(picture: Survey) -> Iterator[Check]:
    for unreadable in picture.unreadable:
        place = f"{unreadable.file}:{unreadable.line}" if unreadable.line else str(unreadable.file)
        name = unreadable.file.parent.name.partition("-")[0]
        yield Check(
            "distribution",
            Verdict.WRONG,
            f"{place}: {unreadable.reason}; it is left out",
            f"python -m pip install --force-reinstall {name}",
        )


def _plugins(picture: Survey) -> Iterator[Check]:
    for plugin in (*picture.plugins.values(), *picture.shadowed):
        verdict = plugin.verdict
        what = f"plugin {plugin.name}"
        if verdict.state in (State.FAILED, State.QUARANTINED):
            where = f"{verdict.where}: " if verdict.where else ""
            yield Check(
                what,
                Verdict.WRONG,
                f"{where}{verdict.reason}",
                verdict.fix or f"localagent plugins disable {plugin.name}",
            )
        elif verdict.state in (State.SHADOWED, State.UNTRUSTED):
            yield Check(what, Verdict.NOTE, f"{verdict.state.value}: {verdict.reason}", verdict.fix)
        elif verdict.state is State.ENABLED:
            yield Check(what, Verdict.FINE, f"enabled, {plugin.spec.source}")


def _settings(situation: Situation, picture: Survey) -> Iterator[Check]:
    """Settings of enabled plugins that do not fit their schemas, with which the plugins would not start."""
    for plugin in picture.plugins.values():
        if plugin.verdict.state is not State.ENABLED:
            continue
        try:
            situation.settings.declare_schema(plugin.name, schema_of(plugin))
            problem = situation.settings.judge(plugin.name).problem
        except (ConfigError, ManifestError) as error:
            problem = error
        if problem is not None:
            where = f"{problem.place}: " if problem.file else ""
            fix = problem.fix or f"localagent config show {plugin.name} --origin"
            yield Check(f"settings of {plugin.name}", Verdict.WRONG, f"{where}{problem.message}", fix)


def _conflicts(picture: Survey) -> Iterator[Check]:
    for conflict in picture.commands().conflicts:
        yield Check(
            f"command {conflict.name}",
            Verdict.NOTE,
            f"{conflict.loser} wants it too, it belongs to {conflict.winner}",
            f"localagent {conflict.loser}:{conflict.name}",
        )


def _messages(situation: Situation) -> Iterator[Check]:
    """The messages of each plugin's last run that had any; worth a look where some were lost."""
    for name, traffic in sorted(read_traffic(situation.home).items()):
        last = traffic.last
        is_lossy = last.failed or last.timed_out or last.dropped or last.late
        yield Check(
            f"messages of {name}",
            Verdict.NOTE if is_lossy else Verdict.FINE,
            f"last run: {told(last)}",
            f"localagent plugins info {name}" if is_lossy else "",
        )
