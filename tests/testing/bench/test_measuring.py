"""What budgets may say, and what comes of measurements."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from localagent.errors import ConfigError, PluginNotAvailable
from localagent_cli.benching.figures import FIGURE_OF
from localagent_testing.bench.budgets import budgets_of
from localagent_testing.bench.measuring import measure, slope
from localagent_testing.conformance.rules import checks_of
from localagent_testing.conformance.target import source_target

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.host.spec import PluginSpec
    from testing.conftest import Workshop


def only(folder: Path) -> PluginSpec:
    (spec,) = source_target(folder).specs
    return spec


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0.0),
        ([5], 0.0),
        ([1, 3, 5, 7], 2.0),
        ([1, 3, 5, 7, 8, 9], 1.0),
        ([1, 1, 2, 2, 3, 3, 4, 4], 5 / 12),  # memory comes in pieces
        ([5, 5, 5, 500, 500, 500], 0.0),  # one leap
        ([5, 500, 500, 500, 500, 500], 0.0),
        ([9, 7, 5], 0.0),  # what shrinks leaks nothing
    ],
)
def test_the_slope_is_what_goes_on(values: list[int], expected: float) -> None:
    assert slope(values) == pytest.approx(expected)


def test_only_what_is_wanted_is_measured(workshop: Workshop) -> None:
    spec = only(workshop.plugin())
    told: list[str] = []
    measured = measure(spec, {"leak_kb"}, runs=1, rounds=3, tell=told.append)
    assert (set(measured.figures), len(measured.memory), len(told)) == ({"leak_kb"}, 3, 1)
    measured = measure(spec, {"import_ms", "p95_ms"}, runs=1, rounds=3)
    assert (set(measured.figures), measured.words) == ({"import_ms", "p95_ms"}, ("greet", "--help"))


def test_settings_come_from_the_given_environment(workshop: Workshop, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    body = f"""
async def initialize(self, context):
    import os
    open({str(seen)!r}, "w").write(os.environ.get("LOCALAGENT_GREETER_TONE", ""))
    return True
def register_commands(self, app):
    app.command("greet")(print)
"""
    environ = {**os.environ, "LOCALAGENT_GREETER_TONE": "warm", "LOCALAGENT_DEV_MODE": "false"}
    measure(only(workshop.plugin(body)), {"import_ms"}, runs=1, rounds=0, environ=environ)
    assert seen.read_text() == "warm"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("import no_such_module", "needs the module"),
        ("import os\nos._exit(3)", "ended"),
        ("raise SystemExit(3)", "SystemExit"),
    ],
)
def test_what_cannot_be_measured_is_told(head: str, expected: str, workshop: Workshop) -> None:
    with pytest.raises(PluginNotAvailable, match=expected) as caught:
        measure(only(workshop.plugin(head=head)), FIGURE_OF, runs=1, rounds=2)
    assert caught.value.plugin == "greeter"
    assert caught.value.fix


def test_a_command_that_fails_is_told(workshop: Workshop) -> None:
    table = {"pyproject.toml": '[tool.localagent.conformance]\ncommands = [["greet", "--no-such-option"]]\n'}
    with pytest.raises(PluginNotAvailable, match="greet --no-such-option ended with exit code 2"):
        measure(only(workshop.plugin(files=table)), FIGURE_OF, runs=1, rounds=2)


def declaring(workshop: Workshop, line: str) -> PluginSpec:
    return only(workshop.plugin(files={"pyproject.toml": f"[tool.localagent.budgets]\n{line}\n"}))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import_m = 10", "has no key 'import_m', did you mean"),
        ("import_ms = 0", "must be a number greater than 0"),
        ("import_ms = true", "must be a number greater than 0"),
        ("import_ms = 'fast'", "must be a number greater than 0"),
        ("import_ms = nan", "must be a number greater than 0"),
    ],
)
def test_budgets_that_are_none_are_refused_and_one_rule_tells(line: str, message: str, workshop: Workshop) -> None:
    spec = declaring(workshop, line)
    with pytest.raises(ConfigError, match=message):
        budgets_of(spec)
    assert [rule.id for rule in checks_of(spec).values() if rule.id > "LA660"] == ["LA661"]


def test_a_rule_is_there_only_where_its_budget_is_declared(workshop: Workshop) -> None:
    spec = declaring(workshop, "leak_kb = 100\np95_ms = 50.5")
    assert budgets_of(spec) == {"leak_kb": 100.0, "p95_ms": 50.5}
    assert [rule.id for rule in checks_of(spec).values() if rule.id > "LA660"] == ["LA664", "LA666"]
    assert not any(
        rule.id > "LA660" for rule in checks_of(only(workshop.plugin(files={"pyproject.toml": ""}))).values()
    )
