"""A new plugin with five slips in it is mended by following nothing but what ``dev validate`` prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.diagnostics.validation import validate_path
from localagent_cli.validating import fix_paths
from rendering import render
from slips import LAYOUTS, SLIPS, Slip

PAGE = Path(__file__).parents[2] / "docs" / "mending.md"


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_broken_plugin_is_mended_by_what_is_printed(kind: str, tmp_path: Path) -> None:
    plugin = render(tmp_path, "word-lab", kind, LAYOUTS[kind])
    slips = [slip for slip in SLIPS if slip.kind == kind]
    for slip in slips:
        slip.make(plugin)
    fix_paths([plugin], dry_run=False)
    printed = {finding.rule: finding.fix for finding in validate_path(plugin).diagnostics}
    assert printed.keys() == {slip.rule for slip in slips if slip.by_hand}
    for slip in slips:
        if slip.by_hand:
            assert slip.by_hand in printed[slip.rule]
            slip.mend(plugin)
    assert validate_path(plugin, strict=True).diagnostics == ()


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip.kind}-{slip.rule}")
def test_each_slip_is_told_with_its_place(slip: Slip, tmp_path: Path) -> None:
    plugin = render(tmp_path, "word-lab", slip.kind, LAYOUTS[slip.kind])
    slip.make(plugin)
    found = next(finding for finding in validate_path(plugin).diagnostics if finding.rule == slip.rule)
    assert found.where.line
    assert found.message in PAGE.read_text(encoding="utf-8")


def test_at_least_half_is_mended_without_a_hand() -> None:
    assert len(SLIPS) == 20
    assert sum(not slip.by_hand for slip in SLIPS) >= len(SLIPS) / 2


def test_the_page_lists_every_slip_with_what_is_said() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for slip in SLIPS:
        row = f"| {slip.kind} | `{shown(slip.right)}` | `{shown(slip.wrong)}` | [{slip.rule}](rules/{slip.rule}.md) |"
        (found,) = (line for line in lines if line.startswith(row))
        assert found.endswith(f"| {slip.by_hand or '`--fix`'} |")


def shown(text: str) -> str:
    """A text in one cell of a table."""
    return text.strip().replace("\n", " ⏎ ")
