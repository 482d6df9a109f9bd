"""LocalAgent's home folder: where everything it keeps lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from localagent.errors import UsageError
from localagent.services.home_folder import home_folder, is_of_nobody, named_home

if TYPE_CHECKING:
    from collections.abc import Mapping


class Home(NamedTuple):
    """The paths below one home folder; nothing is created by asking for them."""

    path: Path

    @classmethod
    def find(cls, path: str | Path | None = None, environ: Mapping[str, str] = os.environ) -> Home:
        """The home given, else ``$LOCALAGENT_HOME``, else ``~/.localagent``; always absolute, see `home_folder`.

        Raises:
            UsageError: it begins with ``~`` and the name of nobody.
        """
        named = named_home(path, environ)
        if not named.startswith("~/") and is_of_nobody(named):
            raise UsageError(
                f"the home '{named}' cannot be found: there is no such user",
                fix="name an existing folder by --home or LOCALAGENT_HOME",
            )
        return cls(Path(home_folder(path, environ)))

    @property
    def config_file(self) -> Path:
        """The user's configuration."""
        return self.path / "config.yaml"

    @property
    def development_file(self) -> Path:
        """Settings of development mode; its existence turns the mode on."""
        return self.path / "development.yaml"

    @property
    def lock_file(self) -> Path:
        """The desired state: what is enabled, from which source."""
        return self.path / "plugins.lock"

    @property
    def trust_file(self) -> Path:
        """Development folders whose code the user agreed to run."""
        return self.path / "trusted.json"

    @property
    def plugins(self) -> Path:
        """Folder plugins of the user."""
        return self.path / "plugins"

    @property
    def environments(self) -> Path:
        """The environments that installed plugins live in."""
        return self.path / "environments"

    @property
    def records_file(self) -> Path:
        """What preflights learned."""
        return self.path / "cache" / "records.json"

    @property
    def runs_file(self) -> Path:
        """What is recorded of the runs of workflows."""
        return self.path / "runs" / "runs.db"

    @property
    def journal(self) -> Path:
        """What each running process is doing in plugins' code."""
        return self.path / "journal"

    @property
    def quarantine_file(self) -> Path:
        """Plugins that are kept out since a process died in their code."""
        return self.path / "quarantine.json"

    def settings_file(self, plugin: str) -> Path:
        """The settings file of one plugin."""
        return self.path / f"{plugin}.yaml"

    def data(self, plugin: str) -> Path:
        """The folder for one plugin's own files."""
        return self.path / "data" / plugin

    @property
    def log_lines(self) -> Path:
        """What plugins and host log, a line of JSON each."""
        return self.path / "logs" / "localagent.jsonl"

    def log_file(self, plugin: str) -> Path:
        """Where a plugin's captured output goes."""
        return self.path / "logs" / f"{plugin}.log"
