"""What one run of the host starts from: what it was asked for, and what the user set."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from localagent.errors import ConfigError, ManifestError
from localagent.host.budgets import Budgets, read_budgets, unhurried
from localagent.services.development import Development, flag, read_development
from localagent.services.home import Home
from localagent.services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from localagent.services.given import Given

_DEBUGGERS = frozenset({"debugpy", "pydevd"})
"""What those of editors import into the process before anything else."""


SAFE_MODE = "LOCALAGENT_NO_PLUGINS"
"""The variable that switches all plugins off."""


class HostOptions(NamedTuple):
    """What one run of the host was asked for.

    Attributes:
        home: LocalAgent's home; None means ``$LOCALAGENT_HOME`` or ``~/.localagent``.
        plugins: False switches all plugins off, as the variable ``LOCALAGENT_NO_PLUGINS`` does.
        only: names of the plugins that may run; None means all that are enabled.
        reserved: command names that plugins cannot have.
        extra: source folders whose plugins run in this run, enabled or not.
        installed: whether plugins of installed distributions are looked for.
        budgets: seconds each step may take, where the user's ``config.yaml`` says nothing else.
        given: settings of plugins that count before all others.
        journal: whether what plugins did is written down for later runs: their steps, so that the next one knows what
            a process died of, and how many messages they had.
        meeting: entered with names of plugins while a preflight looks at these, so that who waits can be told.
    """

    home: Path | None = None
    plugins: bool = True
    only: frozenset[str] | None = None
    reserved: frozenset[str] = frozenset()
    extra: tuple[Path, ...] = ()
    installed: bool = True
    budgets: Budgets = Budgets()
    given: tuple[Given, ...] = ()
    journal: bool = True
    meeting: Callable[[Sequence[str]], contextlib.AbstractContextManager[object]] = contextlib.nullcontext

    @property
    def sees_all(self) -> bool:
        """Whether such a run finds what any other one over the same home finds."""
        return self.plugins and self.installed and self.only is None and not self.extra


class Situation(NamedTuple):
    """Options, home, settings, development mode and time limits, read once."""

    options: HostOptions
    home: Home
    current: Path
    settings: Settings
    development: Development
    budgets: Budgets

    @classmethod
    def read(cls, options: HostOptions | None = None, environ: Mapping[str, str] = os.environ) -> Situation:
        """The situation over the home that `options` or the environment name.

        Raises:
            ConfigError: a ``LOCALAGENT_`` variable cannot be understood. A broken ``config.yaml`` or
                ``development.yaml`` does not raise: ``settings.problem`` says why plugins stay off.
        """
        options = options or HostOptions()
        if flag(environ, SAFE_MODE):
            options = options._replace(plugins=False)
        home = Home.find(options.home, environ)
        current = _current_folder()
        settings = Settings(home, environ, given=options.given)
        development = _development(settings, environ, current)
        return cls(options, home, current, settings, development, _budgets(options, settings))


def _development(settings: Settings, environ: Mapping[str, str], current: Path) -> Development:
    """Development mode; off where its file cannot be understood, which is a problem of the settings as any other."""
    try:
        return read_development(settings.home, environ, current)
    except (ConfigError, ManifestError) as problem:
        if problem.file is None:
            raise
        settings.problem = settings.problem or problem
        return Development(enabled=False, loads_plugins=False, directories=(), debug=False)


def _budgets(options: HostOptions, settings: Settings) -> Budgets:
    """The time limits; ones that cannot be understood are a problem of the settings as any other there.

    In a debugger there are none to speak of, or it would end with the first breakpoint.
    """
    try:
        budgets = read_budgets(settings.user.get("budgets"), over=options.budgets, file=settings.home.config_file)
    except ConfigError as problem:
        settings.problem = problem
        budgets = options.budgets
    return unhurried(budgets) if _DEBUGGERS & sys.modules.keys() else budgets


def _current_folder() -> Path:
    """The working directory, or the root folder where it was deleted under us."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")
