"""No manifest, schema or settings file breaks a check, and whatever is said of it has a place and a way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hostile import cases, judge, plant
from localagent.errors import ManifestError
from localagent.manifest.document import parse_document
from localagent.manifest.model import manifest_of
from localagent.manifest.schema import load_schema


@pytest.mark.parametrize(
    ("mutations", "generations"),
    [
        pytest.param(range(100), range(25), id="some"),
        *(
            pytest.param(
                range(slice_ * 1000, (slice_ + 1) * 1000),
                range(slice_ * 250, (slice_ + 1) * 250),
                id=f"slice {slice_} of 20",
                marks=pytest.mark.soak,
            )
            for slice_ in range(20)
        ),
    ],
)
def test_every_finding_has_a_place_and_a_way_out(
    tmp_path: Path, mutations: range, generations: range, record_property: Callable[[str, object], None]
) -> None:
    folder = plant(tmp_path)
    placeless = {data: found for what, data in cases(mutations, generations) if (found := judge(what, data, folder))}
    assert list(placeless.items())[:5] == []
    record_property("inputs", len(mutations) + len(generations))


@pytest.mark.parametrize("number", [300, pytest.param(1000, marks=pytest.mark.soak)])
def test_what_the_model_takes_its_schema_takes_too(number: int, tmp_path: Path) -> None:
    schema: Any = Draft202012Validator(load_schema())
    differing: list[bytes] = []
    for what, data in cases(range(number), range(number)):
        try:
            document = parse_document(data, tmp_path / what)
            manifest_of(document)
        except ManifestError:
            continue
        if not schema.is_valid(document.data):
            differing.append(data)
    assert differing == []
