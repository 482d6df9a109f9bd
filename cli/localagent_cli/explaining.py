"""What the rules want, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.manifest.wording import shown
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
    """Print the page of one rule.

    Raises:
        UsageError: there is no such rule; the nearest is suggested.
    """
    from localagent.diagnostics.catalogue import rule, suggested
    from localagent.diagnostics.pages import facts_of, heading_of, sections_of

    found = rule(rule_id)
    if found is None:
        raise UsageError(f"there is no rule '{shown(rule_id)}'", fix=suggested(rule_id) or "localagent dev explain")
    if as_json:
        output.show_json(_told(found))
        return
    output.show(f"{heading_of(found)}\n({facts_of(found)})")
    for section in sections_of(found):
        output.show(f"\n{section.heading}:")
        output.show("\n".join(f"  {line}".rstrip() for line in section.text.split("\n")))


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
