"""Real hosts for tests: each over a home of its own, with nothing of the user's in it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.host import consent
from localagent.host.dependencies import requirement_name
from localagent.host.host import Host
from localagent.host.situation import Situation
from localagent.host.survey import survey
from localagent.host.variables import without_host_variables
from localagent_cli.app import LocalAgentCLI, default_options
from localagent_testing.audit.homes import note_home
from localagent_testing.fakes.bus import RecordingBus
from localagent_testing.recording import RecordingHostContext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Unpack

    from localagent.host.guard import Guard
    from localagent.host.host import BusOptions
    from localagent.host.ledger import Ledger
    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home
    from localagent.services.secrets import Grant


class RecordingHost(Host):
    """A host that gives plugins contexts and a message bus which write down what is done with them."""

    # Tests import the plugin, too, and its classes are to be the same ones throughout a run.
    reads_anew = False

    def context_for(self, guard: Guard, ledger: Ledger, grant: Grant) -> RecordingHostContext:
        """As `Host.context_for`."""
        return RecordingHostContext(self, guard, ledger, grant)

    def new_bus(self, **options: Unpack[BusOptions]) -> RecordingBus:
        """As `Host.new_bus`."""
        return RecordingBus(**options)


class TemporaryHome:
    """A home that is removed with the object that stands for it, or when the process ends.

    Unlike `tempfile.TemporaryDirectory` it does not warn when nobody removed it: a test class that only constructs
    the framework has no place to do so.

    Attributes:
        path: the folder.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="localagent-test-")).resolve()
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def open_cli(
    home: Path,
    *,
    sources: Iterable[Path] = (),
    installed: bool = False,
    environ: Mapping[str, str] | None = None,
) -> LocalAgentCLI:
    """A command line over `home`, on a host that records.

    Args:
        home: LocalAgent's home.
        sources: folders and files whose plugins run.
        installed: whether plugins of installed distributions are found, too.
        environ: the environment; None means that of the process without what steers hosts.

    Raises:
        ConfigError: the home's ``config.yaml`` cannot be used.
    """
    options = default_options()._replace(home=home, extra=tuple(sources), installed=installed, journal=False)
    situation = Situation.read(options, without_host_variables(os.environ) if environ is None else environ)
    if situation.settings.problem is not None:
        raise situation.settings.problem
    note_home(situation.home.path)
    return LocalAgentCLI(host=RecordingHost(situation))


def open_for_test(
    home: Path, specs: Sequence[PluginSpec], settings: Mapping[str, Any], *, provider: str | None = None
) -> LocalAgentCLI:
    """A command line over `home` in which the plugins under test run, and those they require.

    The environment counts as it is, since the fixture of the home unset what steers hosts.

    Args:
        home: LocalAgent's home.
        specs: the plugins under test; may be none.
        settings: what each of them is set to.
        provider: the default provider.
    """
    if provider is not None:
        write_settings(home, {}, provider=provider)
    folders = {spec.source.root for spec in specs if spec.source.is_folder}
    needs_installed = any(spec.requires or not spec.source.is_folder for spec in specs)
    cli = open_cli(home, sources=sorted(folders), installed=needs_installed, environ=os.environ)
    for spec in specs:
        give_settings(cli.host.home, spec.name, settings)
        if needs_installed:
            agree_to_run(cli.host, spec)
    return cli


def give_settings(home: Home, plugin: str, settings: Mapping[str, Any]) -> None:
    """Write the settings of one plugin to its own file; none leave no file.

    Raises:
        UsageError: as `write_settings`.
    """
    if settings:
        home.settings_file(plugin).write_text(_json(settings), encoding="utf-8")


def write_settings(
    home: Path,
    sections: Mapping[str, Any],
    *,
    provider: str | None = None,
    providers: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write ``config.yaml``.

    Args:
        home: the folder, which is made if need be.
        sections: by plugin name ``{"config": settings}``.
        provider: the default provider.
        providers: the settings of providers, by name.

    Raises:
        UsageError: a value is none that JSON can say.
    """
    chosen = {} if provider is None else {"default": provider}
    content = {"plugins": dict(sections), "providers": {**chosen, **(providers or {})}}
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.yaml").write_text(_json(content), encoding="utf-8")


def _json(content: Mapping[str, Any]) -> str:
    """`content` as a file of settings: JSON is YAML."""
    try:
        return json.dumps(content, indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the settings cannot be written to a file: {error}") from error


def agree_to_run(host: Host, spec: PluginSpec) -> None:
    """Enable a plugin, where naming its folder does not, and the installed plugins that it may require."""
    found = survey(host.situation).plugins
    agreed, wanted = {spec.name}, [spec]
    while wanted:
        agreeable = wanted.pop()
        consent.enable(host.home, agreeable)
        # What its class names beside the manifest, nobody knows before it is imported; most often that is a neighbour.
        neighbours = {name for name, each in found.items() if each.spec.source == agreeable.source}
        required = ({*map(requirement_name, agreeable.requires)} | neighbours) & found.keys() - agreed
        agreed |= required
        wanted += (found[name].spec for name in required)
