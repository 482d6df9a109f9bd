"""A folder that goes when its work is done, and as well when this process is ended on the way."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

# It waits until its input ends, as it does when this process does, be it by kill -9; signals of a terminal miss it.
_KEEPER = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Generator[Path]:
    """A new folder for temporary files.

    Who interrupts a command has to be heard within moments, and an environment of thousands of files may take longer to
    remove; so that is done by a process of its own, where this one does not come to it.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _KEEPER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        keeper.communicate()
