"""Rendering the template with Copier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import MissingExtra
from localagent_templates import template_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Render = Callable[[Mapping[str, str], Path], None]


def renderer() -> Render:
    """Copier, told to ask nothing, print nothing, run nothing and to leave out the user's own defaults.

    Raises:
        MissingExtra: Copier is not installed.
    """
    try:
        from copier import Settings, run_copy
        from plumbum import local
    except ModuleNotFoundError as problem:
        if problem.name != "copier":
            raise
        raise MissingExtra("dev", needed_for="dev create-plugin") from None

    def render(answers: Mapping[str, str], destination: Path) -> None:
        # Copier would ask git whether the template is a repository: slow, and at the mercy of git's configuration.
        with local.env(PATH=""):
            run_copy(
                str(template_root()), destination, data=dict(answers), settings=Settings(), defaults=True, quiet=True
            )

    return render
