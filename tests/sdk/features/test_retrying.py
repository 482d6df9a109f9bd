"""Trying again what may work the next time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import stamina

from localagent import RetryableError, retry


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


class Flaky:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_what_may_work_later_is_tried_again() -> None:
    flaky = Flaky(RetryableError("busy"), RetryableError("busy"))
    assert retry()(flaky.__call__)() == "done"
    assert flaky.calls == 3


def test_any_other_error_is_raised_at_once() -> None:
    flaky = Flaky(ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        retry()(flaky.__call__)()
    assert flaky.calls == 1


def test_the_last_error_is_raised() -> None:
    flaky = Flaky(*(ConnectionError(str(number)) for number in range(5)))
    with pytest.raises(ConnectionError, match="1"):
        retry(on=(ConnectionError, TimeoutError), attempts=2)(flaky.__call__)()
    assert flaky.calls == 2


@pytest.mark.asyncio
async def test_async_functions_are_tried_again_too() -> None:
    flaky = Flaky(RetryableError("busy"))

    @retry()
    async def fetch() -> str:
        return flaky()

    assert await fetch() == "done"


def test_a_retry_is_logged_and_leaves_standard_output_to_data() -> None:
    code = """
import logging
from localagent import retry
logging.basicConfig(level="INFO", format="%(name)s: %(message)s")
tries = iter((ValueError("busy"), None))

@retry(on=ValueError, wait=0.001)
def work():
    if error := next(tries):
        raise error

work()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.startswith("localagent.retries: trying again in ")
    assert done.stderr.endswith(", after: busy\n")
