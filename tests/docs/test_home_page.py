"""The page on files and variables has all of them, with the limits that hold."""

from __future__ import annotations

import re
from pathlib import Path

from localagent.host.budgets import Budgets
from localagent.host.variables import HOST_VARIABLES
from localagent.services import logs
from localagent.services.home import Home

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "home.md").read_text("utf-8")


def test_every_variable_is_on_it() -> None:
    shown = set(re.findall(r"^\| `(LOCALAGENT_[A-Z_]+)`", PAGE, re.MULTILINE))
    assert shown == {*HOST_VARIABLES, logs.VARIABLE}


def test_everything_in_the_home_is_on_it() -> None:
    home = Home(Path("/home"))
    fixed = [getattr(home, name) for name, value in vars(Home).items() if isinstance(value, property)]
    paths = [*fixed, home.settings_file("NAME"), home.data("NAME"), home.log_file("NAME")]
    named = [str(path.relative_to(home.path)) for path in paths]
    assert [name for name in named if f"`{name}`" not in PAGE and f"`{name}/`" not in PAGE] == ["cache/records.json"]
    assert "`cache/`" in PAGE


def test_the_limits_are_those_that_hold() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", PAGE, re.MULTILINE))
    assert {name: float(seconds) for name, seconds in shown.items()} == {
        name.rstrip("_"): seconds for name, seconds in Budgets()._asdict().items()
    }
