"""What a stored run tells of itself: figures, and nothing of the machine or of who ran it."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.micro.loops import calibration


@pytest.fixture(autouse=True)
def calibrated() -> None:
    """The clock is right for the time of this test."""
    calibration.renew()


def pytest_benchmark_generate_machine_info() -> dict[str, str]:
    """The same everywhere: the clock makes machines comparable, so none is warned of."""
    return {"unit": "5000 loops of tests/benchmarks/micro/loops.py"}


def pytest_benchmark_generate_commit_info() -> dict[str, str]:
    """Nothing: the repository knows in which commit the file changed."""
    return {}


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    """Leave out each single measurement, and when it was."""
    del output_json["datetime"]
    for each in output_json["benchmarks"]:
        each["stats"].pop("data", None)
