"""pypiserver as a process that ends when whoever started it does, however that one ends: its input is closed then."""

from __future__ import annotations

import os
import runpy
import threading


def main() -> None:
    """Serve as the arguments of this process say, until its input ends."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    runpy.run_module("pypiserver", run_name="__main__", alter_sys=True)


def _end_with_input() -> None:
    # Not through `sys.stdin`, whose lock would be held while the interpreter shuts down.
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
