"""What can be wrong with a host and its surroundings, found without running any plugin."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from dataclasses import dataclass, replace
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from localagent.errors import ConfigError, ManifestError
from localagent.host import environments
from localagent.host.index import import_path
from localagent.host.records import read_records
from localagent.host.schemas import schema_of
from localagent.host.spec import State
from localagent.host.traffic import read_traffic, told
from localagent.services.redacting import lines_with_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localagent.host.situation import Situation
    from localagent.host.survey import Survey


_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Of setuptools, what it needs itself, and projects that are installed to be edited; of virtualenv, and of coverage.
_USUAL_STARTUP_FILES = ("__editable__", "_virtualenv", "distutils-precedence", "a1_coverage")
_ENTRY_POINT_RULES = ("LA204", "LA205")
_SLOW = 0.2
"""Seconds that an import takes before somebody wonders."""


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
        rule: the id of the rule that it is held against; empty for a plain fact.
    """

    what: str
    verdict: Verdict
    detail: str
    fix: str = ""
    rule: str = ""


class Examined(NamedTuple):
    """A host that is looked at.

    Attributes:
        situation: what its runs start from.
        picture: what is known of all plugins.
    """

    situation: Situation
    picture: Survey


def examine(situation: Situation, picture: Survey) -> list[Check]:
    """Look at interpreter, home, configuration, environment, index, distributions, plugins and their messages."""
    examined = Examined(situation, picture)
    facts = [Check("interpreter", Verdict.FINE, f"Python {platform.python_version()} at {sys.executable}")]
    return facts + [replace(check, rule=rule) for rule, look in LOOKS.items() for check in look(examined)]


def _home(examined: Examined) -> Iterator[Check]:
    home = examined.situation.home.path
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not nearest.is_dir():
        fix = "localagent --home DIR ..., or set LOCALAGENT_HOME"
        yield Check("home", Verdict.WRONG, f"{nearest} is no folder", fix)
    elif not os.access(nearest, os.W_OK | os.X_OK):
        yield Check("home", Verdict.WRONG, f"{nearest} cannot be written to", f"chmod u+rwx {nearest}")
    else:
        yield Check("home", Verdict.FINE, str(home) if home.exists() else f"{home} (made when first needed)")


def _configuration(examined: Examined) -> Iterator[Check]:
    problem, file = examined.picture.problem, examined.situation.home.config_file
    if problem is None:
        yield Check("configuration", Verdict.FINE, str(file) if file.exists() else "none; defaults apply")
        return
    fix = problem.fix or f"edit {problem.place}"
    yield Check("configuration", Verdict.WRONG, f"{problem.place}: {problem.message}", fix)


def _readable_secrets(examined: Examined) -> Iterator[Check]:
    """Settings files that hold secrets themselves, not as references, and that others may read."""
    for file in sorted(examined.situation.home.path.glob("*.yaml")):
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


def _environment(examined: Examined) -> Iterator[Check]:
    folder, problem = environments.read_pointer(examined.situation.home.path)
    if problem:
        yield Check("plugin environment", Verdict.WRONG, problem, "localagent plugins install SOURCE")
    else:
        yield Check("plugin environment", Verdict.FINE, str(folder) if folder else "none; nothing was installed yet")


def _index(examined: Examined) -> Iterator[Check]:
    home = examined.situation.home
    unknown = [plugin.name for plugin in examined.picture.plugins.values() if plugin.is_unknown]
    detail = f"{len(read_records(home))} plugins were looked at before ({home.records_file})"
    if unknown:
        yield Check("index", Verdict.NOTE, f"{detail}; not yet: {', '.join(unknown)}", "localagent --help")
    else:
        yield Check("index", Verdict.FINE, detail)


def _distributions(examined: Examined) -> Iterator[Check]:
    for unreadable in examined.picture.unreadable:
        place = f"{unreadable.file}:{unreadable.line}" if unreadable.line else str(unreadable.file)
        name = unreadable.file.parent.name.partition("-")[0]
        yield Check(
            "distribution",
            Verdict.WRONG,
            f"{place}: {unreadable.reason}; it is left out",
            f"python -m pip install --force-reinstall {name}",
        )


def _plugins(examined: Examined) -> Iterator[Check]:
    """Plugins that are enabled, and those that would be if they did not fail."""
    for plugin in examined.picture.plugins.values():
        verdict, what = plugin.verdict, f"plugin {plugin.name}"
        if verdict.state in (State.FAILED, State.QUARANTINED):
            where = f"{verdict.where}: " if verdict.where else ""
            fix = verdict.fix or f"localagent plugins disable {plugin.name}"
            yield Check(what, Verdict.WRONG, f"{where}{verdict.reason}", fix)
        elif verdict.state is State.ENABLED:
            yield Check(what, Verdict.FINE, f"enabled, {plugin.spec.source}")


def _passed_over(examined: Examined) -> Iterator[Check]:
    """Plugins that another one of their name hides, or that nobody trusts."""
    picture = examined.picture
    for plugin in (*picture.plugins.values(), *picture.shadowed):
        verdict = plugin.verdict
        if verdict.state in (State.SHADOWED, State.UNTRUSTED):
            detail = f"{verdict.state.value}: {verdict.reason}"
            yield Check(f"plugin {plugin.name}", Verdict.NOTE, detail, verdict.fix)


def _slow_imports(examined: Examined) -> Iterator[Check]:
    """Enabled plugins whose import took long when it was seen in a preflight."""
    for plugin in examined.picture.plugins.values():
        seconds = plugin.record.seconds if plugin.record is not None else 0.0
        if plugin.verdict.state is State.ENABLED and seconds > _SLOW:
            detail = f"its import takes {seconds * 1000:.0f} ms, whenever one of its commands is used"
            fix = f"import what is heavy inside functions; localagent plugins disable {plugin.name} leaves it out"
            yield Check(f"import of {plugin.name}", Verdict.NOTE, detail, fix)


def _startup_files(_examined: Examined) -> Iterator[Check]:
    """Files that run code in every Python process of this environment, ours included."""
    for folder in dict.fromkeys(path for path in sys.path if path.endswith("site-packages")):
        for file in sorted(Path(folder).glob("*.pth")):
            if file.name.startswith(_USUAL_STARTUP_FILES):
                continue
            try:
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                # What cannot be read is not run either.
                continue
            if any(line.startswith(("import ", "import\t")) for line in lines):
                owner = _owner_of(file)
                detail = f"{file}{f' of {owner}' if owner else ''} runs code whenever Python starts"
                fix = f"python -m pip uninstall {owner}" if owner else f"rm {file}"
                yield Check("start of Python", Verdict.NOTE, detail, f"{fix}   (if you do not need it)")


def _owner_of(file: Path) -> str:
    """The distribution that a file beside its metadata belongs to; empty where none says so."""
    for info in sorted(file.parent.glob("*.dist-info")):
        try:
            lines = (info / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        if any(line.startswith(f"{file.name},") for line in lines):
            return info.name.partition("-")[0]
    return ""


def _installers(_examined: Examined) -> Iterator[Check]:
    """What installs plugins: pip in this environment, uv, or the pip that comes with Python."""
    found = [name for name in ("pip", "ensurepip") if find_spec(name) is not None]
    found += ["uv"] if shutil.which("uv") else []
    if found:
        yield Check("installer", Verdict.FINE, ", ".join(found))
    else:
        yield Check("installer", Verdict.WRONG, "neither pip nor uv is there", "python -m ensurepip")


def _needed(examined: Examined) -> Iterator[Check]:
    """What the distributions of enabled plugins need and do not have, or have in another version."""
    from localagent.host.needed_distributions import requirements_of, unmet

    path, environment = _installed_path(examined.situation)
    for distribution, names in _enabled_distributions(examined.picture).items():
        is_ours = environment is not None and bool(requirements_of(distribution, [str(environment)]))
        for each in unmet(requirements_of(distribution, path), path):
            wanted = each.needed.replace(" ", "")
            fix = "localagent plugins sync" if is_ours else f"python -m pip install '{wanted}'"
            yield Check(f"requirements of {', '.join(names)}", Verdict.WRONG, str(each), fix)


def _installed_path(situation: Situation) -> tuple[list[str], Path | None]:
    """The folders in which distributions are looked for, and the one of them that is LocalAgent's own."""
    environment = environments.current_environment(situation.home.path)
    path = import_path(str(situation.home.path), str(situation.current))
    return ([*path, str(environment)] if environment else path), environment


def _enabled_distributions(picture: Survey) -> dict[str, list[str]]:
    """The plugins that are enabled, by the distribution that brings them."""
    found: dict[str, list[str]] = {}
    for plugin in picture.plugins.values():
        if plugin.verdict.state is State.ENABLED and plugin.spec.source.distribution:
            found.setdefault(plugin.spec.source.distribution, []).append(plugin.name)
    return found


def _entry_points(examined: Examined) -> Iterator[Check]:
    """Entry points of plugins and their manifests, where one names what the other does not."""
    from localagent.diagnostics.choosing import Choice
    from localagent.diagnostics.validation import validate_path

    choice = Choice(select=_ENTRY_POINT_RULES)
    roots = {plugin.spec.source.root for plugin in examined.picture.plugins.values() if plugin.spec.manifest_file}
    for root in sorted(root for root in roots if root.is_dir()):
        for diagnostic in validate_path(root, choice=choice).diagnostics:
            if diagnostic.rule in _ENTRY_POINT_RULES:
                detail = f"{diagnostic.where}: {diagnostic.message}"
                yield Check(f"entry points of {root.name}", Verdict.NOTE, detail, f"localagent dev validate {root}")


def _settings(examined: Examined) -> Iterator[Check]:
    """Settings of enabled plugins that do not fit their schemas, with which the plugins would not start."""
    situation = examined.situation
    for plugin in examined.picture.plugins.values():
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


def _conflicts(examined: Examined) -> Iterator[Check]:
    for conflict in examined.picture.commands().conflicts:
        yield Check(
            f"command {conflict.name}",
            Verdict.NOTE,
            f"{conflict.loser} wants it too, it belongs to {conflict.winner}",
            f"localagent {conflict.loser}:{conflict.name}",
        )


def _messages(examined: Examined) -> Iterator[Check]:
    """The messages of each plugin's last run that had any; worth a look where some were lost."""
    for name, traffic in sorted(read_traffic(examined.situation.home).items()):
        last = traffic.last
        is_lossy = last.failed or last.timed_out or last.dropped or last.late
        yield Check(
            f"messages of {name}",
            Verdict.NOTE if is_lossy else Verdict.FINE,
            f"last run: {told(last)}",
            f"localagent plugins info {name}" if is_lossy else "",
        )


LOOKS: dict[str, Callable[[Examined], Iterator[Check]]] = {
    "LA701": _home,
    "LA702": _configuration,
    "LA703": _readable_secrets,
    "LA704": _environment,
    "LA705": _index,
    "LA706": _distributions,
    "LA707": _plugins,
    "LA708": _passed_over,
    "LA709": _settings,
    "LA710": _conflicts,
    "LA711": _messages,
    "LA712": _slow_imports,
    "LA713": _startup_files,
    "LA714": _installers,
    "LA715": _needed,
    "LA716": _entry_points,
}
"""What looks for breaches of each rule, in the order in which they are told."""
