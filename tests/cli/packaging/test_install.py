"""Installing into, and removing from, plugin environments."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from localagent.errors import PluginNotAvailable, RefusedError, SystemProblem, UsageError, ValidationError
from localagent.host import environments, lock
from localagent.services.home import Home
from localagent_cli.packaging.demand import Demand, Pin
from localagent_cli.packaging.install import (
    apply_plan,
    install,
    installed_set,
    remove_distribution,
)
from localagent_cli.packaging.plan import InstallPlan, Wanted, plan_install
from localagent_cli.packaging.resolver import Pip
from localagent_cli.packaging.sources import parse_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.packaging.conftest import Workshop

pytestmark = pytest.mark.slow


Patch = pytest.MonkeyPatch


def names(home: Path) -> dict[str, str]:
    return {plugin.name: plugin.version for plugin in installed_set(home).plugins}


def files(environment: Path) -> set[str]:
    return {path.relative_to(environment).as_posix() for path in environment.rglob("*") if path.is_file()}


def imported(environment: Path, code: str) -> str:
    """What a fresh Python with `environment` at the end of its path prints."""
    run = f"import sys; sys.path.append({str(environment)!r}); {code}"
    return subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True).stdout.strip()


def test_wheel_is_installed_without_a_resolver_when_nothing_is_missing(workshop: Workshop, home: Path) -> None:
    plans: list[InstallPlan] = []
    installed = install([workshop.wheel("demo", requires=("rich>=10",))], home=home, agree=plans.append)

    assert plans[0].resolver == "none"
    assert installed.generation == 1
    assert names(home) == {"demo": "1.0"}
    assert imported(installed.environment, "import demo; print(demo.VERSION)") == "1.0"


def test_folder_is_built_and_installed(workshop: Workshop, home: Path) -> None:
    project = workshop.project("my-plugin")

    installed = install([project], home=home)

    info = installed.environment / "my_plugin-1.0.dist-info"
    assert json.loads((info / "direct_url.json").read_text(encoding="utf-8")) == {
        "dir_info": {},
        "url": project.as_uri(),
    }
    assert (info / "INSTALLER").read_text(encoding="utf-8") == "localagent\n"
    assert (info / "entry_points.txt").is_file()
    assert {path.name for path in project.iterdir()} == {"pyproject.toml", "src"}


def test_record_lists_every_file(workshop: Workshop, home: Path) -> None:
    environment = install([workshop.wheel()], home=home).environment

    recorded = {line.split(",")[0] for line in (environment / "demo-1.0.dist-info/RECORD").read_text().splitlines()}
    assert recorded == files(environment) - {environments.COMPLETE}


def test_nothing_is_left_behind_but_generations(workshop: Workshop, home: Path) -> None:
    install([workshop.project()], home=home)

    assert {path.name for path in environments.host_folder(home).iterdir()} == {"1", "current", ".lock", ".holder"}


def test_same_version_again_replaces_it(workshop: Workshop, home: Path) -> None:
    project = workshop.project()
    install([project], home=home)
    (project / "src/demo/__init__.py").write_text("VERSION = 'new'\n")
    (project / "src/demo/extra.py").write_text("")
    second = install([project], home=home)
    (project / "src/demo/extra.py").unlink()
    third = install([project], home=home)

    assert imported(second.environment, "import demo.extra; print(demo.VERSION)") == "new"
    assert third.generation == 3
    assert "demo/extra.py" not in files(third.environment)
    assert names(home) == {"demo": "1.0"}


def test_upgrade_leaves_the_generation_before_as_it_was(workshop: Workshop, home: Path) -> None:
    first = install([workshop.wheel(version="1.0")], home=home).environment
    imported(first, "import demo.plugin")
    before = {path: (first / path).read_bytes() for path in files(first)}
    second = install([workshop.wheel(version="2.0")], home=home).environment

    assert {path: (first / path).read_bytes() for path in files(first)} == before
    assert not [path for path in files(second) if "1.0" in path or "__pycache__" in path]
    assert imported(second, "import demo; print(demo.VERSION)") == "2.0"


def test_neighbours_are_linked_not_copied(workshop: Workshop, home: Path) -> None:
    first = install([workshop.wheel("one")], home=home).environment
    second = install([workshop.wheel("two")], home=home).environment

    assert names(home) == {"one": "1.0", "two": "1.0"}
    assert (first / "one/__init__.py").samefile(second / "one/__init__.py")


def test_missing_dependency_comes_with_what_it_needs(workshop: Workshop, home: Path) -> None:
    workshop.library("la-inner", "1.0")
    workshop.library("la-inner", "2.0")
    workshop.library("la-outer", "1.0", requires=("la-inner<2",))
    plans: list[InstallPlan] = []
    environment = install([workshop.wheel(requires=("la-outer",))], home=home, agree=plans.append).environment

    assert plans[0].resolver == "pip"
    assert {str(addition.distribution) for addition in plans[0].additions} == {
        "demo 1.0",
        "la-inner 1.0",
        "la-outer 1.0",
    }
    assert imported(environment, "import la_inner, la_outer; print(la_inner.VERSION)") == "1.0"
    assert names(home) == {"demo": "1.0"}


def test_dependency_of_a_neighbour_is_used_again(workshop: Workshop, home: Path) -> None:
    workshop.library("la-dep", "1.0")
    install([workshop.wheel("one", requires=("la-dep",))], home=home)
    workshop.library("la-dep", "2.0")
    plans: list[InstallPlan] = []
    install([workshop.wheel("two", requires=("la-dep>=1",))], home=home, agree=plans.append)

    assert plans[0].resolver == "none"


def test_conflict_with_a_neighbour_is_refused_naming_both(workshop: Workshop, home: Path) -> None:
    workshop.library("la-dep", "1.0")
    workshop.library("la-dep", "2.0")
    install([workshop.wheel("one", requires=("la-dep<2",))], home=home)

    with pytest.raises(RefusedError, match=r"(?s)two 1\.0 depends on la-dep>=2.*la-dep==1\.0"):
        install([workshop.wheel("two", requires=("la-dep>=2",))], home=home)
    assert names(home) == {"one": "1.0"}


def test_conflict_with_the_host_is_refused_naming_both(workshop: Workshop, home: Path) -> None:
    with pytest.raises(RefusedError, match=r"(?s)demo 1\.0 depends on rich<1.*rich=="):
        install([workshop.wheel(requires=("rich<1",))], home=home)
    assert environments.current_environment(home) is None


def test_new_version_that_a_neighbour_cannot_use_is_refused(workshop: Workshop, home: Path) -> None:
    install([workshop.wheel("base", "1.0"), workshop.wheel("top", requires=("base<2",))], home=home)

    with pytest.raises(RefusedError, match=r"top 1\.0 needs base<2, and base 2\.0 would be there"):
        install([workshop.wheel("base", "2.0")], home=home)
    assert names(home)["base"] == "1.0"


def test_unknown_dependency_is_a_system_problem_with_pips_words(workshop: Workshop, home: Path) -> None:
    with pytest.raises(SystemProblem, match="No matching distribution found for la-nowhere"):
        install([workshop.wheel(requires=("la-nowhere",))], home=home)


@pytest.fixture
def index(workshop: Workshop, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose wheels an HTTP server offers to pip as an index: a folder for each name."""
    folder = workshop.folder / "simple"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        yield folder
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        pass


def test_dependency_is_fetched_from_an_index(workshop: Workshop, home: Path, index: Path) -> None:
    (index / "la-dep").mkdir()
    workshop.library("la-dep", "1.5").rename(index / "la-dep/la_dep-1.5-py3-none-any.whl")

    environment = install([workshop.wheel(requires=("la-dep",))], home=home).environment

    assert imported(environment, "import la_dep; print(la_dep.VERSION)") == "1.5"
    assert not (environment / "la_dep-1.5.dist-info/REQUESTED").exists()


def test_other_file_than_the_planned_one_is_refused(workshop: Workshop, home: Path, tmp_path: Path) -> None:
    wheel = workshop.library("la-dep")
    planned = Pin("la-dep", "1.0", wheel.as_uri(), hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert Pip().fetch([planned], Demand([]), tmp_path) == [wheel]

    wheel.write_bytes(b"something else")
    with pytest.raises(RefusedError, match="not the file that was planned"):
        Pip().fetch([planned], Demand([]), tmp_path)
    wheel.unlink()
    with pytest.raises(SystemProblem, match="not where it was"):
        Pip().fetch([planned], Demand([]), tmp_path)


def test_index_that_does_not_answer_is_a_system_problem(
    workshop: Workshop, home: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(SystemProblem, match="cannot be found"):
        install([workshop.wheel(requires=("la-dep",))], home=home)


def test_bundled_pip_does_when_the_host_has_none(workshop: Workshop, home: Path, tmp_path: Path) -> None:
    workshop.library("la-dep", "1.0")
    wheel = workshop.wheel(requires=("la-dep",))
    code = (
        "import os, sys, json, hashlib, subprocess, packaging.utils\nfrom pathlib import Path\n"
        "from localagent_cli.packaging.demand import Demand\n"
        "from localagent_cli.packaging.resolver import Pip, pip_command\n"
        f"sys.path[:] = [entry for entry in sys.path if not os.path.exists(os.path.join(entry, 'pip'))]\n"
        "assert pip_command()[1].endswith('.whl/pip'), pip_command()\n"
        f"pins = Pip().resolve(Demand([Path({str(wheel)!r})]), Path({str(tmp_path)!r}))\n"
        "print([pin.name for pin in pins])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "['la-dep']", run.stderr


def test_files_of_another_distribution_are_refused_naming_both(workshop: Workshop, home: Path) -> None:
    install([workshop.wheel("one")], home=home)
    other = workshop.project("two", package="one")

    with pytest.raises(RefusedError, match="two and one both have the file one/"):
        install([other], home=home)
    assert names(home) == {"one": "1.0"}
    assert len(environments.generations(home)) == 1


def test_scripts_headers_and_data_are_left_out(workshop: Workshop, home: Path) -> None:
    wheel = workshop.raw_wheel(
        {
            **workshop.plugin_files(),
            "demo-1.0.data/scripts/run": "",
            "demo-1.0.data/headers/demo.h": "",
            "demo-1.0.data/data/etc/demo.conf": "",
            "demo-1.0.data/purelib/demo/more.py": "",
        },
        entry_points="[localagent.plugins.commands]\ndemo = demo.plugin:Demo\n[console_scripts]\ndls = demo.plugin:l\n",
    )
    environment = install([wheel], home=home).environment

    modules = {path for path in files(environment) if ".dist-info" not in path}
    assert modules == {"demo/plugin.py", "demo/plugin-manifest.yaml", "demo/more.py", environments.COMPLETE}


@pytest.mark.parametrize(
    ("metadata", "tag", "said"),
    [
        (["Requires-Python: <3"], "py3-none-any", "needs Python <3"),
        ([], "cp27-cp27m-win32", "built for another Python"),
    ],
)
def test_wheel_for_another_python_is_refused(
    workshop: Workshop, home: Path, metadata: list[str], tag: str, said: str
) -> None:
    wheel = workshop.raw_wheel(
        workshop.plugin_files(),
        entry_points="[localagent.plugins.commands]\ndemo = demo.plugin:Demo\n",
        metadata=metadata,
        tag=tag,
    )
    with pytest.raises(RefusedError, match=said):
        install([wheel], home=home)


def test_wheel_that_is_no_plugin_is_refused_by_its_rule(workshop: Workshop, home: Path) -> None:
    with pytest.raises(ValidationError, match="no plugin"):
        install([workshop.library("la-dep")], home=home)


def test_wheel_with_a_wrong_record_is_refused_for_safety(workshop: Workshop, home: Path) -> None:
    with pytest.raises(RefusedError, match="not mentioned in RECORD") as caught:
        install([workshop.raw_wheel({"demo/plugin.py": ""}, record="")], home=home)
    assert caught.value.rule == "LA502"
    assert not environments.generations(home)


def test_distribution_of_the_host_is_not_hidden_in_an_environment(workshop: Workshop, home: Path) -> None:
    with pytest.raises(RefusedError, match="host's own environment") as caught:
        install([workshop.wheel("rich", "99.0")], home=home)
    assert caught.value.fix == "python -m pip uninstall rich"


@pytest.mark.parametrize("name", ["nowhere", "nowhere.whl"])
def test_source_that_is_not_there_is_wrong_usage(home: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        install([tmp_path / name], home=home)


def test_one_plugin_from_two_sources_is_wrong_usage(workshop: Workshop, home: Path) -> None:
    with pytest.raises(UsageError, match="are both demo"):
        install([workshop.wheel(version="1.0"), workshop.wheel(version="2.0")], home=home)


def test_failure_in_the_middle_leaves_no_generation(workshop: Workshop, home: Path) -> None:
    installed = install([workshop.wheel()], home=home)
    with environments.workspace(home) as work:
        plan = plan_install([Wanted(parse_source(workshop.project(version="2.0")))], home=home, work=work)
        plan.additions[0].wheel.unlink()
        with pytest.raises(SystemProblem, match="cannot write the plugin environment"):
            apply_plan(plan)
    assert environments.generations(home) == [installed.environment]
    assert environments.sweep(home) == []
    assert names(home) == {"demo": "1.0"}


def test_removing_takes_what_only_it_needed(workshop: Workshop, home: Path) -> None:
    for name, needed in {"la-shared": (), "la-own": (), "la-deep": (), "la-mid": ("la-deep",)}.items():
        workshop.library(name, requires=needed)
    install([workshop.wheel("one", requires=("la-shared", "la-own", "la-mid"))], home=home)
    install([workshop.wheel("two", requires=("la-shared",))], home=home)

    left = remove_distribution("One", home=home)

    assert names(home) == {"two": "1.0"}
    assert left is not None
    assert {path.name for path in left.environment.iterdir()} == {
        environments.COMPLETE, "two", "two-1.0.dist-info", "la_shared", "la_shared-1.0.dist-info",
    }  # fmt: skip
    assert left.generation == 3


def test_removing_the_last_leaves_no_environment(workshop: Workshop, home: Path) -> None:
    install([workshop.wheel()], home=home)

    assert remove_distribution("demo", home=home) is None
    assert {path.name for path in environments.host_folder(home).iterdir()} == {".lock", ".holder"}


def test_removing_what_another_plugin_needs_is_refused(workshop: Workshop, home: Path) -> None:
    install([workshop.wheel("base"), workshop.wheel("top", requires=("base",))], home=home)

    with pytest.raises(RefusedError, match=r"top 1\.0 needs base"):
        remove_distribution("base", home=home)


def test_removing_from_the_host_is_refused_with_the_command(home: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        remove_distribution("rich", home=home)
    assert caught.value.fix == "python -m pip uninstall rich"


def test_removing_what_is_not_there(home: Path) -> None:
    with pytest.raises(PluginNotAvailable):
        remove_distribution("demo", home=home)


def test_plan_survives_another_install_in_between(workshop: Workshop, home: Path) -> None:
    workshop.library("la-dep", "1.0")
    with environments.workspace(home) as work:
        plan = plan_install([Wanted(parse_source(workshop.wheel("one", requires=("la-dep",))))], home=home, work=work)
        install([workshop.wheel("two", requires=("la-dep",))], home=home)
        apply_plan(plan)
    assert names(home) == {"one": "1.0", "two": "1.0"}


def test_plan_is_void_when_another_version_came_in_between(workshop: Workshop, home: Path) -> None:
    workshop.library("la-dep", "1.0")
    with environments.workspace(home) as work:
        plan = plan_install([Wanted(parse_source(workshop.wheel("one", requires=("la-dep",))))], home=home, work=work)
        workshop.library("la-dep", "2.0")
        install([workshop.wheel("two", requires=("la-dep",))], home=home)
        with pytest.raises(SystemProblem, match=r"has installed la-dep 2\.0 while la-dep 1\.0"):
            apply_plan(plan)
    assert names(home) == {"two": "1.0"}


def test_two_processes_at_once_both_install(workshop: Workshop, home: Path) -> None:
    wheels = [workshop.wheel(name) for name in ("one", "two", "three")]
    children = [subprocess.Popen([sys.executable, "-c", INSTALL, str(home), str(wheel)]) for wheel in wheels]

    assert [child.wait() for child in children] == [0, 0, 0]
    assert set(names(home)) == {"one", "two", "three"}


INSTALL = """
import sys
from pathlib import Path
from localagent_cli.packaging.install import install
install([Path(sys.argv[2])], home=Path(sys.argv[1]))
"""

OVER_AND_OVER = """
import sys
from pathlib import Path
from localagent_cli.packaging.install import install, remove_distribution
home, *wheels = map(Path, sys.argv[1:])
print("ready", flush=True)
while True:
    for wheel in wheels:
        install([wheel], home=home)
    if len(wheels) == 1:
        remove_distribution("demo", home=home)
"""


def kill_at(delay: float, home: Path, wheels: list[Path]) -> None:
    """Install the wheels in turn, over and over, in a process that is killed after `delay` seconds."""
    command = [sys.executable, "-c", OVER_AND_OVER, str(home), *map(str, wheels)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        os.kill(child.pid, signal.SIGKILL)


def check_next_start(home: Path, versions: set[str]) -> None:
    """Whoever starts next finds one of these versions whole, in the environment as in the lock file, and no stray."""
    environments.enter(home)
    environment = environments.current_environment(home)
    installed = names(home) if environment else {}
    assert installed == {name: line.version for name, line in lock.installed(Home(home)).items()}
    assert set(installed.values()) <= versions
    left = {path.name for path in environments.host_folder(home).iterdir() if not path.name.isdecimal()}
    assert left == {".lock", ".holder"} | ({"current"} if environment else set())
    kept = environments.generations(home)
    assert len(kept) <= 2
    assert {path.name for path in kept} == {path.name for path in environments.host_folder(home).glob("[0-9]*")}
    assert not list(home.glob(".*.new"))
    if environment:
        assert imported(environment, "import demo.plugin; print(demo.VERSION)") == installed["demo"]
        recorded = next(environment.glob("demo-*.dist-info")) / "RECORD"
        listed = {line.split(",")[0] for line in recorded.read_text(encoding="utf-8").splitlines()}
        unlisted = {path for path in files(environment) if not path.endswith(".pyc")} - listed
        assert unlisted == {environments.COMPLETE}


def check_kills(times: int, workshop: Workshop, home: Path, versions: tuple[str, ...], monkeypatch: Patch) -> None:
    monkeypatch.setattr(sys, "path", sys.path[:])
    wheels = [workshop.wheel(version=version) for version in versions]
    install(wheels[:1], home=home)
    for turn in range(times):
        kill_at(0.01 + 0.5 * turn / times, home, wheels)
        check_next_start(home, set(versions))
    install(wheels[-1:], home=home)
    assert names(home) == {"demo": versions[-1]}


KILLED = pytest.mark.parametrize("versions", [("1.0",), ("1.0", "2.0")], ids=["install", "upgrade"])


@KILLED
def test_killed_change_leaves_the_old_or_the_new(
    workshop: Workshop, home: Path, versions: tuple[str, ...], monkeypatch: Patch
) -> None:
    check_kills(5, workshop, home, versions, monkeypatch)


@pytest.mark.soak
@KILLED
def test_killed_change_leaves_the_old_or_the_new_often(
    workshop: Workshop,
    home: Path,
    versions: tuple[str, ...],
    monkeypatch: Patch,
    record_property: Callable[[str, object], None],
) -> None:
    check_kills(50, workshop, home, versions, monkeypatch)
    record_property("kills", 50)
