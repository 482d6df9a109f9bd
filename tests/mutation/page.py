"""The table of the modules, and the page that also tells of each survivor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mutation.equivalent import Equivalents
from mutation.verdicts import Survivor, Verdict

_INTRODUCTION = """\
# Mutation tests

A mutant is a copy of a module with one small change: another operator, another text, a missing argument. A test that
fails with it has noticed it. `nox -s mutants` makes all mutants of the modules below with mutmut, tries each on the
module's own tests, and fails where fewer than {least:.0%} are noticed. `pyproject.toml` says which tests those are.

`nox -s mutants -- --only dependencies --survivors` shows what no test notices in one module; the page itself is written
by `nox -s mutants -- --page docs/mutants.md`. The score counts every mutant, those without a difference too.
"""
_TOLD = """
## Survivors

Those with a reason do what the original does, as far as anybody may rely on it. The reasons are in
`tests/mutation/equivalent.toml`.
"""


def table(verdicts: Sequence[Verdict], equivalents: Equivalents) -> Iterator[str]:
    """The lines of the table, as Markdown."""
    yield "| module | mutants | killed | survived | of them without a difference | score |"
    yield "|---|---|---|---|---|---|"
    for verdict in verdicts:
        same = sum(equivalents.reason(verdict.subject.file, each) is not None for each in verdict.survivors)
        figures = f"{verdict.mutants} | {verdict.killed} | {len(verdict.survivors)} | {same} | {verdict.score:.1%}"
        yield f"| `{verdict.subject.file}` | {figures} |"


def unexplained(verdicts: Sequence[Verdict], equivalents: Equivalents) -> Iterator[str]:
    """What each survivor without a reason was and is now, in three lines."""
    for verdict in verdicts:
        for each in verdict.survivors:
            if equivalents.reason(verdict.subject.file, each) is None:
                yield from (f"{verdict.subject.file}: {each.function}", f"  - {each.was}", f"  + {each.now}")


def page(verdicts: Sequence[Verdict], equivalents: Equivalents, least: float) -> str:
    """The whole page, as Markdown."""
    lines = [_INTRODUCTION.format(least=least), *table(verdicts, equivalents), _TOLD]
    for verdict in verdicts:
        if verdict.survivors:
            lines += [f"### `{verdict.subject.file}`", "", *_told(verdict, equivalents), ""]
    return "\n".join(lines).rstrip() + "\n"


def _told(verdict: Verdict, equivalents: Equivalents) -> Iterator[str]:
    """One item for each reason, with the functions that it is of, then those mutants that have none."""
    by_reason: dict[str, list[Survivor]] = {}
    for survivor in verdict.survivors:
        reason = equivalents.reason(verdict.subject.file, survivor)
        by_reason.setdefault(reason or "", []).append(survivor)
    open_ones = by_reason.pop("", [])
    for reason, survivors in sorted(by_reason.items()):
        functions = ", ".join(dict.fromkeys(f"`{each.function}`" for each in survivors))
        yield f"- {len(survivors)} in {functions}: {reason}"
    if open_ones:
        yield f"- {len(open_ones)} that a test is missing for:"
        yield from (f"  - `{each.function}`: {_code(each.was)} → {_code(each.now)}" for each in open_ones)


def _code(text: str) -> str:
    """Text as code in Markdown, where code that ends with a backtick needs a space behind it."""
    return f"`` {text} ``" if "`" in text else f"`{text or ' '}`"
