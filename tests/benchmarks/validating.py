"""What a check of a plugin costs: against npe2, of many at once, and of the worst input."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop
from localagent.manifest.model import SMALLEST_MANIFEST

_RACE = Path(__file__).parent / "hostile_race.py"
_WHOLE = Path(__file__).parents[2] / "examples" / "notes" / "plugin-manifest.yaml"
_INPUTS = 2000
_MANY = 200
_QUARTER = "250 ms"
_PEERS = """\
name: hello-world
display_name: Hello
contributions:
  commands:
    - id: hello-world.hello
      title: Greets
      python_name: hello_world:hello
"""

ROWS = (
    Row("dev validate against npe2 validate", Quantity("dev validate"), Quantity("npe2 validate"), 0.6),
    Row("dev validate, 200 small manifests in one call against one", Quantity("many"), Quantity("dev validate"), 3.0),
    # Nearly all of it is the library's scanner in pure Python, 3 ms for 50 lines; its C twin takes other YAML.
    Row("dev validate, 200 whole manifests in one call against one", Quantity("many whole"), Quantity("one whole")),
    Row(
        "the slowest of 2000 broken manifests, schemas and settings, in CPU time, against 250 ms",
        Quantity("slowest"),
        Quantity(_QUARTER),
        1.0,
    ),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part."""
    place = workshop.place("light", 0)
    files = [workshop.work / f"manifest-{number}.yaml" for number in range(_MANY)]
    for file in files:
        file.write_text(SMALLEST_MANIFEST, encoding="utf-8")
    whole = [_whole(workshop.work / f"whole-{number}") for number in range(_MANY)]
    words = (place.localagent, "dev", "validate")
    yield Contestant("dev validate", (*words, files[0].name), place.env, workshop.work)
    yield Contestant("many", (*words, *(file.name for file in files)), place.env, workshop.work)
    yield Contestant("one whole", (*words, whole[0]), place.env, workshop.work)
    yield Contestant("many whole", (*words, *whole), place.env, workshop.work)
    yield Contestant("slowest", (sys.executable, str(_RACE), str(_INPUTS)), _env(), workshop.work, tells_seconds=True)
    yield Contestant(_QUARTER, (sys.executable, "-c", "print(0.25)"), _env(), workshop.work, tells_seconds=True)
    npe2 = workshop.peer("npe2")
    if npe2:
        peers = workshop.work / "npe2.yaml"
        peers.write_text(_PEERS, encoding="utf-8")
        yield Contestant("npe2 validate", (npe2, "validate", peers.name), workshop.peer_env(), workshop.work)


def _whole(folder: Path) -> str:
    """A manifest that says what an author can say, alone in a folder."""
    folder.mkdir()
    shutil.copy(_WHOLE, folder)
    return f"{folder.name}/{_WHOLE.name}"


def _env() -> dict[str, str]:
    """This process's variables, with the folder of the tests on the import path."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
