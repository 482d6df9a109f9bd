"""The audit as plugin authors ask for it: by the option, by the fixture, and not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent import Host, HostOptions, PluginManager
from localagent_cli.plugin_tests import run_plugin_tests
from testing.conftest import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from testing.conftest import Workshop

READING = f"""
editor = property(lambda self: os.environ.get("EDITOR"))
async def initialize(self, context):
    return bool(self.editor) or True
{COMMANDS}
"""
TESTS = """
def test_it_asks_for_more(plugin_audit, plugin):
    assert [use.detail for use in plugin_audit.uses] == ["EDITOR"]

def test_it_is_not_watched(plugin):
    assert plugin.name == "greeter"
"""


def test_the_option_adds_the_rules(workshop: Workshop) -> None:
    done = workshop.pytest("--localagent-audit", "-v", at=workshop.plugin(READING, head="import os"))
    assert done.returncode == 1
    assert "LA650-declares-what-it-uses FAILED" in done.stdout
    place = workshop.folder / "greeter" / "plugin.py"
    assert (
        f"error[LA650] {place}:8: it reads EDITOR (os.environ), which permissions.env does not declare" in done.stdout
    )
    assert "fix: add to plugin-manifest.yaml under permissions: env: [EDITOR]" in done.stdout


def test_without_the_option_there_are_none(workshop: Workshop) -> None:
    done = workshop.pytest("-v", at=workshop.plugin(READING, head="import os"))
    assert done.returncode == 0
    assert "LA650" not in done.stdout


def test_what_is_declared_passes(workshop: Workshop) -> None:
    folder = workshop.plugin(READING, head="import os")
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text() + "permissions: {env: [EDITOR], network: true}\n")
    done = workshop.pytest("--localagent-audit", at=folder)
    assert done.returncode == 0, done.stdout
    assert "warning[LA651]" in done.stdout
    assert f"{manifest}:9" in done.stdout


def test_the_fixture_fails_the_test_that_asks_for_it(workshop: Workshop) -> None:
    folder = workshop.plugin(READING, head="import os", files={"tests/test_greeter.py": TESTS})
    done = workshop.pytest("tests", at=folder)
    assert done.returncode == 1
    assert "2 passed, 1 error" in done.stdout
    assert "fix: add to plugin-manifest.yaml under permissions: env: [EDITOR]" in done.stdout


def test_the_command_hands_it_on(workshop: Workshop, tmp_path: Path) -> None:
    folder = workshop.plugin(READING, head="import os")
    manager = PluginManager(Host.open(HostOptions(home=tmp_path / "home")))
    outcomes = {audit: run_plugin_tests(str(folder), manager=manager, audit=audit).passed for audit in (True, False)}
    assert outcomes == {True: False, False: True}
