"""The rules of UI plugins: each draws every component that the plugin offers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.diagnostics.diagnostic import Place
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent_testing.conformance.drawn import (
    MARKED,
    ROWS,
    Drawn,
    Tried,
    draw,
    emptied,
    many,
    marked,
    recording,
    tried,
)
from localagent_testing.conformance.judging import Unobserved, of_those_observed, place_of

if TYPE_CHECKING:
    from localagent_testing.conformance.scene import Scene
    from localagent_testing.conformance.subject import Subject

Check = Callable[[Tried], "str | Drawn"]
"""What is wrong with a component, in words or as the drawing that failed; an empty text for nothing."""

NARROW, WIDE = 20, 200
"""Columns of the narrowest and the widest terminal."""

DRAWN_WITHIN = 10.0
"""Seconds of processor time that `ROWS` rows may take, as a busy machine is no fault of the plugin."""

_EXPORT = 100


def fits_any_width(it: Tried) -> str | Drawn:
    """A component that fails in a narrow or wide terminal, or does not keep to its width."""
    from rich.cells import cell_len

    for width in (NARROW, WIDE):
        drawn = it.drawn(it.data, width=width)
        if drawn.failure is not None:
            return drawn
        widest = max(map(cell_len, drawn.text.splitlines()), default=0)
        if widest > width:
            return f"draws {widest} columns where there are {width}"
    return ""


def needs_no_colour(it: Tried) -> str | Drawn:
    """A component that fails, or says something else, where there are no colours."""
    plain, coloured = it.drawn(it.data, colour=False), it.drawn(it.data)
    if plain.failure is not None or coloured.failure is not None:
        return plain if plain.failure is not None else coloured
    return "says something else without colours than with them" if plain.text != coloured.text else ""


def shows_markup(it: Tried) -> str | Drawn:
    """A component that takes what stands in the data for markup."""
    drawn = it.drawn(marked(it.data), width=WIDE)
    if drawn.failure is None and "marked" in drawn.text and "[bold]" not in drawn.text:
        return f"takes {MARKED.split()[0]!r} in the data for markup"
    return drawn


def draws_nothing(it: Tried) -> str | Drawn:
    """A component that fails where there are no data."""
    if it.is_given and isinstance(it.data, dict):
        raise Unobserved(f"the component '{it.component.name}' draws an object, which is never empty")
    return it.drawn(emptied(it.data))


def draws_many(it: Tried) -> str | Drawn:
    """A component that fails with many rows, or takes too long for them."""
    data = many(it.data)
    if data is None:
        raise Unobserved(f"the component '{it.component.name}' draws no rows")
    began = time.process_time()
    drawn = it.drawn(data)
    seconds = time.process_time() - began
    return drawn if seconds <= DRAWN_WITHIN else f"takes {seconds:.0f} s of processor time for {ROWS} rows"


def exports(it: Tried) -> str | Drawn:
    """A component whose drawing cannot be exported, or is empty then."""
    from localagent.ui.exporting import FORMS, export

    for form in FORMS:
        screen = recording(_EXPORT, colour=True)
        drawn = draw(it.registry, it.component, it.data, screen)
        if drawn.failure is not None:
            return drawn
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"drawing{form}"
            export(screen.console, file, title=it.component.name)
            if not drawn.text.strip() or not file.stat().st_size:
                return f"draws nothing that could be exported as {form}"
    return ""


def _of_each(check: Check, fix: str) -> Callable[[Subject], Iterator[Finding]]:
    """A check of one component as one of the plugin."""

    def find(subject: Subject) -> Iterator[Finding]:
        with subject.scene() as scene:
            names = scene.loaded.registration.components
            yield from of_those_observed(_finding_in(name, check, fix, subject, scene) for name in names)

    return find


def _finding_in(name: str, check: Check, fix: str, subject: Subject, scene: Scene) -> Callable[[], Iterator[Finding]]:
    """The findings in the component of that name, when called."""

    def find() -> Iterator[Finding]:
        registry = scene.host.ui
        it = tried(registry, registry.find(f"{scene.loaded.name}:{name}"), subject.plan.data)
        yield from _found(check(it), it, scene, fix)

    return find


def _found(result: str | Drawn, it: Tried, scene: Scene, fix: str) -> Iterator[Finding]:
    name, spec = it.component.name, scene.loaded.spec
    where = Place(Path(it.component.file or spec.module_file or spec.source.root), it.component.line)
    if isinstance(result, str):
        if result:
            yield Finding(f"the component '{name}' {result}", where, fix)
    elif result.failure is not None:
        failure = result.failure
        place = place_of(failure, spec) if failure.file is not None else where
        yield Finding(f"the component '{name}' failed: {failure.message.partition(': ')[2]}", place, fix)


CHECKS: dict[str, Rule[Subject]] = {
    "fits-any-width": Rule(
        "LA630",
        f"Components draw in {NARROW} and in {WIDE} columns",
        _of_each(fits_any_width, "leave widths to Rich, or take them from the console's options"),
        tier=Tier.SILVER,
        explanation="Terminals are split, and logs are narrow. What is wider than its place breaks every line.",
        bad='return Text("-" * 80, no_wrap=True, overflow="ignore")',
        good="return Rule()",
    ),
    "needs-no-colour": Rule(
        "LA631",
        "Components say the same without colours",
        _of_each(needs_no_colour, "say in words what the colour says"),
        tier=Tier.SILVER,
        explanation="Pipes, NO_COLOR and many eyes have no colours.",
        bad='yield Text("●", style="red") if console.color_system else Text("")',
        good='yield Text("● failed", style="red")',
    ),
    "shows-markup": Rule(
        "LA632",
        "Components show brackets in the data as they are",
        _of_each(shows_markup, "wrap texts of the data in rich.text.Text, or rich.markup.escape them"),
        tier=Tier.GOLD,
        explanation='Data may hold "[/]", which Rich refuses as markup, and "[bold]", which it would swallow.',
        bad='table.add_row(row["name"])',
        good='table.add_row(Text(row["name"]))',
    ),
    "draws-nothing": Rule(
        "LA633",
        "Components draw where there are no data",
        _of_each(draws_nothing, "draw an empty table or a sentence where there are no data"),
        tier=Tier.SILVER,
        explanation="The first run has no data, and neither has a filter that finds nothing.",
        bad="columns = list(rows[0])",
        good="columns = list(rows[0]) if rows else []",
    ),
    "draws-many": Rule(
        "LA634",
        f"Components draw {ROWS} rows",
        _of_each(draws_many, "avoid work for each row that grows with the rows before it"),
        tier=Tier.PLATINUM,
        explanation=f"A list grows until somebody waits for it: {ROWS} rows take {DRAWN_WITHIN:.0f} s at most.",
        bad="lines = [line for row in rows for line in draw(rows)]",
        good="lines = [draw_row(row) for row in rows]",
    ),
    "exports": Rule(
        "LA635",
        "Drawings can be exported",
        _of_each(exports, "return a Rich renderable that draws on any console"),
        tier=Tier.GOLD,
        explanation="'localagent ui show --export' writes what a component draws to a picture, a page or a text.",
        bad="if not console.is_terminal:\n    return",
        good="yield self.table",
    ),
}
"""The rules by the word that follows the id in a test's name."""
