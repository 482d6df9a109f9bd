"""What a word means that says where a plugin comes from: folder, file, name in an index or catalogue, repository."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from localagent.errors import UsageError

_GIT = "git+"
_CATALOGUE = "catalogue+"
_SUBFOLDER = "#subdirectory="
_SDIST = ".tar.gz"
_FILES = (".whl", _SDIST)
_EXAMPLE = "localagent plugins install NAME, ./FOLDER, FILE.whl, FILE.tar.gz or git+URL@REV"


@dataclass(frozen=True, slots=True)
class Local:
    """A project folder or a source archive, which are built, or a wheel file.

    Attributes:
        path: absolute.
    """

    path: Path

    @property
    def is_sdist(self) -> bool:
        """Whether it is a source archive."""
        return self.path.name.endswith(_SDIST)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Named:
    """A distribution in an index.

    Attributes:
        requirement: with a range of versions if wanted (PEP 508).
        index: the address of a simple index (PEP 503) in place of the default; empty for the default.
    """

    requirement: Requirement
    index: str = ""

    @property
    def name(self) -> str:
        """The distribution's normalised name."""
        return canonicalize_name(self.requirement.name)

    def __str__(self) -> str:
        return f"{self.requirement} in {self.index or 'the package index'}"


@dataclass(frozen=True, slots=True)
class Git:
    """A git repository.

    Attributes:
        url: as git takes it.
        revision: branch, tag or commit; empty for the default branch.
        subfolder: of the project in the repository.
    """

    url: str
    revision: str = ""
    subfolder: str = ""

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{_GIT}{self.url}{revision}" + (f"{_SUBFOLDER}{self.subfolder}" if self.subfolder else "")


@dataclass(frozen=True, slots=True)
class Listed:
    """A plugin in a catalogue.

    Attributes:
        requirement: the plugin's or the distribution's name, with a range of versions if wanted.
        catalogue: the folder or address.
    """

    requirement: Requirement
    catalogue: str

    def __str__(self) -> str:
        return f"{_CATALOGUE}{self.catalogue}#{self.requirement}"


Source = Local | Named | Git | Listed


def parse_source(word: str | Path, *, index: str = "") -> Source:
    """The source that a user named.

    Args:
        word: as typed. What looks like a path is one; a bare word is a project folder of that name where there is one,
            else a name in the index.
        index: the index for names.

    Raises:
        UsageError: it is neither a folder, a wheel, a source archive, a name nor a repository.
    """
    text = os.fspath(word)
    if text.startswith(_GIT):
        return _git(text)
    if text.startswith(_CATALOGUE):
        place, _, name = text.removeprefix(_CATALOGUE).partition("#")
        return Listed(_requirement(name), place)
    if isinstance(word, Path) or _is_path(text):
        return _local(Path(text))
    requirement = _requirement(text)
    if requirement.url:
        raise UsageError(f"'{text}' names an address", fix=f"localagent plugins install {_source_in(requirement)}")
    return Named(requirement, index)


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"'{text}' is no source of a plugin: {_first_line(error)}", fix=_EXAMPLE) from error


def _is_path(text: str) -> bool:
    if os.sep in text or text.startswith((".", "~")) or text.endswith((*_FILES, ".zip")):
        return True
    return any(Path(text, file).is_file() for file in ("pyproject.toml", "setup.py"))


def _local(path: Path) -> Local:
    found = path.expanduser()
    if found.suffix == ".zip":
        raise UsageError("an archive of this kind is not installed", file=path, fix="unpack it, and name the folder")
    is_file = found.name.endswith(_FILES)
    if is_file and not found.is_file():
        raise UsageError("no such file", file=path, fix=_EXAMPLE)
    if not is_file and not found.is_dir():
        raise UsageError("not a plugin's folder, wheel or source archive", file=path, fix=_EXAMPLE)
    return Local(found.resolve())


def _git(text: str) -> Git:
    address, _, subfolder = text.removeprefix(_GIT).partition(_SUBFOLDER)
    # What follows the last slash may name a revision; an @ before it belongs to user@host.
    head, slash, tail = address.rpartition("/")
    name, _, revision = tail.partition("@")
    url = f"{head}{slash}{name}"
    if not url or url.startswith("-") or ".." in Path(subfolder).parts or subfolder.startswith("/"):
        raise UsageError(f"'{text}' is no git repository", fix="localagent plugins install git+https://HOST/NAME.git")
    return Git(url, revision, subfolder)


def _source_in(requirement: Requirement) -> str:
    return (requirement.url or "").removeprefix("file://")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
