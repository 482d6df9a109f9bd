"""What finding plugins costs, when nothing changed and when something did, against the standard library and npe2."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Place, Workshop, change
from generated import Distribution, entry_point, install, package_of

_SURVEY = (
    "from localagent.host.situation import Situation; from localagent.host.survey import survey; "
    "survey(Situation.read())"
)
_ENTRY_POINTS = "import importlib.metadata; importlib.metadata.entry_points()"

_NAPARI = """\
name: {name}
display_name: {name}
schema_version: 0.2.1
contributions:
  commands:
    - id: {name}.hello
      title: Greet somebody
      python_name: {package}:hello
"""

_LISTING = Quantity("plugins list, 100", less="plugins list, 0")
_NPE2_LISTING = Quantity("npe2 list, 100", less="npe2 list, 0")
_WARM = Quantity("warm, 1000", less="warm, 0")
_METADATA = Quantity("entry_points(), 1000", less="entry_points(), 0")

ROWS = (
    Row("warm discovery, per plugin, against entry_points()", _WARM, _METADATA, 0.5),
    Row(
        "rebuild at 1000 after a change against entry_points()",
        Quantity("rebuild, 1000"),
        Quantity("entry_points(), 1000"),
        1.5,
    ),
    Row(
        "the same, without manifests",
        Quantity("rebuild, 1000 undeclared"),
        Quantity("entry_points(), 1000"),
        1.5,
    ),
    # Without a goal: nearly all of it is the YAML library's time, once for each manifest and never again.
    Row(
        "the very first look at 1000 against entry_points()",
        Quantity("first, 1000"),
        Quantity("entry_points(), 1000"),
    ),
    Row("plugins list, 100 against npe2 list", Quantity("plugins list, 100"), Quantity("npe2 list, 100"), 0.5),
    Row("plugins list, per plugin, against npe2 list", _LISTING, _NPE2_LISTING, 0.05),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part."""
    for count in (0, 1000):
        place = workshop.place("light", count)
        yield Contestant(f"warm, {count}", (place.python, "-c", _SURVEY), place.env, workshop.work)
        yield Contestant(f"entry_points(), {count}", (place.python, "-c", _ENTRY_POINTS), place.env, workshop.work)
    yield from _rebuilds(workshop)
    for count in (0, 100):
        place = workshop.place("light", count)
        yield Contestant(f"plugins list, {count}", (place.localagent, "plugins", "list"), place.env, workshop.work)
    npe2 = workshop.peer("npe2")
    if npe2:
        for count in (0, 100):
            site = workshop.folder / f"napari-{count}"
            site.mkdir()
            install(site, [_napari_plugin(f"plugin-{number:04}") for number in range(count)])
            yield Contestant(f"npe2 list, {count}", (npe2, "list"), workshop.peer_env(site), workshop.work)


def _rebuilds(workshop: Workshop) -> Iterator[Contestant]:
    for name, kind in (("rebuild, 1000", "light"), ("rebuild, 1000 undeclared", "undeclared")):
        place = workshop.place(kind, 1000, "rebuilt")
        prepare = functools.partial(change, place)
        yield Contestant(name, (place.python, "-c", _SURVEY), place.env, workshop.work, prepare)
    place = workshop.place("light", 1000, "first")
    prepare = functools.partial(_forget, place)
    yield Contestant("first, 1000", (place.python, "-c", _SURVEY), place.env, workshop.work, prepare)


def _forget(place: Place) -> None:
    shutil.rmtree(place.home / "cache", ignore_errors=True)


def _napari_plugin(name: str) -> Distribution:
    package = package_of(name)
    files = {
        f"{package}/__init__.py": "def hello():\n    print('hello')\n",
        f"{package}/napari.yaml": _NAPARI.format(name=name, package=package),
    }
    return Distribution(name, entry_point("napari.manifest", name, f"{package}:napari.yaml"), files)
