"""Comparing figures with budgets and with an earlier time, and how that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localagent.errors import ConfigError
from localagent_cli.benching.baseline import Baseline, Verdict, baseline_text, here, read_baseline, verdicts
from localagent_cli.benching.figures import FIGURE_OF, FIGURES
from localagent_cli.benching.running import Benched
from localagent_cli.benching.showing import show_benched, sparkline, to_dict

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = FIGURE_OF["import_ms"]


def benched(value: float = 100.0, **budgets: float) -> Benched:
    return Benched("greeter", {"import_ms": value}, budgets, ("greet", "--help"), (50_000_000, 51_000_000))


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(baseline_text([benched(12.3456)]))
    assert read_baseline(file) == Baseline(here(), {"greeter": {"import_ms": 12.346}})


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 2}', '{"format": 1, "where": "x", "plugins": {"greeter": {"import_ms": "1"}}}']
)
def test_a_file_that_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_baseline(tmp_path / "baseline.json")
    assert caught.value.fix == "localagent dev bench --save"


@pytest.mark.parametrize(
    ("value", "before", "regressed"),
    [
        (126.0, 100.0, True),
        (124.0, 100.0, False),  # within the tolerance
        (4.0, 1.0, False),  # such a figure varies by as much
        (6.1, 1.0, True),
        (50.0, 100.0, False),
        (50.0, None, False),
    ],
)
def test_a_figure_regresses_beyond_tolerance_and_noise(value: float, before: float | None, regressed: bool) -> None:  # noqa: FBT001 - a table of cases
    assert Verdict(IMPORT, value, None, before, 0.25).has_regressed is regressed


def test_a_budget_is_the_highest_value_allowed() -> None:
    assert Verdict(IMPORT, 100.0, 100.0, None, 0.25).is_within_budget
    assert not Verdict(IMPORT, 100.1, 100.0, None, 0.25).is_within_budget


def test_only_figures_that_were_measured_have_a_verdict() -> None:
    (verdict,) = verdicts(benched(import_ms=50.0), Baseline("", {"greeter": {"import_ms": 80.0}}), tolerance=0.25)
    assert (verdict.figure, verdict.budget, verdict.before) == (IMPORT, 50.0, 80.0)
    assert verdicts(benched(), None, tolerance=0.25)[0].before is None


def test_table_and_chart_say_what_is_over_budget(capsys: pytest.CaptureFixture[str]) -> None:
    plugin = benched(import_ms=50.0)
    show_benched(plugin, verdicts(plugin, Baseline("", {"greeter": {"import_ms": 80.0}}), tolerance=0.25))
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "What greeter costs; called: greet --help"
    assert " ".join(shown[3].split()) == "import and construct 100 ms 50.0 ms 80.0 ms +25% failed: over budget"
    assert shown[-2].endswith("200% of the budget")
    assert shown[-1].endswith("50.0 to 51.0 MB")


def test_json_has_every_figure_with_its_unit() -> None:
    plugin = benched(import_ms=50.0)
    told = to_dict(plugin, verdicts(plugin, None, tolerance=0.25))
    (figure,) = told["figures"]
    assert (figure["key"], figure["unit"], figure["within_budget"], figure["baseline"]) == (
        "import_ms",
        "ms",
        False,
        None,
    )


def test_a_sparkline_goes_from_lowest_to_highest_and_ignores_trifles() -> None:
    assert sparkline([1, 2, 3]) == "▁▄█"
    assert sparkline([1000, 1001, 1000]) == "▁▁▁"
    assert sparkline([0, 0], unicode=False) == "__"


def test_values_are_shown_in_few_digits_with_their_unit() -> None:
    assert [IMPORT.shown(value) for value in (0.123, 12.34, 123.4)] == ["0.12 ms", "12.3 ms", "123 ms"]
    assert all(figure.key.endswith(f"_{figure.unit.lower()}") for figure in FIGURES if figure.key != "p95_ms")
