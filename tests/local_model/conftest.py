"""What needs a model that really runs: ``nox -s local_model`` brings llama.cpp and the weights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localagent.providers.weights import SMOLLM2


@pytest.fixture(scope="session")
def weights() -> Path:
    """The model, which `localagent providers setup embedded` fetched."""
    named = os.environ.get("LOCAL_MODEL")
    if not named:
        pytest.skip("needs a model: python -m nox -s local_model")
    return Path(named)


@pytest.fixture
def home_with_weights(home: Path, weights: Path) -> Path:
    """A fresh home in which the weights are already."""
    folder = home / "data" / "embedded"
    folder.mkdir(parents=True)
    SMOLLM2.file_in(folder).symlink_to(weights)
    return home
