"""Components by name, and what becomes of those that fail."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
import rich
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from localagent.errors import PluginError, PluginFailed, PluginNotAvailable, UnfitData, UsageError
from localagent.ui.components import Component, ComponentRegistry
from localagent.ui.drawing import Drawing, shaped
from localagent.ui.screen import Screen


def guarded(work: Callable[[], Any]) -> Any:
    """As a host's guard calls a plugin's code, as far as a drawing can tell."""
    try:
        return work()
    except (ValueError, ZeroDivisionError) as error:
        raise PluginFailed(
            f"draw: {error}", plugin="charts", version="1.2", step="draw", file="/charts/plugin.py", line=7
        ) from error


def component(function: Callable[..., Any], name: str = "chart", plugin: str = "charts") -> Component:
    return Component(name, plugin, function, guarded, "/charts/plugin.py", 3)


def gives(value: Any) -> Callable[[Any], Any]:
    """A component that gives always the same."""

    def component(data: Any) -> Any:
        return value

    return component


def reciprocal(data: int) -> str:
    return str(1 / data)


def free(data: Any, **options: Any) -> str:
    return str(options)


@pytest.fixture
def screen() -> Screen:
    return Screen(io.StringIO(), width=60, record=True)


def drawn(screen: Screen, *things: Any) -> str:
    for thing in things:
        screen.console.print(thing)
    return screen.console.export_text()


def test_a_component_is_found_by_its_name_hyphens_and_underscores_being_equal() -> None:
    registry = ComponentRegistry()
    offered = component(print, "bar-chart")
    withdraw = registry.offer(offered)
    assert registry.find("bar_chart") is registry.find("bar-chart") is registry.find("charts:bar_chart") is offered
    assert registry.components == {"charts:bar-chart": offered}
    withdraw()
    withdraw()
    assert registry.components == {}
    with pytest.raises(PluginNotAvailable, match="there is no component 'bar_chart'"):
        registry.find("bar_chart")


def test_a_plugins_component_comes_before_the_built_in_one_of_its_name() -> None:
    registry = ComponentRegistry()
    assert registry.find("data_table").plugin == "localagent"
    first, second = component(print, "data_table", "first"), component(print, "data-table", "second")
    withdraw = registry.offer(first)
    registry.offer(second)
    assert registry.find("data_table") is first
    assert registry.find("data_table", first="second") is second
    assert registry.find("second:data_table") is second
    assert registry.find("localagent:data-table").plugin == "localagent"
    withdraw()
    assert registry.find("data_table") is second


def test_a_plugin_has_one_component_of_a_name() -> None:
    registry = ComponentRegistry()
    registry.offer(component(print, "bar-chart"))
    with pytest.raises(PluginError, match="two components are called 'bar_chart'"):
        registry.offer(component(print, "bar_chart"))


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("data_tabel", "did you mean 'data_table'?"),
        ("bar-chrat", "did you mean 'bar_chart'?"),
        ("charts:data_table", "did you mean 'data_table'?"),
        ("zzz", "'localagent ui list' shows what there is"),
    ],
)
def test_an_unknown_component_is_told_with_the_nearest_one(name: str, fix: str) -> None:
    registry = ComponentRegistry()
    registry.offer(component(print, "bar_chart"))
    with pytest.raises(PluginNotAvailable) as caught:
        registry.find(name)
    assert caught.value.fix == fix


def test_text_is_drawn_as_it_is_and_renderables_as_they_say(screen: Screen) -> None:
    table = Table("[b]head[/b]")
    table.add_row("[red]cell[/red]\x1b[2J :smile:")
    shown = drawn(
        screen,
        *(
            Drawing.make(component(gives(made)), None, {}, screen)
            for made in ("[b]text[/b]\x1b[2J", Panel("[i]in a panel[/i]"), table, Text.from_markup("[b]bold[/b]"))
        ),
    )
    assert "[b]text[/b]\\x1b[2J" in shown
    assert "[i]in a panel[/i]" in shown
    assert "[b]head[/b]" in shown
    assert "│ [red]cell[/red][2J :smile: │" in shown
    assert "\nbold\n" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("width", [1, 20, 200])
def test_a_component_that_raises_becomes_a_panel_that_says_where(width: int) -> None:
    screen = Screen(io.StringIO(), width=width, record=True)
    drawing = Drawing.make(component(reciprocal), 0, {}, screen)
    assert drawing.failure is not None
    shown = "".join(drawn(screen, drawing).split()).replace("│", "")
    for part in ("charts1.2", "draw:divisionbyzero", "/charts/plugin.py:7"):
        assert part in shown


class Broken:
    """A renderable that fails only when it is drawn, half of it done."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield "first half"
        raise ValueError("no second half")


class Immeasurable(Broken):
    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> None:
        raise ValueError("no measure")


@pytest.mark.parametrize(("kind", "why"), [(Broken, "no second half"), (Immeasurable, "no measure")])
def test_what_fails_while_it_is_drawn_is_a_panel_within_what_is_around_it(kind: type, why: str, screen: Screen) -> None:
    drawing = Drawing.make(component(gives(kind())), None, {}, screen)
    outer = Table.grid()
    outer.add_row(drawing, "beside")
    shown = drawn(screen, outer, "after")
    assert f"draw: {why}" in shown
    assert "beside" in shown
    assert "after" in shown
    assert "first half" not in shown
    assert drawing.failure is not None


async def later() -> str:
    """What an asynchronous component gives."""
    return "late"


@pytest.mark.parametrize(
    ("made", "called"),
    [
        (lambda: None, "None"),
        (lambda: 3, "the type 'int'"),
        (lambda: Panel, "the type 'type'"),
        (lambda: {"a": 1}, "the type 'dict'"),
        (later, "the type 'coroutine'"),
    ],
)
def test_what_rich_cannot_draw_is_told_with_the_line_of_the_component(
    made: Callable[[], Any], called: str, screen: Screen
) -> None:
    drawing = Drawing.make(component(gives(made())), None, {}, screen)
    assert drawing.failure is not None
    assert called in drawing.failure.message
    assert drawing.failure.place == "/charts/plugin.py:3"
    assert "which Rich cannot draw" in " ".join(drawn(screen, drawing).replace("│", "").split())


def titled(data: Any, title: str = "", *, size: int = 1) -> str:
    return f"{title}{size}"


def test_options_reach_the_component_and_unknown_ones_are_refused(screen: Screen) -> None:
    assert "high3" in drawn(screen, Drawing.make(component(titled), None, {"title": "high", "size": 3}, screen))
    with pytest.raises(UsageError, match="takes no option 'colour'") as caught:
        Drawing.make(component(titled), None, {"colour": 1}, screen)
    assert caught.value.fix == "it takes title, size"
    with pytest.raises(UsageError) as caught:
        Drawing.make(component(gives("")), None, {"colour": 1}, screen)
    assert caught.value.fix == "it takes none"
    assert "free" in drawn(screen, Drawing.make(component(free), None, {"free": 1}, screen))
    assert Drawing.make(component(Panel), "x", {"title": "y"}, screen).failure is None


def test_data_of_the_wrong_shape_are_refused_by_built_in_components() -> None:
    table = ComponentRegistry().find("data_table")
    with pytest.raises(UnfitData) as caught:
        shaped(table, [{"a": 1}, 2])
    assert (caught.value.path, caught.value.message) == ((1,), "element 2 is a number")
    assert caught.value.fix is not None
    assert caught.value.fix.startswith("give a list of objects, such as")


class Terminal(io.StringIO):
    """What takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


class TestLive:
    """Components that drive a display themselves."""

    def test_its_result_is_not_drawn_a_second_time(self, screen: Screen) -> None:
        def drive(data: Any) -> Panel:
            with Live("one") as live:
                live.update("two")
            return Panel("result")

        drawing = Drawing.make(component(drive), None, {}, screen)
        assert drawing.is_drawn
        assert drawn(screen, drawing).split() == ["two"]

    @pytest.mark.parametrize("ends", ["return", "raise", "nothing"])
    def test_it_has_ended_afterwards_whatever_the_component_did(self, ends: str) -> None:
        file = Terminal()
        screen = Screen(file, width=60)
        before = set(threading.enumerate())

        def drive(data: Any) -> Any:
            Live("left running").start()
            if ends == "raise":
                raise ValueError("midway")
            return Panel("") if ends == "return" else None

        drawing = Drawing.make(component(drive), None, {}, screen)
        assert (drawing.failure is not None) == (ends == "raise")
        assert file.getvalue().endswith("\x1b[?25h")
        for thread in set(threading.enumerate()) - before:
            thread.join(2)
        assert set(threading.enumerate()) <= before
        with Live("another", console=screen.console):
            pass

    def test_richs_own_console_is_as_before(self, screen: Screen) -> None:
        default, kept = rich.get_console(), vars(rich.get_console())
        seen: list[bool] = []

        def look(data: Any) -> str:
            seen.append(rich.get_console().file is screen.console.file)
            return "x"

        Drawing.make(component(look), None, {}, screen)
        assert seen == [True]
        assert rich.get_console() is default
        assert vars(default) is kept
