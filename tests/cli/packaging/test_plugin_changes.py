"""Installing, upgrading, going back and uninstalling as a user does, with real wheels, repositories and processes."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from cli.packaging.conftest import Workshop
from localagent.host import environments, lock
from localagent.services.home import Home
from localagent_cli.packaging.build import build_project
from plain import Run

pytestmark = pytest.mark.slow

IN_NETWORK = "permissions:\n  network: [example.org]\n"


def locked(home: Path) -> dict[str, str]:
    return {name: line.version for name, line in lock.installed(Home(home)).items()}


def test_wheel_is_installed_tried_and_enabled_in_one_go(localagent: Run, workshop: Workshop, home: Path) -> None:
    done = localagent("plugins", "install", workshop.plugin_wheel(), "--yes")

    assert done.code == 0, done.err
    assert "plugin: demo 1.0 from" in done.err
    assert "permissions: none declared" in done.err
    assert localagent("demo").out == "demo 1.0\n"
    line = lock.installed(Home(home))["demo"]
    assert (line.version, line.requested, len(line.sha256)) == ("1.0", True, 64)


def test_option_spelling_of_the_guide_installs_too(localagent: Run, workshop: Workshop) -> None:
    done = localagent("plugins", "--install", workshop.plugin_wheel(), "--yes")

    assert done.code == 0, done.err
    assert localagent("demo").out == "demo 1.0\n"


def test_no_enable_runs_nothing_of_it(localagent: Run, workshop: Workshop, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    wheel = workshop.plugin_wheel(body=f"open({str(trace)!r}, 'w').close()\n")
    done = localagent("plugins", "install", wheel, "--yes", "--no-enable")

    assert done.code == 0, done.err
    assert "next: localagent plugins enable demo" in done.err
    assert not trace.exists()


def test_without_a_terminal_consent_needs_the_flag(localagent: Run, workshop: Workshop, home: Path) -> None:
    done = localagent("plugins", "install", workshop.plugin_wheel())

    assert done.code == 4
    assert "fix: add --yes to agree" in done.err
    assert locked(home) == {}


def test_dry_run_shows_the_plan_and_changes_nothing(localagent: Run, workshop: Workshop, home: Path) -> None:
    workshop.library("la-dep")
    wheel = workshop.plugin_wheel(requires=("la-dep",), extra=IN_NETWORK)
    done = localagent("plugins", "install", wheel, "--dry-run", "--json")

    assert done.code == 0, done.err
    plugin, dependency = json.loads(done.out)
    assert (plugin["name"], plugin["version"], plugin["replaces"]) == ("demo", "1.0", None)
    assert plugin["permissions"] == ["network: example.org"]
    assert (dependency["name"], dependency["source"]) == ("la-dep", None)
    assert not environments.generations(home)
    assert locked(home) == {}


def test_plugin_that_does_not_work_is_not_installed_without_force(
    localagent: Run, workshop: Workshop, home: Path
) -> None:
    wheel = workshop.plugin_wheel(body="import sys; sys.exit(3)\n")
    done = localagent("plugins", "install", wheel, "--yes")

    assert done.code == 3
    assert "does not work, so nothing was changed" in done.err
    assert environments.current_environment(home) is None
    assert localagent("plugins", "install", wheel, "--yes", "--force").code == 0
    assert locked(home) == {"demo": "1.0"}


def test_version_that_does_not_work_leaves_the_one_before(localagent: Run, workshop: Workshop, home: Path) -> None:
    localagent("plugins", "install", workshop.plugin_wheel(), "--yes")
    done = localagent("plugins", "install", workshop.plugin_wheel(version="2.0", body="1 / 0\n"), "--yes")

    assert done.code == 3
    assert localagent("demo").out == "demo 1.0\n"
    assert locked(home) == {"demo": "1.0"}


def test_newer_wheel_replaces_and_rollback_brings_the_older_back(
    localagent: Run, workshop: Workshop, home: Path
) -> None:
    localagent("plugins", "install", workshop.plugin_wheel(), "--yes")
    localagent("plugins", "install", workshop.plugin_wheel(version="1.1"), "--yes")
    assert localagent("demo").out == "demo 1.1\n"

    done = localagent("plugins", "rollback")
    assert done.err == "demo: 1.1 -> 1.0\n"
    assert localagent("demo").out == "demo 1.0\n"
    assert locked(home) == {"demo": "1.0"}
    nothing = localagent("plugins", "rollback")
    assert (nothing.code, "no earlier state" in nothing.err) == (3, True)


def test_only_the_generation_in_use_and_the_one_before_are_kept(
    localagent: Run, workshop: Workshop, home: Path
) -> None:
    for version in ("1.0", "1.1", "1.2", "1.3"):
        localagent("plugins", "install", workshop.plugin_wheel(version=version), "--yes", "--no-enable")

    assert [folder.name for folder in environments.generations(home)] == ["3", "4"]


def test_link_runs_the_source_folder_wherever_one_is(
    localagent: Run, workshop: Workshop, home: Path, tmp_path: Path
) -> None:
    root = workshop.plugin()
    before = sorted(root.rglob("*"))
    done = localagent("plugins", "install", "-e", root, "--yes")

    assert done.code == 0, done.err
    assert localagent("demo", cwd=tmp_path).out == "demo 1.0\n"
    source = root / "src/demo/plugin.py"
    source.write_text(source.read_text().replace("demo 1.0", "changed"))
    assert localagent("demo", cwd=tmp_path).out == "changed\n"
    assert not environments.host_folder(home).exists()
    assert [path for path in sorted(root.rglob("*")) if "__pycache__" not in path.parts] == before

    assert localagent("plugins", "uninstall", "demo", "--yes").err == "uninstalled demo\n"
    assert lock.links(Home(home)) == ()
    assert source.is_file()
    assert localagent("demo").code == 2


def test_a_linked_folder_that_does_not_work_stays_linked_and_is_told(
    localagent: Run, workshop: Workshop, tmp_path: Path
) -> None:
    root = workshop.plugin()
    source = root / "src/demo/plugin.py"
    sound = source.read_text()
    source.write_text(f"{sound}def (\n")
    done = localagent("plugins", "install", "-e", root, "--yes")

    assert (done.code, done.err.count("permissions:")) == (3, 1), done.err
    assert f"error {source}:" in done.err
    source.write_text(sound)
    assert localagent("demo", cwd=tmp_path).out == "demo 1.0\n"


def test_a_folder_without_a_plugin_is_not_linked(localagent: Run, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    done = localagent("plugins", "install", "-e", tmp_path / "notes", "--yes")

    assert (done.code, "no plugin in this folder" in done.err) == (3, True), done.err
    assert "notes" not in localagent("plugins", "list").out


def test_uninstall_leaves_no_environment_consent_or_record(localagent: Run, workshop: Workshop, home: Path) -> None:
    localagent("plugins", "install", workshop.plugin_wheel(), "--yes")
    localagent("plugins", "install", workshop.plugin_wheel(version="1.1"), "--yes")

    done = localagent("plugins", "uninstall", "demo", "--yes")
    assert (done.code, done.err) == (0, "uninstalled demo\n")
    assert {path.name for path in environments.host_folder(home).iterdir()} == {".lock", ".holder"}
    assert not list(home.rglob("*demo*"))
    holding = [path for path in home.rglob("*") if path.is_file() and b"demo" in path.read_bytes()]
    assert {path.relative_to(home).parts[0] for path in holding} <= {"cache"}


@pytest.fixture
def repository(workshop: Workshop) -> Path:
    """A bare repository with a tag v1 and a newer commit on its default branch."""
    tree, bare = workshop.plugin(version="1.0"), workshop.folder / "demo.git"
    git = ["git", "-C", str(tree), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet", "-b", "trunk"], ["add", "."], ["commit", "--quiet", "-m", "1"], ["tag", "v1"]):
        subprocess.run([*git, *words], check=True)
    for file in (tree / "pyproject.toml", tree / "src/demo/plugin.py", tree / "src/demo/plugin-manifest.yaml"):
        file.write_text(file.read_text().replace("1.0", "1.1"))
    subprocess.run([*git, "commit", "--quiet", "-a", "-m", "2"], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", str(tree), str(bare)], check=True)
    return bare


@pytest.mark.parametrize(("revision", "version"), [("", "1.1"), ("@v1", "1.0"), ("@trunk", "1.1")])
def test_repository_is_built_at_a_commit_that_is_recorded(
    localagent: Run, home: Path, repository: Path, revision: str, version: str
) -> None:
    refused = localagent("plugins", "install", f"git+file://{repository}{revision}")
    assert (refused.code, "which runs its code" in refused.err) == (4, True)

    done = localagent("plugins", "install", f"git+file://{repository}{revision}", "--yes")
    assert done.code == 0, done.err
    assert localagent("demo").out == f"demo {version}\n"
    commit = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", f"{revision.removeprefix('@') or 'HEAD'}^{{commit}}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert lock.installed(Home(home))["demo"].source == f"git+file://{repository}@{commit}"


def test_source_archive_is_built_once_that_is_agreed_to(localagent: Run, workshop: Workshop, home: Path) -> None:
    ran = workshop.folder / "ran"
    root = workshop.plugin()
    hook = f"from pathlib import Path\nPath({str(ran)!r}).touch()\nfrom hatchling.build import *\n"
    (root / "hooks.py").write_text(hook)
    pyproject = root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"hatchling.build"', '"hooks"\nbackend-path = ["."]'))
    sdist = build_project(root, out=workshop.folder / "dist", wheel=False).sdist
    ran.unlink()

    refused = localagent("plugins", "install", sdist)
    assert (refused.code, f"{sdist} is built here, which runs its code" in refused.err) == (4, True)
    assert not ran.exists()

    done = localagent("plugins", "install", sdist, "--yes")
    assert done.code == 0, done.err
    assert localagent("demo").out == "demo 1.0\n"
    assert lock.installed(Home(home))["demo"].source == str(sdist)
    environments.host_folder(home).rename(home / "gone")
    assert localagent("plugins", "sync", "--yes").code == 0
    assert locked(home) == {"demo": "1.0"}


def test_source_archive_that_is_unsafe_is_refused_before_anything_of_it_runs(
    localagent: Run, tmp_path: Path, home: Path
) -> None:
    sdist = tmp_path / "demo-1.0.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        member = tarfile.TarInfo("demo-1.0/../../outside")
        archive.addfile(member, io.BytesIO())

    done = localagent("plugins", "install", sdist, "--yes")
    assert (done.code, "[LA501]" in done.err) == (4, True), done.err
    assert not environments.generations(home)


def test_revision_that_is_not_there_is_wrong_usage(localagent: Run, repository: Path) -> None:
    done = localagent("plugins", "install", f"git+file://{repository}@nowhere", "--yes")

    assert (done.code, "has not the revision 'nowhere'" in done.err) == (2, True)
    gone = localagent("plugins", "install", f"git+file://{repository}x", "--yes")
    assert (gone.code, "cannot fetch git+file" in gone.err) == (5, True)


def test_sync_restores_what_is_locked_in_another_environment(
    localagent: Run, workshop: Workshop, home: Path, repository: Path
) -> None:
    workshop.library("la-dep", "1.0")
    wheel = workshop.plugin_wheel("one", requires=("la-dep",))
    assert localagent("plugins", "install", wheel, f"git+file://{repository}@v1", "--yes").code == 0
    workshop.library("la-dep", "2.0")
    environments.host_folder(home).rename(home / "gone")

    differing = localagent("plugins", "lock")
    assert differing.code == 1
    assert "one 1.0 is locked, and not installed" in differing.err
    done = localagent("plugins", "sync", "--yes")
    assert done.code == 0, done.err
    assert localagent("plugins", "lock").code == 0
    assert locked(home) == {"demo": "1.0", "one": "1.0", "la-dep": "1.0"}
    assert (localagent("one").out, localagent("demo").out) == ("one 1.0\n", "demo 1.0\n")


def test_sync_refuses_a_wheel_that_is_not_the_locked_one(localagent: Run, workshop: Workshop, home: Path) -> None:
    wheel = workshop.plugin_wheel()
    localagent("plugins", "install", wheel, "--yes")
    environments.host_folder(home).rename(home / "gone")
    again = workshop.folder / "again"
    other = Workshop(again).plugin_wheel(label="again")
    wheel.write_bytes(other.read_bytes())

    done = localagent("plugins", "sync", "--yes")
    assert (done.code, "is not the wheel in plugins.lock" in done.err) == (4, True)
    assert environments.current_environment(home) is None


def test_why_tells_the_chain_to_what_the_user_named(localagent: Run, workshop: Workshop) -> None:
    workshop.library("la-inner")
    workshop.library("la-outer", requires=("la-inner",))
    wheel = workshop.plugin_wheel(requires=("la-outer",))
    localagent("plugins", "install", wheel, "--yes", "--no-enable")

    assert localagent("plugins", "lock", "--why", "la-inner").out == f"la-inner <- la-outer <- demo <- you: {wheel}\n"
    wrong = localagent("plugins", "lock", "--why", "la-iner")
    assert (wrong.code, wrong.err.endswith("did you mean 'la-inner'?\n")) == (3, True)


def test_upgrade_of_a_folder_asks_only_where_it_wants_more(localagent: Run, workshop: Workshop, home: Path) -> None:
    root = workshop.plugin()
    localagent("plugins", "install", root, "--yes")
    assert "nothing newer was found" in localagent("plugins", "upgrade").err
    manifest = root / "src/demo/plugin-manifest.yaml"
    for file in (root / "pyproject.toml", root / "src/demo/plugin.py", manifest):
        file.write_text(file.read_text().replace("1.0", "1.1"))
    done = localagent("plugins", "upgrade", "demo")
    assert done.code == 0, done.err
    assert localagent("demo").out == "demo 1.1\n"

    manifest.write_text(manifest.read_text() + IN_NETWORK)
    asked = localagent("plugins", "upgrade")
    assert asked.code == 4
    assert "demo 1.1 newly wants network: example.org" in asked.err
    assert localagent("plugins", "upgrade", "--yes").code == 0
    assert localagent("plugins", "upgrade", "dmo").err.endswith("did you mean 'demo'?\n")


def test_upgrade_asks_where_a_plugin_depends_on_one_that_it_did_not(
    localagent: Run, workshop: Workshop, home: Path
) -> None:
    root = workshop.plugin()
    for source in (workshop.plugin_wheel("base"), workshop.plugin_wheel("other"), root):
        assert localagent("plugins", "install", source, "--yes").code == 0
    manifest = root / "src/demo/plugin-manifest.yaml"
    before = manifest.read_text()

    def next_version(old: str, new: str, needs: str) -> None:
        for file in (root / "pyproject.toml", root / "src/demo/plugin.py", manifest):
            file.write_text(file.read_text().replace(old, new))
        manifest.write_text(f"{before.replace('1.0', new)}dependencies:\n  plugins: [{needs}]\n")

    next_version("1.0", "2.0", "base")
    asked = localagent("plugins", "upgrade")
    assert (asked.code, "demo 2.0 newly depends on base" in asked.err) == (4, True), asked.err
    assert locked(home)["demo"] == "1.0"
    assert localagent("plugins", "upgrade", "--yes").code == 0
    assert localagent("demo").out == "demo 2.0\n"

    next_version("2.0", "3.0", "base>=1.0")
    same = localagent("plugins", "upgrade")
    assert (same.code, locked(home)["demo"]) == (0, "3.0"), same.err
    next_version("3.0", "4.0", "base>=1.0, Other")
    more = localagent("plugins", "upgrade")
    assert (more.code, "demo 4.0 newly depends on Other" in more.err) == (4, True), more.err
    assert "newly depends on base" not in more.err


def test_source_words_that_mean_nothing_are_wrong_usage(localagent: Run) -> None:
    for word in ("", "a b", "git+", "./nowhere", "x.tar.gz", "nowhere.whl"):
        done = localagent("plugins", "install", word, "--yes")
        assert (done.code, "Traceback" in done.err) == (2, False), done.err
    assert localagent("plugins", "install").code == 2
