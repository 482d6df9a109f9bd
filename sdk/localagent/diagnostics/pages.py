"""The documentation pages of the rules, made of nothing but the rules."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from localagent.diagnostics.catalogue import CHECKERS, TITLES, all_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from localagent.diagnostics.rule import Rule

INDEX = "index.md"
_ALWAYS_APPLIED = frozenset({"LA5", "LA6", "LA7"})


class Section(NamedTuple):
    """A part of a page: its heading, its text, and whether that is a sample to be shown as it is."""

    heading: str
    text: str
    is_sample: bool = False


def heading_of(rule: Rule[Any]) -> str:
    """The first line of a rule's page."""
    return f"{rule.id}: {rule.title}"


def facts_of(rule: Rule[Any]) -> str:
    """What kind of rule it is, and which command applies it."""
    command = f"localagent {CHECKERS.get(rule.family, 'dev validate')}"
    return f"{rule.severity.value}, {rule.tier.value}; {TITLES[rule.family]}; checked by {command}"


def sections_of(rule: Rule[Any]) -> tuple[Section, ...]:
    """The rest of a rule's page: why, a bad and a good sample, and how a project leaves the rule out."""
    sections = (
        Section("Why", rule.explanation),
        Section("Bad", rule.bad.rstrip("\n"), is_sample=True),
        Section("Good", rule.good.rstrip("\n"), is_sample=True),
    )
    if rule.family in _ALWAYS_APPLIED:
        return sections
    ignored = f'[tool.localagent.ignore]\n{rule.id} = "the reason"'
    return (*sections, Section("To leave it out, in pyproject.toml", ignored, is_sample=True))


def page_of(rule: Rule[Any]) -> str:
    """A rule's page in Markdown."""
    parts = [f"# {heading_of(rule)}", f"*{facts_of(rule)}; [all rules]({INDEX})*"]
    for section in sections_of(rule):
        parts += [f"## {section.heading}", _fenced(section.text) if section.is_sample else section.text]
    return "\n\n".join(parts) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """Name and text of every page, the index first."""
    yield INDEX, _index()
    for rule in all_rules():
        yield f"{rule.id}.md", page_of(rule)


def _index() -> str:
    lines = [
        "# Rules",
        "",
        "One page for each rule; `localagent dev explain LA103` shows the same in the terminal. These pages are made",
        "of the rules themselves by `scripts/rule_pages`.",
    ]
    for family, rules in groupby(all_rules(), key=lambda rule: rule.family):
        lines += [
            "",
            f"## {family}: {TITLES[family]}",
            "",
            "| rule | what must hold | severity | tier |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.severity.value} | {rule.tier.value} |"
            for rule in rules
        ]
    return "\n".join(lines) + "\n"


def _fenced(text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}\n{text}\n{fence}"
