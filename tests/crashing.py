"""A program that writes state without end and says aloud what was acknowledged; run by the tests of crashes.

Usage: ``python crashing.py KIND FOLDER FIRST`` writes FIRST, FIRST + 1, ... and prints each number once it is kept.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

from localagent.host import consent
from localagent.host.spec import PluginSpec, Source, SourceKind
from localagent.services.config_file import set_value
from localagent.services.home import Home
from localagent.services.settings import read_mapping
from localagent.services.storage import Storage, storage_file

PLUGIN = "crash"


def storage_of(home: Home, told: Callable[[str], object] = print) -> Storage:
    return Storage(storage_file(home, PLUGIN), plugin=PLUGIN, tell=told)


def write_storage(home: Home, number: int, storage: Storage) -> None:
    """Two keys in one transaction, so that half of it would be seen."""
    with storage.transaction():
        storage.set("number", number)
        storage.set("text", f"{number} " * (number % 700))


def read_storage(home: Home) -> int:
    damage: list[str] = []
    storage = storage_of(home, damage.append)
    number = storage.get("number", 0)
    text = storage.get("text", "")
    storage.close()
    assert not damage
    assert text == f"{number} " * (number % 700)
    return int(number)


def write_settings(home: Home, number: int, _: Storage) -> None:
    set_value(home.config_file, ["plugins", PLUGIN, "config", "number"], number)


def read_settings(home: Home) -> int:
    data = read_mapping(home.config_file)
    return int(data["plugins"][PLUGIN]["config"]["number"]) if data else 0


def write_lock(home: Home, number: int, _: Storage) -> None:
    """Enable a version, or disable it: the version says which number it was."""
    if number % 2:
        source = Source(SourceKind.HOME, home.plugins / PLUGIN)
        spec = PluginSpec(name=PLUGIN, kind="", target="", source=source, version=str(number))
        consent.enable(home, spec)
    else:
        consent.disable(home, PLUGIN)


def read_lock(home: Home) -> int:
    found = consent.read_consents(home).get(PLUGIN)
    if found is None:
        return 0
    return int(found.version) + (not found.enabled)


KINDS = {
    "storage": (write_storage, read_storage),
    "settings": (write_settings, read_settings),
    "lock": (write_lock, read_lock),
}


def main(kind: str, folder: str, first: str) -> None:
    home = Home(Path(folder))
    write, _ = KINDS[kind]
    storage = storage_of(home)
    for number in itertools.count(int(first)):
        write(home, number, storage)
        os.write(1, f"{number}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
