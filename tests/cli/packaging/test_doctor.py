"""``doctor`` on what is installed and linked, and on a plugin's repository: each finding has a command that mends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli.packaging.conftest import Workshop
from localagent.host import environments, lock
from localagent.services.home import Home
from plain import Finished, Run


def wrong(done: Finished) -> dict[str, tuple[str, str]]:
    """Detail and fix of what is not as it should be, by rule, or by what was looked at where there is none."""
    checks = [check for check in json.loads(done.out) if check["verdict"] != "ok" and check["rule"] != "LA713"]
    return {check["rule"] or check["what"]: (check["detail"], check["fix"]) for check in checks}


def test_a_link_to_a_folder_that_is_gone_is_told_and_can_be_taken_out(
    localagent: Run, workshop: Workshop, home: Path
) -> None:
    root = workshop.plugin()
    localagent("plugins", "install", "-e", root, "--yes")
    shutil.rmtree(root)
    listed = localagent("plugins", "list")
    assert f"failed demo: {root}: the linked folder is gone" in listed.err

    detail, fix = wrong(localagent("doctor", "--json"))["LA707"]
    assert (detail, fix) == (f"{root}: the linked folder is gone", "localagent plugins uninstall demo")
    assert localagent("plugins", "uninstall", "demo", "--yes").code == 0
    assert lock.links(Home(home)) == ()
    assert wrong(localagent("doctor", "--json")) == {}


def test_a_linked_folder_without_a_plugin_is_told(localagent: Run, workshop: Workshop) -> None:
    root = workshop.plugin()
    localagent("plugins", "install", "-e", root, "--yes")
    for file in [root / "pyproject.toml", *root.rglob("*.yaml")]:
        file.unlink()
    assert "no plugin is in the linked folder any more" in wrong(localagent("doctor", "--json"))["LA707"][0]


def test_a_linked_development_folder_hides_nothing(localagent: Run, workshop: Workshop, work: Path) -> None:
    folder = work / "dev-plugins"
    folder.mkdir()
    root = Path(shutil.move(workshop.plugin(), folder / "demo"))
    localagent("plugins", "install", "-e", root, "--yes")
    localagent("dev", "trust", root)
    assert wrong(localagent("doctor", "--json")) == {}
    assert "shadowed" not in localagent("plugins", "list").text


def test_a_requirement_that_is_gone_is_told_and_comes_back(localagent: Run, workshop: Workshop, home: Path) -> None:
    workshop.library("words", "2.0")
    assert localagent("plugins", "install", workshop.plugin_wheel(requires=("words>=2",)), "--yes").code == 0
    assert wrong(localagent("doctor", "--json")) == {}
    environment = environments.current_environment(home)
    assert environment is not None
    for path in environment.glob("words*"):
        shutil.rmtree(path)

    detail, fix = wrong(localagent("doctor", "--json"))["LA715"]
    assert detail == "it needs words >=2, and none is installed"
    assert fix == "localagent plugins sync"
    assert localagent(*fix.split()[1:], "--yes").code == 0
    assert "LA715" not in wrong(localagent("doctor", "--json"))


def test_an_entry_point_beside_another_manifest_is_told(localagent: Run, workshop: Workshop) -> None:
    root = workshop.plugin()
    localagent("plugins", "install", "-e", root, "--yes")
    pyproject = root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("plugin:ThePlugin", "plugin:Other"))
    detail, fix = wrong(localagent("doctor", "--json"))["LA716"]
    assert "demo.plugin:Other" in detail
    assert fix == f"localagent dev validate {root}"
    assert localagent(*fix.split()[1:]).code == 1


def test_a_repository_is_looked_at_beside_the_host(localagent: Run, workshop: Workshop) -> None:
    root = workshop.plugin(requires=("words>=2",), extra='\ncompatibility: {localagent_min_version: "99"}\n')
    pyproject = root / "pyproject.toml"
    text = pyproject.read_text().replace(">=3.11", ">=3.99").replace('requires = ["', 'requires = ["flit-core>=99", "')
    pyproject.write_text(text)
    done = localagent("doctor", root, "--json")
    found = wrong(done)
    assert done.code == 1
    assert found["plugin demo"][0].endswith("needs LocalAgent >= 99, this is 1.0.0")
    assert "the project asks for >=3.99" in found["Python"][0]
    assert found["requirements"] == (
        "it needs words >=2, and none is installed",
        f"python -m pip install -e {root}",
    )
    assert found["build"][1] == "python -m pip install 'flit-core>=99'"
    assert found["history"][1] == "git init"
    assert all(fix for _, fix in found.values())


def test_no_plugin_is_imported(localagent: Run, workshop: Workshop, tmp_path: Path) -> None:
    mark = tmp_path / "imported"
    root = workshop.plugin(body=f"open({str(mark)!r}, 'w').close()\n")
    localagent("plugins", "install", "-e", root, "--yes")
    mark.unlink(missing_ok=True)
    localagent("doctor", root)
    assert not mark.exists()


@pytest.mark.parametrize(("path", "code"), [("nowhere", 2), (".", 1)])
def test_a_folder_without_a_plugin_is_told(localagent: Run, path: str, code: int) -> None:
    done = localagent("doctor", path)
    assert done.code == code
    assert ("there is no such folder" if code == 2 else "there is no manifest") in done.text
