"""A spec is what it was after a way through JSON, and its paths are paths however they were given."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from localagent.host.spec import CommandHelp, Flaw, PluginSpec, Source, SourceKind

FULL = PluginSpec(
    "alpha",
    "command",
    "alpha.plugin:Alpha",
    Source(SourceKind.DISTRIBUTION, Path("/src/alpha"), "alpha", editable=True, trusted=False),
    version="1.0",
    description="It greets.",
    commands=(CommandHelp("greet", "Greet somebody."), CommandHelp("wave")),
    requires=("beta>=1",),
    required_settings=("token",),
    permissions=("network: example.org",),
    module_file=Path("/src/alpha/plugin.py"),
    manifest_file=Path("/src/alpha/plugin-manifest.yaml"),
    schema_file=Path("/src/alpha/schema.json"),
    flaw=Flaw("identity", "It is not.", "x:1", "Mend it."),
    activation=("topic",),
    seen=(1, 2, 3),
)
SMALL = PluginSpec("beta", "", "", Source(SourceKind.HOME, Path("/home/beta")))


@pytest.mark.parametrize("spec", [FULL, SMALL], ids=["full", "small"])
def test_a_spec_survives_the_way_through_json(spec: PluginSpec) -> None:
    back = PluginSpec.from_row(json.loads(json.dumps(spec.to_row())))
    assert json.dumps(back.to_row()) == json.dumps(spec.to_row())
    assert back.seen == spec.seen
    assert back == spec
    assert hash(back) == hash(spec)


def test_a_path_that_was_given_as_a_text_is_a_path(tmp_path: Path) -> None:
    spec = PluginSpec("beta", "", "", Source(SourceKind.HOME, str(tmp_path)), module_file=str(tmp_path / "plugin.py"))
    assert spec.source.root == tmp_path
    assert spec.module_file == tmp_path / "plugin.py"
    assert spec.manifest_file is None
    assert dataclasses.replace(spec, name="gamma").module_file == tmp_path / "plugin.py"


def test_a_source_without_a_root_is_refused() -> None:
    with pytest.raises(TypeError, match="root"):
        Source(SourceKind.HOME)
