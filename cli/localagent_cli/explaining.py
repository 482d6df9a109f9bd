"""What the rules want, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.manifest.wording import did_you_mean
from localagent_cli import output

if TYPE_CHECKING:
    from localagent.diagnostics.rule import Rule


def list_rules(*, as_json: bool) -> None:
    """Print every rule with its tier and title."""
    from localagent.diagnostics.catalogue import all_rules

    rules = all_rules()
    if as_json:
        output.show_json([_told(rule) for rule in rules])
        return
    rows = [(rule.id, rule.severity.value, rule.tier.value, rule.title) for rule in rules]
    output.show(output.table_text(["rule", "severity", "tier", "what must hold"], rows))
    output.tell("next: localagent dev explain RULE")


def explain_rule(rule_id: str, *, as_json: bool) -> None:
    """Print what one rule wants, why, and a sample of both kinds.

    Raises:
        UsageError: there is no such rule; the nearest is suggested.
    """
    from localagent.diagnostics.catalogue import all_rules, rule

    found = rule(rule_id)
    if found is None:
        hint = did_you_mean(rule_id, [each.id for each in all_rules()])
        raise UsageError(f"there is no rule '{rule_id}'", fix=hint or "localagent dev explain")
    if as_json:
        output.show_json(_told(found))
        return
    output.show(f"{found.id}  {found.title}  ({found.severity.value}, {found.tier.value})")
    for heading, text in (("Why", found.explanation), ("Bad", found.bad), ("Good", found.good)):
        output.show(f"\n{heading}:")
        output.show("\n".join(f"  {line}".rstrip() for line in text.rstrip("\n").split("\n")))


def _told(rule: Rule[Any]) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "title": rule.title,
        "severity": rule.severity.value,
        "tier": rule.tier.value,
        "explanation": rule.explanation,
        "bad": rule.bad,
        "good": rule.good,
    }
