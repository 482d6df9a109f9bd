"""What costs grow to with the number of plugins, here and where each plugin is imported at every start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Curve, Quantity, Row
from benchmarks.workshop import Workshop
from generated import Distribution, install, package_of

COUNTS = (0, 10, 100, 1000)
_COMMAND = "plugin-0000"
_COMMANDS = {
    "localagent --version": ("--version",),
    "localagent --help": ("--help",),
    "localagent plugins list": ("plugins", "list"),
    "one plugin's command": (_COMMAND,),
}
_LOADERS = {
    "pluggy": "import pluggy; pluggy.PluginManager('race').load_setuptools_entrypoints('race.modules')",
    "stevedore": "from stevedore import ExtensionManager; ExtensionManager('race.classes', invoke_on_load=True)",
    "llm": "from llm.plugins import load_plugins; load_plugins()",
}
_LISTED = "localagent plugins list"
_STRANGER = {
    "{package}.py": "class ThePlugin:\n    pass\n",
    "{package}_llm.py": "import llm\n\n\n@llm.hookimpl\ndef register_commands(cli):\n    pass\n",
}
_STRANGERS_ENTRY_POINTS = """\
[race.modules]
{name} = {package}

[race.classes]
{name} = {package}:ThePlugin

[llm]
{name} = {package}_llm
"""


def _loads(peer: str) -> str:
    return f"{peer} loads all"


def _counts(name: str) -> tuple[int, ...]:
    """Numbers of plugins to measure at; a plugin's command needs one plugin at least."""
    return COUNTS if name != "one plugin's command" else (1, *COUNTS[1:])


def _curve(name: str, plot: str) -> Curve:
    return Curve(name, plot, {count: f"{name}, {count}" for count in _counts(name)})


CURVES = (
    *(_curve(name, "commands") for name in _COMMANDS),
    _curve(_LISTED, "peers"),
    *(_curve(_loads(peer), "peers") for peer in _LOADERS),
)

ROWS = tuple(
    Row(
        f"what 1000 plugins add to plugins list against what they add to loading all by {peer}",
        Quantity(f"{_LISTED}, 1000", less=f"{_LISTED}, 0"),
        Quantity(f"{_loads(peer)}, 1000", less=f"{_loads(peer)}, 0"),
    )
    for peer in _LOADERS
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part."""
    for name, words in _COMMANDS.items():
        for count in _counts(name):
            place = workshop.place("light", count)
            yield Contestant(f"{name}, {count}", (place.localagent, *words), place.env, workshop.work)
    sites = {count: _strangers(workshop.folder / f"strangers-{count}", count) for count in COUNTS}
    for peer, program in _LOADERS.items():
        python = workshop.place("light", 0).python if peer == "pluggy" else workshop.peer(peer, "python")
        if python is None:
            continue
        for count, site in sites.items():
            env = workshop.peer_env(site)
            yield Contestant(f"{_loads(peer)}, {count}", (python, "-c", program), env, workshop.work)


def _strangers(site: Path, count: int) -> Path:
    """A folder of so many distributions, each a plugin of every peer."""
    site.mkdir()
    install(site, [_stranger(f"plugin-{number:04}") for number in range(count)])
    return site


def _stranger(name: str) -> Distribution:
    package = package_of(name)
    files = {path.format(package=package): text for path, text in _STRANGER.items()}
    return Distribution(name, _STRANGERS_ENTRY_POINTS.format(name=name, package=package), files)
