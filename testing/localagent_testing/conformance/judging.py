"""What the rules of all kinds share: when a plugin cannot be judged, and where a finding belongs."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.diagnostic import Place
from localagent.errors import PluginFailed, PluginNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from localagent.diagnostics.rule import Finding
    from localagent.host.spec import PluginSpec
    from localagent_testing.conformance.life import Life

LOADS, NAME, INITIALISES, REGISTERS = "LA601", "LA602", "LA603", "LA604"
"""The rules that a plugin breaks which does not come so far as to be ready."""

_RULE_OF_STEP = {"import": LOADS, "construct": LOADS, "name": NAME, "register": REGISTERS}
"""The rule that a failure at a step breaks; all other steps belong to becoming ready."""


class Unobserved(Exception):
    """A rule cannot be judged; the message says why."""


class Broken(Exception):
    """What a rule found, where it is found deep within the trying.

    Attributes:
        finding: what was found.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def of_those_observed(parts: Iterable[Callable[[], Iterable[Finding]]]) -> Iterator[Finding]:
    """The findings in the parts of a plugin that can be judged.

    Raises:
        Unobserved: none of them can; the message is of the first.
    """
    first: Unobserved | None = None
    is_any_observed = False
    for findings in parts:
        try:
            yield from findings()
            is_any_observed = True
        except Unobserved as unobserved:
            first = first or unobserved
    if first is not None and not is_any_observed:
        raise first


def broken_by(obstacle: PluginNotAvailable | None) -> str:
    """The rule that an obstacle on the way to being ready breaks."""
    if not isinstance(obstacle, PluginFailed):
        return LOADS
    return _RULE_OF_STEP.get(obstacle.step, INITIALISES)


def require_settings(life: Life) -> None:
    """See that no required setting is missing.

    Raises:
        Unobserved: one is; the message names the ways to set it.
    """
    if life.missing_settings:
        prefix = f"LOCALAGENT_{life.spec.name.upper().replace('-', '_')}_"
        variables = ", ".join(f"{prefix}{key.upper()}" for key in life.missing_settings)
        raise Unobserved(f"the plugin needs settings; to test it, set {variables}")


def require_ready(life: Life) -> None:
    """See that the plugin became ready.

    Raises:
        Unobserved: it did not; the message names the rule that says why.
    """
    require_settings(life)
    if life.obstacle is not None:
        raise Unobserved(f"the plugin did not come so far: see {broken_by(life.obstacle)}")


def place_of(error: PluginNotAvailable, spec: PluginSpec) -> Place:
    """Where it went wrong; a line of a library that refused what the plugin gave it is no place to mend anything."""
    root = spec.code_root
    in_library = isinstance(error, PluginFailed) and root is not None and not _is_below(error.file, root)
    if error.file is None or in_library:
        return Place(spec.module_file or spec.source.root)
    return Place(Path(error.file), error.line, error.column)


def place_of_code(code: Any, spec: PluginSpec) -> Place:
    """Where a class or function of the plugin begins."""
    try:
        return Place(Path(inspect.getfile(code)), inspect.getsourcelines(code)[1])
    except (OSError, TypeError):  # it was made by code that is in no file
        return Place(spec.module_file or spec.source.root)


def class_place(life: Life) -> Place:
    """Where the plugin's class begins."""
    return place_of_code(type(life.plugin), life.spec)


def _is_below(file: str | Path | None, root: Path) -> bool:
    return file is not None and Path(file).is_relative_to(root)
