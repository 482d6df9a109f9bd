"""Catalogues of plugins: one JSON file beside the wheels that it names, to be served as it is or used from the disk."""

from __future__ import annotations

import difflib
import json
import platform
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from localagent.errors import PluginNotAvailable, RefusedError, UsageError
from localagent.manifest.names import normalised
from localagent_cli.installing import manifest_of_wheel
from localagent_cli.packaging.demand import sha256_of
from localagent_cli.packaging.fetching import download
from localagent_cli.packaging.installed import wheel_distribution
from localagent_cli.packaging.plan import verify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement

CATALOGUE = "catalogue.json"
"""The name of the file."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a plugin.

    Attributes:
        version: PEP 440.
        file: the wheel's name; it lies beside the catalogue.
        sha256: of the wheel, in hexadecimal digits.
        size: in bytes.
        requires_python: a range of versions, or empty.
    """

    version: str
    file: str
    sha256: str
    size: int
    requires_python: str

    @property
    def fits(self) -> bool:
        """Whether it can be installed here."""
        try:
            tags = parse_wheel_filename(self.file)[3]
            is_for_python = SpecifierSet(self.requires_python).contains(platform.python_version(), prereleases=True)
        except (InvalidWheelFilename, InvalidSpecifier):
            return False
        return is_for_python and not tags.isdisjoint(sys_tags())


@dataclass(frozen=True, slots=True)
class Entry:
    """One plugin package of a catalogue.

    Attributes:
        name: as its manifest says.
        distribution: normalised.
        description: one sentence.
        kinds: of its plugins.
        tags: as its manifest says.
        score: bronze, silver, gold or platinum; None where nobody measured it.
        releases: newest first.
        place: the catalogue's folder or the address of its folder.
    """

    name: str
    distribution: str
    description: str
    kinds: tuple[str, ...]
    tags: tuple[str, ...]
    score: str | None
    releases: tuple[Release, ...]
    place: str = ""

    @property
    def newest(self) -> Release:
        """The newest version."""
        return self.releases[0]

    def to_dict(self) -> dict[str, Any]:
        """The entry as the file has it."""
        values = asdict(self)
        del values["place"]
        versions = values.pop("releases")
        return {**values, "versions": versions}


def make_catalogue(folder: Path) -> tuple[Entry, ...]:
    """Write the catalogue of all plugins whose wheels lie in a folder, and give its entries.

    ``NAME.score.json`` beside the wheels, as ``dev score --json`` prints it, tells a distribution's score.

    Raises:
        RefusedError: a wheel is not safe.
        SystemProblem: the catalogue cannot be written.
        UsageError: there are no wheels.
        ValidationError: a wheel is no plugin's.
    """
    from localagent.services.files import write_text

    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise UsageError("no wheels in this folder", file=folder, fix="localagent dev build --out FOLDER")
    found: dict[str, Entry] = {}
    for wheel in wheels:
        entry = _entry_of(wheel)
        known = found.get(entry.distribution)
        found[entry.distribution] = entry if known is None else _joined(known, entry)
    entries = tuple(found[name] for name in sorted(found))
    content = {"version": 1, "plugins": [entry.to_dict() for entry in entries]}
    write_text(folder / CATALOGUE, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    (folder / CATALOGUE).chmod(0o644)  # to be served
    return entries


def read_catalogue(place: str, work: Path) -> tuple[Entry, ...]:
    """The entries of the catalogue in a folder or at an address.

    Args:
        place: a folder, or the address of a folder or of the file itself.
        work: a folder for files on their way.

    Raises:
        SystemProblem: it cannot be fetched.
        UsageError: there is none, or it is not one by its schema.
    """
    if _is_address(place):
        file = work / CATALOGUE
        base = place.removesuffix(CATALOGUE).rstrip("/")
        download(f"{base}/{CATALOGUE}", file)
    else:
        base = str(Path(place).expanduser().resolve())
        file = Path(base) / CATALOGUE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"no catalogue in {place}: {error}", fix=f"localagent dev index {place}") from error
    _refuse_other_shape(content, place)
    return tuple(_read(plugin, base) for plugin in content["plugins"])


def search(term: str, entries: Iterable[Entry]) -> list[Entry]:
    """The entries with every word of `term` in name, description, kinds or tags; those with it in the name first."""
    words = term.lower().split()
    found = [entry for entry in entries if all(word in _text(entry) for word in words)]
    return sorted(found, key=lambda entry: (not all(word in entry.name.lower() for word in words), entry.name))


def find(requirement: Requirement, place: str, work: Path) -> tuple[Entry, Release]:
    """The newest release in a catalogue that a requirement means and that can be installed here.

    Raises:
        PluginNotAvailable: there is none.
        SystemProblem: the catalogue cannot be fetched.
        UsageError: there is no catalogue.
    """
    entries = read_catalogue(place, work)
    wanted = normalised(requirement.name)
    named = next((each for each in entries if wanted in (normalised(each.name), each.distribution)), None)
    if named is None:
        near = difflib.get_close_matches(wanted, [each.name for each in entries], n=1)
        raise PluginNotAvailable(
            f"{place} has no plugin '{requirement.name}'",
            plugin=requirement.name,
            fix=f"did you mean '{near[0]}'?" if near else "localagent plugins search TERM",
        )
    for release in named.releases:
        if release.fits and requirement.specifier.contains(release.version, prereleases=bool(requirement.specifier)):
            return named, release
    there = ", ".join(release.version for release in named.releases)
    raise PluginNotAvailable(
        f"{place} has no version of {named.name} that is meant by '{requirement}' and runs here, only {there}",
        plugin=named.name,
    )


def fetch(entry: Entry, release: Release, work: Path) -> Path:
    """The wheel of a release, which is the one that the catalogue tells.

    Raises:
        RefusedError: it is another one.
        SystemProblem: it cannot be fetched.
    """
    if _is_address(entry.place):
        file = work / release.file
        download(f"{entry.place}/{release.file}", file)
    else:
        file = Path(entry.place) / release.file
    if not file.is_file() or sha256_of(file) != release.sha256:
        raise RefusedError(
            f"{release.file} is not the wheel that the catalogue tells: its hash differs",
            file=file,
            fix=f"localagent dev index {entry.place}",
        )
    return file


def _is_address(place: str) -> bool:
    return place.startswith(("https://", "http://"))


def _entry_of(wheel: Path) -> Entry:
    verify(wheel, plugin=True)
    distribution, manifest = wheel_distribution(wheel), manifest_of_wheel(wheel)
    release = Release(
        distribution.version, wheel.name, sha256_of(wheel), wheel.stat().st_size, distribution.requires_python
    )
    return Entry(
        name=manifest.name if manifest else distribution.name,
        distribution=distribution.name,
        description=manifest.description if manifest else "",
        kinds=manifest.plugin_types if manifest else (),
        tags=manifest.tags if manifest else (),
        score=_score(wheel.with_name(f"{distribution.name}.score.json")),
        releases=(release,),
    )


def _joined(known: Entry, other: Entry) -> Entry:
    """Two versions of one plugin; what is told of it is what its newest says."""
    newest = max(known, other, key=lambda entry: Version(entry.newest.version))
    releases = sorted((*known.releases, *other.releases), key=lambda release: Version(release.version), reverse=True)
    return replace(newest, releases=tuple(releases))


def _score(file: Path) -> str | None:
    try:
        tier = json.loads(file.read_text(encoding="utf-8")).get("tier")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"not what 'dev score --json' prints: {error}", file=file) from error
    return tier if isinstance(tier, str) else None


def _refuse_other_shape(content: Any, place: str) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(files("localagent_cli.packaging").joinpath("catalogue.schema.json").read_text(encoding="utf-8"))
    validator: Any = Draft202012Validator(schema)  # its library has no types of its own
    problem = next(iter(sorted(validator.iter_errors(content), key=lambda error: error.json_path)), None)
    if problem is not None:
        raise UsageError(f"the catalogue in {place} is not one: {problem.json_path}: {problem.message[:200]}")


def _read(plugin: dict[str, Any], place: str) -> Entry:
    return Entry(
        plugin["name"],
        canonicalize_name(plugin["distribution"]),
        plugin["description"],
        tuple(plugin["kinds"]),
        tuple(plugin["tags"]),
        plugin["score"],
        tuple(
            Release(each["version"], each["file"], each["sha256"], each["size"], each["requires_python"])
            for each in plugin["versions"]
        ),
        place,
    )


def _text(entry: Entry) -> str:
    return " ".join((entry.name, entry.distribution, entry.description, *entry.kinds, *entry.tags)).lower()
