"""Every rule of the family LA6, by the word that follows its id in a test's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.diagnostics.rule import Tier
from localagent_testing.conformance import (
    budget_rules,
    command_rules,
    engine_rules,
    fault_rules,
    life_rules,
    permission_rules,
    provider_rules,
    settings_rules,
    ui_rules,
    unfinished,
    workflow_rules,
)

if TYPE_CHECKING:
    from localagent.diagnostics.rule import Rule
    from localagent.host.spec import PluginSpec
    from localagent_testing.conformance.plan import Plan
    from localagent_testing.conformance.subject import Subject

GENERAL: dict[str, Rule[Subject]] = {**life_rules.CHECKS, **unfinished.CHECKS, **settings_rules.CHECKS}
"""What every plugin keeps."""

OF_KIND: dict[str, dict[str, Rule[Subject]]] = {
    "command": command_rules.CHECKS,
    "provider": {**provider_rules.CHECKS, **fault_rules.CHECKS},
    "ui": ui_rules.CHECKS,
    "workflow": {**workflow_rules.CHECKS, **engine_rules.CHECKS},
}
"""What plugins of one kind keep besides."""

AUDITED: dict[str, Rule[Subject]] = permission_rules.CHECKS
"""What is judged of every plugin where its uses were recorded."""

_OF_ALL_KINDS = GENERAL | {word: rule for rules in OF_KIND.values() for word, rule in rules.items()}
CHECKS: dict[str, Rule[Subject]] = _OF_ALL_KINDS | AUDITED | budget_rules.CHECKS
RULES = tuple(sorted(CHECKS.values(), key=lambda rule: rule.id))

_TIERS = tuple(Tier)


def checks_for(kind: str, *, audited: bool = False) -> dict[str, Rule[Subject]]:
    """The rules for plugins of a kind, in the order of their ids; where nothing names the kind, those of all kinds.

    Args:
        kind: as in the manifest.
        audited: whether what the plugin uses is recorded.
    """
    checks = GENERAL | OF_KIND.get(kind, {}) if kind else _OF_ALL_KINDS
    applied = checks | AUDITED if audited else checks
    return dict(sorted(applied.items(), key=lambda each: each[1].id))


def checks_of(spec: PluginSpec, *, audited: bool = False) -> dict[str, Rule[Subject]]:
    """The rules for one plugin: those of its kind, then those of what it costs for which its project has budgets."""
    return checks_for(spec.kind, audited=audited) | budget_rules.declared_by(spec)


def why_left_out(rule: Rule[Subject], plan: Plan) -> str:
    """Why a rule is not applied under a plan; empty where it is."""
    if plan.level is None or _TIERS.index(rule.tier) <= _TIERS.index(plan.level):
        return ""
    return f"it is of the level {rule.tier.value}, and the manifest pins {plan.level.value}"
