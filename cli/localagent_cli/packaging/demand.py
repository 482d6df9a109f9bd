"""What a resolver is asked, and what it answers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement

from localagent.errors import RefusedError, SystemProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

Tool = Literal["pip", "uv"]
"""The programs that can choose versions."""
_USUAL_PREFIX = "localagent-"
"""What the templates put before a plugin's name to name its distribution."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What shall be there afterwards.

    Attributes:
        wheels: files of plugins to install.
        requirements: what is to be taken from the index (PEP 508).
        constraints: ``name==version`` of everything that must stay as it is.
        environment: the plugin environment whose distributions count as installed.
        upgrade: whether `requirements` mean the newest version although an older one is installed.
        index: the address of a simple index that replaces the default one; empty for the default.
    """

    wheels: Sequence[Path]
    requirements: Sequence[str] = ()
    constraints: Sequence[str] = ()
    environment: Path | None = None
    upgrade: bool = False
    index: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """One wheel that the resolver chose.

    Attributes:
        name: normalised.
        version: chosen.
        url: where the wheel is; may be a ``file:`` address.
        sha256: of the wheel, in hexadecimal digits; empty where the index does not tell.
    """

    name: str
    version: str
    url: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The wheel's own name."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


class Resolver(Protocol):
    """A program that chooses versions; it installs nothing."""

    def resolve(self, demand: Demand, work: Path) -> list[Pin]:
        """The wheels that must be added so that all is there; the demand's own wheels are not among them.

        Args:
            demand: what shall be there.
            work: a folder for files on their way.

        Raises:
            RefusedError: no set of versions fits; the message ends with the program's reasons.
            SystemProblem: there is no such program, or it cannot reach the index.
        """
        ...

    def fetch(self, pins: Sequence[Pin], demand: Demand, work: Path) -> list[Path]:
        """The wheels of `pins` as files, each with the hash that it must have.

        Raises:
            RefusedError: a wheel is not the one that was planned.
            SystemProblem: a wheel cannot be had.
        """
        ...


def local_file(url: str) -> Path:
    """The file that a ``file:`` address names."""
    return Path(unquote(urlsplit(url).path))


def sha256_of(file: Path) -> str:
    """The hash of a file, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def refuse_other_content(pin: Pin, file: Path) -> None:
    """Refuse a file that is not what was chosen.

    Raises:
        RefusedError: it is another one.
        SystemProblem: it is not there.
    """
    try:
        digest = sha256_of(file)
    except OSError as error:
        raise SystemProblem(f"{pin.name} {pin.version} is not where it was: {error.strerror}", file=file) from error
    if pin.sha256 and digest != pin.sha256:
        raise RefusedError(f"{pin.name} {pin.version} is not the file that was planned: its hash differs", file=file)


def conflict(reasons: str) -> RefusedError:
    """No set of versions fits, for the program's `reasons`."""
    return RefusedError(
        f"what the plugin needs does not fit what is installed:\n{reasons}",
        fix="take another version of the plugin, or upgrade what it conflicts with",
    )


def usual_name(name: str, sentence: str) -> str:
    """`sentence` with what the templates would call the distribution of a plugin `name`; empty if it is called so."""
    return sentence.format(f"{_USUAL_PREFIX}{name}") if name and not name.startswith(_USUAL_PREFIX) else ""


def not_found(reasons: str, tool: str, demand: Demand) -> SystemProblem:
    """The index has not what is needed, or does not answer."""
    missing = next((name for name in (Requirement(each).name for each in demand.requirements) if name in reasons), "")
    # Who has read of a plugin knows the name of its manifest, by which no index finds it.
    other = usual_name(missing, "give the name of its distribution, which may be {}; or ")
    fix = f"{other}check the network and the configuration of {tool}"
    return SystemProblem(f"what the plugin needs cannot be found:\n{reasons}", fix=fix)
