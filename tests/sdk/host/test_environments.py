"""Generations of the plugin environment: the pointer, the lock, and what a killed process leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localagent.errors import SystemProblem
from localagent.host import environments


def made(home: Path) -> Path:
    """The next generation, complete and empty."""
    generation = environments.next_generation(home)
    environments.complete(generation)
    return generation


def test_host_folder_is_named_after_this_python(home: Path) -> None:
    folder = environments.host_folder(home)

    assert folder.parent == home / "environments"
    assert re.fullmatch(rf"cpython-{sys.version_info[0]}{sys.version_info[1]}t?-[0-9a-f]{{8}}", folder.name)
    assert environments.host_folder(home) == folder


def test_hosts_in_other_prefixes_have_other_folders(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = environments.host_folder(home)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert environments.host_folder(home) != mine


def test_nothing_is_in_use_at_first_and_asking_makes_nothing(home: Path) -> None:
    assert environments.read_pointer(home) == (None, "")
    assert environments.generations(home) == []
    assert environments.sweep(home) == []
    assert not home.exists()


def test_generations_count_up_and_switch_decides(home: Path) -> None:
    first, second = made(home), made(home)
    environments.switch(home, first)
    assert environments.current_environment(home) == first
    environments.switch(home, second)

    assert environments.current_environment(home) == second
    assert environments.generations(home) == [first, second]
    assert [first.name, second.name] == ["1", "2"]


def test_tenth_generation_follows_the_ninth(home: Path) -> None:
    assert [made(home).name for _ in range(11)][-2:] == ["10", "11"]
    assert [path.name for path in environments.generations(home)][-2:] == ["10", "11"]


def test_half_made_generation_cannot_be_switched_to(home: Path) -> None:
    generation = environments.next_generation(home)
    with pytest.raises(ValueError, match="not a complete generation"):
        environments.switch(home, generation)


@pytest.mark.parametrize("text", [b"", b"../..", b"-1", b"1 2", b"\xff\xfe", b"/tmp", "²".encode()])
def test_pointer_that_is_no_number_means_none_and_says_so(home: Path, text: bytes) -> None:
    made(home)
    environments.pointer_file(home).write_bytes(text)

    environment, why = environments.read_pointer(home)
    assert environment is None
    assert why.endswith("does not hold a number")


def test_pointer_to_what_is_gone_or_half_made_means_none_and_says_so(home: Path) -> None:
    environments.next_generation(home)
    for number in ("1", "7"):
        environments.pointer_file(home).write_text(number)
        environment, why = environments.read_pointer(home)
        assert environment is None
        assert "missing or half-made" in why


def test_activate_adds_once_and_last(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/elsewhere"])
    generation = made(home)
    environments.activate(generation)
    environments.activate(generation)

    assert sys.path == ["/elsewhere", str(generation)]


def test_activate_takes_the_place_of_an_older_generation(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/elsewhere", ""])
    first, second = made(home), made(home)
    environments.activate(first)
    environments.activate(second)

    assert sys.path == ["/elsewhere", "", str(second)]


def test_sweep_removes_only_what_is_half_made(home: Path) -> None:
    kept, half = made(home), environments.next_generation(home)
    (half / "demo").mkdir()
    folder = environments.host_folder(home)
    (folder / ".current.abc.new").write_text("2\n")
    (folder / ".work-abandoned").mkdir()
    with environments.workspace(home) as work:
        # Making a workspace sweeps, too.
        assert {path.name for path in folder.iterdir()} == {kept.name, work.name, ".lock", ".holder"}
        (half / "demo").mkdir(parents=True)
        assert environments.sweep(home) == [half]
        assert work.is_dir()
    assert not work.exists()
    assert environments.generations(home) == [kept]


HOLD = """
import sys, time
from pathlib import Path
from localagent.host import environments
home = Path(sys.argv[1])
with environments.exclusively(home):
    environments.next_generation(home)
    print("holding", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(home: Path) -> subprocess.Popen[bytes]:
    """A process that is making a generation and does not get on."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"holding\n"
    return child


def test_lock_that_another_process_holds_is_named_with_its_process(
    home: Path, holder: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "LOCK_PATIENCE", 0.2)
    try:
        with pytest.raises(SystemProblem, match=f"process {holder.pid} "), environments.exclusively(home):
            pass
        assert environments.sweep(home) == []
        assert (environments.host_folder(home) / "1").is_dir()
    finally:
        end(holder)


def test_killed_maker_leaves_nothing_after_the_next_sweep(home: Path, holder: subprocess.Popen[bytes]) -> None:
    end(holder)

    assert environments.sweep(home) == [environments.host_folder(home) / "1"]
    assert environments.sweep(home) == []


def end(child: subprocess.Popen[bytes]) -> None:
    with child:
        os.kill(child.pid, signal.SIGKILL)


IMPORT_FROM = """
import sys, time
from pathlib import Path
from localagent.host import environments
environments.enter(Path(sys.argv[1]))
print("importing", flush=True)
time.sleep(60)
"""


def test_generation_that_another_process_imports_from_goes_after_its_end(home: Path) -> None:
    first, second = made(home), made(home)
    environments.switch(home, first)
    user = subprocess.Popen([sys.executable, "-c", IMPORT_FROM, str(home)], stdout=subprocess.PIPE)
    assert user.stdout is not None
    assert user.stdout.readline() == b"importing\n"
    environments.switch(home, second)
    environments.discard_others(home, {second})
    assert environments.generations(home) == [first, second]
    assert environments.next_generation(home).name == "3"

    end(user)
    environments.enter(home)
    assert environments.generations(home) == [second]
    assert {path.name for path in environments.host_folder(home).iterdir()} == {"2", "current", ".lock", ".holder"}


def test_lock_is_free_after_an_error(home: Path) -> None:
    with pytest.raises(RuntimeError), environments.exclusively(home):
        raise RuntimeError
    with environments.exclusively(home):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_home_is_a_system_problem_for_writers_only(home: Path) -> None:
    environments.next_generation(home)
    environments.host_folder(home).chmod(0o500)
    assert environments.sweep(home) == []
    with pytest.raises(SystemProblem, match="cannot write"):
        environments.next_generation(home)


def test_home_that_is_a_file_is_a_system_problem(home: Path) -> None:
    home.write_text("")
    assert environments.read_pointer(home) == (None, "")
    with pytest.raises(SystemProblem, match="cannot write"):
        environments.next_generation(home)


def test_reading_the_pointer_imports_nothing_heavy(home: Path) -> None:
    environments.switch(home, made(home))
    code = (
        "import sys; from pathlib import Path; from localagent.host import environments\n"
        f"home = Path({str(home)!r}); environments.current_environment(home); environments.sweep(home)\n"
        "print([name for name in ('hashlib', 'filelock', 'tempfile', 'importlib.metadata', 'typing', 'dataclasses')"
        " if name in sys.modules])"
    )
    # -S: what the site's own .pth files import is not ours.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    run = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
