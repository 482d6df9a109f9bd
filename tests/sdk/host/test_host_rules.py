"""What ``doctor`` holds a host against: each rule has a page, and each breach names its rule."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path

import pytest

from localagent.diagnostics.catalogue import rules
from localagent.host.examination import LOOKS
from plain import MakePlugin, Run, command_plugin


def test_each_look_has_a_rule() -> None:
    assert [rule.id for rule in rules("LA7")] == sorted(LOOKS)


def broken(localagent: Run) -> dict[str, str]:
    """By rule what is not as it should be."""
    checks = json.loads(localagent("doctor", "--json").out)
    return {check["rule"]: check["detail"] for check in checks if check["verdict"] != "ok" and check["rule"] != "LA713"}


def test_a_healthy_host_breaks_none(localagent: Run) -> None:
    assert broken(localagent) == {}


def test_a_slow_import_is_told(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("slow", "import time\ntime.sleep(0.3)\n" + command_plugin("slow"))
    assert localagent("plugins", "enable", "slow").code == 0
    assert "its import takes" in broken(localagent)["LA712"]
    assert "note   [LA712] import of slow" in localagent("doctor").out


@pytest.mark.parametrize(
    ("file", "text", "rule"),
    [("config.yaml", "plugins: [", "LA702"), ("config.yaml", "providers:\n  a:\n    api_key: k-12345\n", "LA703")],
)
def test_a_breach_names_its_rule(localagent: Run, home: Path, file: str, text: str, rule: str) -> None:
    home.mkdir(exist_ok=True)
    (home / file).write_text(text)
    (home / file).chmod(0o644)
    assert rule in broken(localagent)


def test_what_runs_at_every_start_is_told(localagent: Run, tmp_path: Path) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "surprise.pth").write_text("import sys\n")
    assert sysconfig.get_path("purelib").endswith("site-packages")
    told = json.loads(localagent("doctor", "--json", env={"PYTHONPATH": str(folder)}).out)
    assert f"{folder / 'surprise.pth'} runs code whenever Python starts" in {check["detail"] for check in told}


def test_a_rule_of_the_host_is_explained(localagent: Run) -> None:
    assert localagent("dev", "explain", "LA707").out.startswith("LA707: Enabled plugins work\n(error, bronze; ")
