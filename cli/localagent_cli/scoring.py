"""The score of a plugin as it is shown, and what beside the static rules goes into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Tier
from localagent.diagnostics.scoring import TIERS, Evidence, Standing
from localagent.errors import UsageError
from localagent_cli import output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.diagnostics.scoring import Score

_COLOURS = {
    None: "#9f9f9f",
    Tier.BRONZE: "#a97142",
    Tier.SILVER: "#8a9ba8",
    Tier.GOLD: "#c9a227",
    Tier.PLATINUM: "#5b8f9a",
}
_SHOWN = 10


def results_of(path: Path, tests: Path | None) -> Iterator[Evidence]:
    """What the newest wheel in ``dist`` and the results of tests say.

    Args:
        path: the plugin's folder.
        tests: the JSON that ``plugins test --json`` printed; None where there is none.

    Raises:
        UsageError: `tests` is no such file.
    """
    yield _wheel(path)
    yield from _tests(tests)


def show_score(score: Score) -> None:
    """Print the tier, how each tier stands, and what is missing for the next one."""
    output.show(f"{score.path}: {score.tier.value if score.tier else 'no tier yet'}")
    rows: list[tuple[str, str, str]] = []
    for tier in TIERS:
        belonging = score.of(tier)
        lacking = len(score.lacking(tier))
        rows.append((tier.value, f"{len(belonging) - lacking} of {len(belonging)}", "" if lacking else "passed"))
    output.show(output.table_text(["tier", "holds", ""], rows))
    if score.next is None:
        return
    missing = [(each, line) for each in score.lacking(score.next) for line in each.missing or (each.title,)]
    output.show(f"\nfor {score.next.value}:")
    for each, line in missing[:_SHOWN]:
        output.show(f"  {each.rule}  {line}")
    if len(missing) > _SHOWN:
        output.show(f"  and {len(missing) - _SHOWN} more; --json has all")
    rules = [each.rule for each, _ in missing if each.rule.startswith("LA")]
    if rules:
        output.tell(f"next: localagent dev explain {rules[0]}")


def badge(score: Score) -> str:
    """A small picture of the tier, as SVG."""
    tier = score.tier
    word = tier.value if tier else "no tier"
    left, right = 74, 20 + 7 * len(word)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="LocalAgent: {word}">\n'
        f"  <title>LocalAgent: {word}</title>\n"
        f'  <rect width="{left + right}" height="20" rx="3" fill="#444"/>\n'
        f'  <path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z" fill="{_COLOURS[tier]}"/>\n'
        '  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\n'
        f'    <text x="{left / 2}" y="14">LocalAgent</text>\n'
        f'    <text x="{left + right / 2}" y="14">{word}</text>\n'
        "  </g>\n</svg>\n"
    )


def _wheel(path: Path) -> Evidence:
    """Gold needs a wheel that holds what it must; the newest one counts."""
    from localagent_cli.packaging.verification import verify_archive

    title = "There is a wheel, and nothing is wrong with it"
    wheels = sorted((path / "dist").glob("*.whl"), key=lambda file: file.stat().st_mtime)
    if not wheels:
        return Evidence("wheel", title, Tier.GOLD, Standing.UNKNOWN, (), (f"localagent dev build {path}",))
    found = verify_archive(wheels[-1], purpose="publish", project=path)
    missing = tuple(f"{each.rule}: {each.message}" for each in found)
    return Evidence("wheel", title, Tier.GOLD, Standing.BROKEN if found else Standing.KEPT, (wheels[-1].name,), missing)


def _tests(file: Path | None) -> Iterator[Evidence]:
    """Gold needs conformance, platinum tests of its own; each passed, and seen to."""
    results = [] if file is None else _read(file)
    for kind, tier, title in (
        ("conformance", Tier.GOLD, "The plugin conforms to the host's contract"),
        ("own", Tier.PLATINUM, "The plugin has tests of its own, and they pass"),
    ):
        found = [each for each in results if each["kind"] == kind]
        failed = [each["id"] for each in found if each["outcome"] == "failed"]
        if not any(each["outcome"] == "passed" for each in found):
            how = ("localagent plugins test PATH --json > tests.json; localagent dev score PATH --tests tests.json",)
            yield Evidence(f"{kind} tests", title, tier, Standing.UNKNOWN, (), how)
        elif failed:
            yield Evidence(f"{kind} tests", title, tier, Standing.BROKEN, tuple(failed), tuple(failed))
        else:
            yield Evidence(f"{kind} tests", title, tier, Standing.KEPT, tuple(each["id"] for each in found))


def _read(file: Path) -> list[dict[str, Any]]:
    fix = "localagent plugins test PATH --json > tests.json"
    try:
        results: Any = json.loads(file.read_text(encoding="utf-8"))["results"]
        if all({"kind", "id", "outcome"} <= set(each) for each in results):
            return list(results)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"no results of tests: {error}", file=file, fix=fix) from error
    raise UsageError("no results of tests", file=file, fix=fix)
