"""Signals that ask the process to end."""

from __future__ import annotations

import subprocess
import sys

LATE = """
import os, signal, time
from localagent.host import interrupts

with interrupts.listening():
    # Another thread gets the signal, so that nothing wakes the main thread until it is insisted on.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(interrupts.INSIST_AFTER * 2)
        time.sleep(0)
    except KeyboardInterrupt:
        print(interrupts.pending(), interrupts.exit_code(), flush=True)
        os._exit(0)
"""


def test_a_first_signal_that_the_main_thread_comes_to_late_is_known_by_its_number() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2 130\n", "")
