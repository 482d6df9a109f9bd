"""Rendering the template with Copier."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import LocalAgentError, MissingExtra, RefusedError, UsageError
from localagent_templates import template_root

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from typing import Any

    Render = Callable[[Mapping[str, Any], Path], Mapping[str, Any]]


def renderer(template: Path | None = None, *, trust: bool = False, needed_for: str = "dev create-plugin") -> Render:
    """Copier, told to ask nothing, print nothing, run nothing and to leave out the user's own defaults.

    What it gives back are all answers, those included that the template derives from others.

    Args:
        template: the folder of a Copier template; by default LocalAgent's.
        trust: let the template run what it wants to run.
        needed_for: the command that renders, for the message.

    Raises:
        MissingExtra: Copier is not installed.
    """
    try:
        from copier import Settings, run_copy
        from plumbum import local
    except ModuleNotFoundError as problem:
        if problem.name != "copier":
            raise
        raise MissingExtra("dev", needed_for=needed_for) from None

    def render(answers: Mapping[str, Any], destination: Path) -> Mapping[str, Any]:
        # Copier would ask git whether the template is a repository: slow, and at the mercy of git's configuration.
        # What a trusted template runs, however, is to be found.
        with _plain(template or template_root()) as folder, nullcontext() if trust else local.env(PATH=""):
            made = run_copy(
                str(folder),
                destination,
                data=dict(answers),
                settings=Settings(),
                defaults=True,
                quiet=True,
                unsafe=trust,
            )
        return made.answers.combined

    return render


@contextmanager
def _plain(template: Path) -> Generator[Path]:
    """A template that Copier takes for no repository, of which it would render a commit and not what is there."""
    if not (template / ".git").exists():
        yield template
        return
    with tempfile.TemporaryDirectory(prefix="localagent-template-") as temporary:
        yield shutil.copytree(template, Path(temporary, template.name), ignore=shutil.ignore_patterns(".git"))


@contextmanager
def template_problems(template: Path | None) -> Generator[None]:
    """Turn what Copier says of answers and templates into our words.

    Raises:
        RefusedError: the template wants to run something.
        UsageError: an answer does not hold, or the template cannot be rendered.
        LocalAgentError: what the template ran has failed.
    """
    from copier.errors import CopierError, TaskError, UnsafeTemplateError
    from jinja2 import TemplateError

    try:
        yield
    except UnsafeTemplateError as problem:
        wanted = str(problem).partition("\n")[0]
        raise RefusedError(wanted, file=template, fix="look at what it does, then add --trust") from problem
    except TaskError as problem:
        raise LocalAgentError(f"a task of the template failed: {problem}", file=template) from problem
    except (CopierError, TemplateError, ValueError) as problem:
        raise UsageError(" ".join(str(problem).split()) or type(problem).__name__, file=template) from problem
