"""One component on the command line: its plugin loaded, its data read, its drawing shown or written."""

from __future__ import annotations

import queue
import sys
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginNotAvailable, UnfitData, UsageError
from localagent.services.watching import Watch
from localagent.ui.built_in import BUILT_IN, OWNER, TAKE_TEXT
from localagent.ui.components import same_name
from localagent_cli import components, output, streams

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from localagent.errors import PluginFailed
    from localagent.ui.components import Component
    from localagent.ui.screen import Screen
    from localagent_cli.app import LocalAgentCLI


_CLEARED = "\x1b[H\x1b[2J"
"""Puts the cursor on the first line of an empty terminal."""


class Showing:
    """A component that is drawn once or again and again.

    Args:
        cli: the command line.
        name: ``name`` or ``plugin:name``.
        options: what the component is given beside data.
        export: the file to write to; None means standard output.
        width: columns; None means those of the terminal, or of an exported drawing.
    """

    def __init__(
        self, cli: LocalAgentCLI, name: str, options: Mapping[str, Any], *, export: Path | None, width: int | None
    ) -> None:
        self._cli = cli
        self._name = name
        self._options = options
        self._export = export
        self._width = width

    @cached_property
    def _owner(self) -> str | None:
        return components.owner_of(self._name, self._cli.plugin_manager)

    @property
    def _component(self) -> Component:
        if self._owner is not None:
            self._cli.host.loop.run_own(self._cli.plugin_manager.require(self._owner))
        plain = self._name.rpartition(":")[2]
        return self._cli.host.ui.find(f"{self._owner or OWNER}:{plain}")

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files of plugins whose saves count."""
        return self._cli.plugin_manager.followed_files

    def follow_saves(self) -> None:
        """From now on notice what is saved of the component's plugin, as far as development mode wants it.

        Raises:
            PluginNotAvailable: as `draw`.
        """
        self._cli.plugin_manager.follow_saves()
        self.require()

    def take_up_saves(self) -> None:
        """Draw with what was saved since from now on."""
        self._cli.host.loop.run_own(self._cli.plugin_manager.take_up_saves())

    def require(self) -> None:
        """See that there is something to draw with.

        Raises:
            PluginNotAvailable: as `draw`.
        """
        _ = self._component

    def draw(self, source: Path | bytes | None) -> bool:
        """Draw the data in a file or in bytes, or a sample; whether the component did not fail.

        Raises:
            PluginNotAvailable: there is no such component, or its plugin cannot be loaded.
            UsageError: the data or options do not fit.
            SystemProblem: what was drawn cannot be written.
        """
        from localagent.ui.drawing import Drawing
        from localagent.ui.exporting import export

        component = self._component
        data = self._data(component, source)
        # What the component itself asks the host for is drawn in the same place.
        screen = self._cli.host.ui.screen = self._screen()
        with output.writing(), self._executing(component):
            drawing = Drawing.make(component, data, self._options, screen)
            with nullcontext() if self._export is not None else screen.console.capture() as text:
                screen.console.print(drawing, end="")
        if drawing.failure is not None:
            self._tell_failure(drawing.failure)
        elif self._export is not None:
            export(screen.console, self._export, title=component.name)
            output.tell(f"wrote {self._export}")
        elif text is not None and not drawing.is_drawn:
            output.show("\n".join(map(str.rstrip, text.get().rstrip("\n").split("\n"))))
        return drawing.failure is None

    def _screen(self) -> Screen:
        from localagent.ui.exporting import recording
        from localagent.ui.screen import Screen

        if self._export is not None:
            return recording(self._width)
        return Screen(output.MaskedStream(sys.stdout), width=self._width)

    def _executing(self, component: Component) -> AbstractContextManager[None]:
        if component.plugin == OWNER:
            return nullcontext()
        return self._cli.plugin_manager.executing(component.plugin)

    def _data(self, component: Component, source: Path | bytes | None) -> Any:
        """The data of a source, or those that show what a component can do."""
        from localagent.ui.drawing import shaped
        from localagent.ui.reading import ANY_DATA, parse_data, read_data
        from localagent.ui.shapes import WANTED

        built_in = BUILT_IN.get(same_name(component.name))
        wanted = WANTED.get(built_in.shape, ANY_DATA) if built_in is not None else ANY_DATA
        try:
            if isinstance(source, Path):
                data = read_data(source, wanted=wanted)
            elif source is not None:
                takes_text = same_name(component.name) in TAKE_TEXT
                data = parse_data(source, "standard input", wanted=wanted, takes_text=takes_text)
            else:
                output.tell("no --data given; this is a sample")
                data = built_in.sample if built_in is not None else BUILT_IN["data_table"].sample
            return shaped(component, data)
        except UnfitData as error:
            raise _placed(error, source) from error

    def _tell_failure(self, failure: PluginFailed) -> None:
        """Draw what went wrong on standard error.

        Raises:
            PluginFailed: traces are wanted, or it was standard output that failed.
        """
        from localagent.ui.drawing import failure_panel
        from localagent.ui.screen import Screen

        if self._cli.debug or failure.__cause__ is streams.failure() is not None:
            raise failure
        screen = Screen(output.MaskedStream(sys.stderr), width=self._width)
        screen.console.print(failure_panel(failure))


def follow(showing: Showing, file: Path) -> None:
    """Draw the data in a file now and after each change, until a signal comes; what is wrong with them is told.

    In development mode a change of the component's code counts, too.

    Raises:
        PluginNotAvailable: as `Showing.draw`; later it is only told, as the plugin may come back.
    """
    changes: queue.SimpleQueue[None] = queue.SimpleQueue()
    showing.follow_saves()
    watch = Watch(lambda: [file, *showing.sources], lambda: changes.put(None))
    try:
        while True:
            if sys.stdout.isatty():
                sys.stdout.write(_CLEARED)
            try:
                showing.require()
            except PluginNotAvailable as error:
                output.tell_error(error)
            else:
                _draw_what_fits(showing, file)
            sys.stdout.flush()
            changes.get()
            showing.take_up_saves()
    finally:
        watch.stop()


def _draw_what_fits(showing: Showing, file: Path) -> None:
    try:
        showing.draw(file)
    except UsageError as error:
        output.tell_error(error)


def _placed(error: UnfitData, source: Path | bytes | None) -> UnfitData:
    """The error with the place of what is at fault in the data."""
    from localagent.ui.reading import place_of

    if error.line is not None or source is None:
        return error
    content = source if isinstance(source, bytes) else source.read_bytes()
    file = "standard input" if isinstance(source, bytes) else str(source)
    line, column = place_of(content, error.path)
    return UnfitData(error.message, wanted=error.wanted, path=error.path, file=file, line=line, column=column)
