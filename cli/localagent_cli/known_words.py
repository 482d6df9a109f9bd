"""The words that completion knows: from the index, and only where that does not hold from a look at all plugins."""

from __future__ import annotations

from localagent_cli import warm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localagent_cli.completing import Word

_RUNS = 20
"""How many runs are offered."""


class KnownWords:
    """What may stand on a command line over one home.

    Args:
        environ: the environment, which names the home.

    Attributes:
        home: the home that the command line itself names.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.home: str | None = None
        self._environ = environ

    def commands(self) -> list[tuple[str, str, str]]:
        """Name, help and owner of plugins' commands; those that only a preflight could tell are left out."""
        rows: list[tuple[str, str, str]] = self._part(warm.COMMANDS)["commands"]
        return rows

    def plugins(self) -> list[Word]:
        """The names of all plugins, each with its state and version."""
        found = self._part(warm.PLUGINS)["plugins"]
        return [(each["name"], f"{each['state']} {each['version']}".rstrip()) for each in found]

    def providers(self) -> list[Word]:
        """The names of all providers, each with its state."""
        return [(name, state) for name, state in self._part(warm.PLUGINS)["providers"]]

    def runs(self) -> list[Word]:
        """The newest recorded runs, each with its state and task; none where they cannot be read."""
        from pathlib import Path

        from localagent.errors import LocalAgentError
        from localagent.services.home import Home
        from localagent.services.home_folder import home_folder
        from localagent.workflows.runs import Runs

        runs = Runs(Home(Path(home_folder(self.home, self._environ))).runs_file, tell=lambda _: None)
        try:
            return [(run.id, f"{runs.state_of(run)}: {run.task}") for run in runs.newest(_RUNS)]
        except LocalAgentError:
            return []
        finally:
            runs.close()

    def executors(self) -> list[Word]:
        """Where agents of workflows can run."""
        from localagent.workflows.executor import EXECUTORS

        return [(name, "") for name in EXECUTORS]

    def tree(self) -> dict[str, Any]:
        """The built-in commands as `command_words.trees` describes them."""
        kept: dict[str, Any] | None = warm.read(warm.WORDS, self._environ, self.home)
        if kept is not None:
            return kept
        from localagent_cli.command_words import keep_trees

        return keep_trees(self._environ, self.home)

    def _part(self, name: str) -> Any:
        kept = warm.read(name, self._environ, self.home)
        return self._look()[name] if kept is None else kept

    def _look(self) -> dict[str, Any]:
        from pathlib import Path

        from localagent.host.situation import HostOptions, Situation
        from localagent.host.survey import survey
        from localagent.manifest.names import BUILTIN_COMMANDS

        options = HostOptions(home=None if self.home is None else Path(self.home), reserved=BUILTIN_COMMANDS)
        situation = Situation.read(options, self._environ)
        return warm.keep(survey(situation), situation)
