"""Uploading archives by twine, in a process of its own: credentials are twine's, and nobody here sees them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from localagent.errors import MissingExtra, SystemProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localagent_cli.packaging.publishing.target_index import TargetIndex

_TAIL = 12


def upload(archives: Sequence[Path], index: TargetIndex) -> None:
    """Upload archives with the credentials that twine finds: environment, keyring, ``.pypirc``, trusted publishing.

    Raises:
        MissingExtra: twine is not installed.
        SystemProblem: the index does not take them, or there are no credentials; the message ends with twine's words.
    """
    place = ["--repository", index.repository] if index.repository else ["--repository-url", index.upload]
    # The index was decided, and the user agreed to it: no variable may lead to another one.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TWINE_REPOSITORY")}
    _run(place, archives, environ, index.upload)


def upload_unprotected(archives: Sequence[Path], address: str) -> None:
    """Upload archives to an index that anybody may write to; nothing of the user's credentials takes part.

    Raises:
        MissingExtra: twine is not installed.
        SystemProblem: the index does not take them.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TWINE_")}
    environ |= {"TWINE_USERNAME": "rehearsal", "TWINE_PASSWORD": "rehearsal", "NO_PROXY": "127.0.0.1"}
    _run(["--config-file", os.devnull, "--repository-url", address], archives, environ, address)


def _run(options: Sequence[str], archives: Sequence[Path], environ: Mapping[str, str], address: str) -> None:
    if importlib.util.find_spec("twine") is None:
        raise MissingExtra("dev", needed_for="dev publish")
    command = [sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar", *options]
    run = subprocess.run(
        [*command, *map(str, archives)],
        env={**environ, "NO_COLOR": "1", "COLUMNS": "160", "PYTHONWARNINGS": "ignore"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode:
        said = [line.rstrip() for line in run.stdout.splitlines() if line.strip()]
        raise SystemProblem(
            "\n".join([f"{address} did not take the upload", *said[-_TAIL:]]),
            fix="set TWINE_USERNAME and TWINE_PASSWORD, use the keyring or .pypirc, or publish from a trusted workflow",
        )
