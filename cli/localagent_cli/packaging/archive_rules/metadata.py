"""Rules LA517 to LA519, LA522 and LA524: an index takes the metadata, and shows them well; the ranges are right."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.errors import MissingExtra
from localagent.manifest.names import normalised
from localagent.manifest.wording import shown
from localagent.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.metadata import RawMetadata
    from packaging.specifiers import SpecifierSet

    from localagent_cli.packaging.archive import Archive

_MINORS = range(11, 30)
_FIX = "correct [project] in pyproject.toml, and build again"


def unrendered_readme(archive: Archive) -> Iterator[Finding]:
    """Descriptions that an index shows as plain text or not at all."""
    description = archive.metadata.get("description", "").strip()
    if not archive.metadata or not archive.metadata.get("name"):
        return
    where = archive.at(archive.metadata_path)
    if not description or description == "UNKNOWN":
        yield Finding("there is no description", where, 'write in [project]: readme = "README.md"')
        return
    kind = archive.metadata.get("description_content_type", "text/x-rst").partition(";")[0].strip().lower()
    problem = _rendering_problem(description, kind)
    if problem:
        yield Finding(
            f"the description cannot be shown: {shown(problem)}", where, "correct the readme, and build again"
        )


def invalid_metadata(archive: Archive) -> Iterator[Finding]:
    """Fields that the specification of core metadata does not allow."""
    from packaging.metadata import Metadata

    if not archive.metadata:
        return
    try:
        Metadata.from_raw(_as_twine_does(archive.metadata))
    except ExceptionGroup as group:
        for error in group.exceptions:
            yield Finding(shown(str(error), limit=200), archive.at(archive.metadata_path), _FIX)


def other_ranges(archive: Archive) -> Iterator[Finding]:
    """Ranges that shut this LocalAgent out, or a Python that the manifest promises."""
    where = archive.at(archive.metadata_path)
    allowed, lowest = _specifiers(archive.metadata.get("requires_python", "")), _limit(archive, "python_min_version")
    if allowed and lowest and not (allowed.contains(lowest) or allowed.contains(f"{lowest}.99")):
        message = f"Python {shown(lowest)} is promised, but Requires-Python is '{shown(str(allowed))}'"
        yield Finding(message, archive.packed.where("compatibility", "python_min_version"), "name one version in both")
    for text in archive.metadata.get("requires_dist", []):
        host = _host_range(text)
        if host is not None and not host.contains(__version__, prereleases=True):
            message = f"it needs localagent{host}, and this is {__version__}"
            yield Finding(message, where, "correct the range, or build with a LocalAgent that is in it")
    lowest, highest = (_limit(archive, f"localagent_{which}_version") for which in ("min", "max"))
    if not _is_between(lowest, __version__, highest):
        message = f"the manifest asks for LocalAgent {_limits_text(lowest, highest)}, and this is {__version__}"
        yield Finding(message, archive.packed.where("compatibility"), "correct the limits")


def open_pythons(archive: Archive) -> Iterator[Finding]:
    """Metadata without a range of Python, or with one that no LocalAgent runs on."""
    text, where = archive.metadata.get("requires_python", ""), archive.at(archive.metadata_path)
    if not archive.metadata.get("name"):
        return
    if not text:
        yield Finding("there is no Requires-Python", where, 'write in [project]: requires-python = ">=3.11"')
        return
    allowed = _specifiers(text)
    if allowed is not None and not any(allowed.contains(f"3.{minor}.99") for minor in _MINORS):
        message = f"Requires-Python '{shown(text)}' leaves out every Python that LocalAgent runs on"
        yield Finding(message, where, "allow 3.11 and later")


def refused_by_indexes(archive: Archive) -> Iterator[Finding]:
    """What PyPI and its like do not take, although it is valid."""
    where = archive.at(archive.metadata_path)
    for text in archive.metadata.get("requires_dist", []):
        if re.match(r"\s*[\w.-]+\s*(\[[^\]]*\])?\s*@", text):
            message = f"the requirement '{shown(text)}' names an address, which indexes refuse"
            yield Finding(message, where, "require a version instead")
    if "+" in archive.metadata.get("version", ""):
        yield Finding("the version has a local part, which indexes refuse", where, "leave out what follows the '+'")
    if any("Private ::" in each for each in archive.metadata.get("classifiers", [])):
        yield Finding("a classifier 'Private ::' keeps it from being uploaded", where, "remove it to publish")


def _rendering_problem(description: str, kind: str) -> str:
    """Why an index cannot show the description; empty where it can."""
    if kind in {"text/markdown", "text/plain"}:
        return ""  # whatever they hold can be shown
    if kind != "text/x-rst":
        return f"its type is '{kind}'"
    try:
        from readme_renderer import rst
    except ImportError as error:
        raise MissingExtra("dev", needed_for="checking what is published") from error
    stream = io.StringIO()
    if rst.render(description, stream=stream) is not None:
        return ""
    said = re.search(r"<string>:(\d*): \(\w+/\d\) (.*)", stream.getvalue())
    return f"line {said[1]}: {said[2]}" if said else "it is not valid reStructuredText"


def _as_twine_does(metadata: RawMetadata) -> RawMetadata:
    """Without the field that setuptools writes before the version of the format that has it."""
    kept = metadata.copy()
    if kept.get("metadata_version", "0") in {"1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3"}:
        kept.pop("license_files", None)
    return kept


def _host_range(requirement: str) -> SpecifierSet | None:
    """The range of LocalAgent's versions that a requirement asks for; None where it is about something else."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(requirement)
    except InvalidRequirement:
        return None
    return parsed.specifier if normalised(parsed.name) == "localagent" else None


def _specifiers(text: str) -> SpecifierSet | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


def _limit(archive: Archive, key: str) -> str:
    """A limit of the manifest, empty where there is none that can be read."""
    from packaging.version import InvalidVersion, Version

    text = archive.packed.text("compatibility", key)
    try:
        return str(Version(text)) if text else ""
    except InvalidVersion:
        return ""


def _limits_text(lowest: str, highest: str) -> str:
    """Two limits, or the one that there is, as an author would say them."""
    if lowest and highest:
        return f"{lowest} to {highest}"
    return f"{lowest} or later" if lowest else f"{highest} or earlier"


def _is_between(lowest: str, version: str, highest: str) -> bool:
    from packaging.version import Version

    here = Version(Version(version).base_version)
    return (not lowest or Version(lowest) <= here) and (not highest or here <= Version(highest))


RULES = (
    Rule(
        "LA517",
        "The readme can be shown",
        unrendered_readme,
        tier=Tier.SILVER,
        explanation="An index refuses a description that it cannot show; that is known before anything is uploaded.",
        bad="A title\n==\n\n.. note:\nnot reStructuredText\n",
        good='[project]\nreadme = "README.md"\n',
    ),
    Rule(
        "LA518",
        "The core metadata are valid",
        invalid_metadata,
        tier=Tier.BRONZE,
        explanation="Indexes and installers refuse fields that the specification does not allow.",
        bad="Version: one\n",
        good="Version: 1.0.0\n",
    ),
    Rule(
        "LA519",
        "The ranges of Python and LocalAgent are right",
        other_ranges,
        tier=Tier.BRONZE,
        explanation="What the ranges leave out cannot be had: the plugin is not installed there, or not loaded.",
        bad="Requires-Dist: localagent>=9\n",
        good="Requires-Dist: localagent>=1\n",
    ),
    Rule(
        "LA522",
        "An index takes it",
        refused_by_indexes,
        tier=Tier.SILVER,
        explanation="Requirements by address and local versions work from files, and are refused by indexes.",
        bad="Requires-Dist: helper @ https://example.org/helper.whl\n",
        good="Requires-Dist: helper>=1\n",
    ),
    Rule(
        "LA524",
        "The metadata name the Pythons it runs on",
        open_pythons,
        tier=Tier.SILVER,
        explanation="Without Requires-Python installers offer the plugin to Pythons on which it cannot be parsed.",
        bad="Requires-Dist: rich>=14\n",
        good="Requires-Python: >=3.11\n",
    ),
)
