"""The one way from the host into plugin code: what a plugin raises becomes a `PluginFailed` with its place."""

from __future__ import annotations

import inspect
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import PluginFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

_HOST_CODE = f"{Path(__file__).resolve().parents[1]}/"


@dataclass(frozen=True, slots=True)
class Guard:
    """Calls code of one plugin.

    Attributes:
        plugin: whose code it is.
        root: the folder or file its code lies in; used to name the line at fault.
    """

    plugin: str
    root: Path | None = None

    def call(
        self,
        step: str,
        function: Callable[..., T],
        *arguments: Any,
        passing: tuple[type[BaseException], ...] = (),
    ) -> T:
        """Call `function`.

        Args:
            step: what is being done, in one word.
            function: code of the plugin.
            arguments: what it is called with.
            passing: exceptions that mean no failure here and pass through.

        Raises:
            PluginFailed: the function raised anything else, `SystemExit` included.
        """
        try:
            return function(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, passing):
                raise
            raise self.failure(step, error) from error

    async def call_async(self, step: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call `function` and await what it gives if that can be awaited.

        Raises:
            PluginFailed: as `call`.
        """
        import asyncio

        try:
            result = function(*arguments)
            return await result if inspect.isawaitable(result) else result
        except KeyboardInterrupt:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise self.failure(step, error) from error
        except BaseException as error:
            raise self.failure(step, error) from error

    def failure(self, step: str, error: BaseException) -> PluginFailed:
        """`error` as the host tells it: step, cause, file and line of the plugin, and the way out."""
        file, line = self._place(error)
        message, fix = _explain(error)
        return PluginFailed(f"{step}: {message}", plugin=self.plugin, step=step, file=file, line=line, fix=fix)

    def _place(self, error: BaseException) -> tuple[str | None, int | None]:
        """The line of the plugin that was running last; the last line outside the host where none is known."""
        if isinstance(error, SyntaxError) and isinstance(error.filename, str):
            return error.filename, error.lineno
        frames = [
            (frame.filename, frame.lineno)
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith(("<frozen", _HOST_CODE))
        ]
        own = [frame for frame in frames if self.root is not None and frame[0].startswith(str(self.root))]
        return next(iter((own or frames)[::-1]), (None, None))


def _explain(error: BaseException) -> tuple[str, str | None]:
    """What went wrong in one sentence, and the command that mends it where one is known."""
    try:
        return _told(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - what an exception says of itself is the plugin's code as well
        return type(error).__name__, None


def _told(error: BaseException) -> tuple[str, str | None]:
    if isinstance(error, ModuleNotFoundError) and error.name:
        module = error.name.partition(".")[0]
        return f"needs the module '{error.name}', which is not installed", f"python -m pip install {module}"
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}", None
    if isinstance(error, SystemExit):
        return f"asked the whole process to exit (SystemExit({error.code!r}))", None
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, None
