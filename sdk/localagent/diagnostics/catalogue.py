"""All rules, by family, loaded when first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from localagent.manifest.wording import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from localagent.diagnostics.rule import Rule

# Named by text: a family is imported on first use, and those that look at archives, at running plugins or at the
# host live above this layer. Each module has a tuple RULES.
FAMILIES: dict[str, tuple[str, ...]] = {
    "LA1": (
        "localagent.diagnostics.rules.reading",
        "localagent.diagnostics.rules.shape",
        "localagent.diagnostics.rules.values",
        "localagent.diagnostics.rules.named_files",
        "localagent.diagnostics.rules.details",
    ),
    "LA2": ("localagent.diagnostics.rules.metadata", "localagent.diagnostics.rules.distribution"),
    "LA3": (
        "localagent.diagnostics.rules.source",
        "localagent.diagnostics.rules.imported",
        "localagent.diagnostics.rules.conduct",
        "localagent.diagnostics.rules.signatures",
    ),
    "LA4": ("localagent.diagnostics.rules.settings", "localagent.diagnostics.rules.setting_values"),
    "LA5": (
        "localagent_cli.packaging.archive_rules.form",
        "localagent_cli.packaging.archive_rules.plugin",
        "localagent_cli.packaging.archive_rules.neighbours",
        "localagent_cli.packaging.archive_rules.leftovers",
        "localagent_cli.packaging.archive_rules.metadata",
    ),
    "LA6": ("localagent_testing.conformance.rules",),
    "LA7": ("localagent.host.host_rules",),
}

TITLES = {
    "LA1": "the manifest",
    "LA2": "the project's metadata",
    "LA3": "the source, which is read and never run",
    "LA4": "the schema of the settings",
    "LA5": "what was built",
    "LA6": "the running plugin",
    "LA7": "the host and its surroundings",
}
"""What the rules of a family look at."""
CHECKERS = {"LA5": "dev build", "LA6": "plugins test", "LA7": "doctor"}
"""The command that applies a family, where it is not ``dev validate``."""
_MISREAD = str.maketrans("OIL", "011")


@cache
def rules(family: str) -> tuple[Rule[Any], ...]:
    """The rules of one family, such as ``LA1``, in the order of their ids.

    Raises:
        KeyError: there is no such family.
    """
    found: list[Rule[Any]] = []
    for module in FAMILIES[family]:
        found.extend(import_module(module).RULES)
    return tuple(sorted(found, key=lambda rule: rule.id))


def all_rules() -> tuple[Rule[Any], ...]:
    """Every rule, in the order of their ids."""
    return tuple(rule for family in FAMILIES for rule in rules(family))


def rule(rule_id: str) -> Rule[Any] | None:
    """The rule with this id in any letter case, None if there is none."""
    wanted = rule_id.strip().upper()
    candidates = rules(wanted[:3]) if wanted[:3] in FAMILIES else ()
    return next((candidate for candidate in candidates if candidate.id == wanted), None)


def suggested(word: str) -> str:
    """Which rule or family was probably meant by `word`, as a question; empty where none is near."""
    plain = word.strip().upper()
    digits = plain[2:].translate(_MISREAD)
    return did_you_mean(plain[:2] + digits, [*FAMILIES, *(each.id for each in all_rules())])
