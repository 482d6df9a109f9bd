"""A plugin is made whole, where it was asked for, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from localagent.errors import SystemProblem, UsageError
from localagent_cli.scaffold import create_plugin, would_replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE_FILES = ["__init__.py", "plugin.py", "setup.py", "README.md", "config_schema.json", "tests/test_plugin.py"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home without git configuration."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("GIT_", "XDG_", "COPIER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(home)
    return home


def test_the_guides_files_are_made(tmp_path: Path) -> None:
    created = create_plugin("project-analyzer", "command", into=tmp_path / "dev-plugins")
    assert created.path == tmp_path / "dev-plugins" / "project-analyzer"
    assert {Path(name) for name in GUIDE_FILES} < set(created.files)
    assert created.first_words == "analyze-project ."
    assert created.distribution == "localagent-project-analyzer"
    assert created.class_name == "ProjectAnalyzerPlugin"
    assert all((created.path / file).is_file() for file in created.files)
    assert list((tmp_path / "dev-plugins").iterdir()) == [created.path]


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("notes", "NotesPlugin"),
        ("my-plugin", "MyPlugin"),
        ("gpt4-all-x", "Gpt4AllXPlugin"),
        ("myplugin", "MypluginPlugin"),
    ],
)
def test_what_is_told_of_a_plugin_is_what_its_files_say(name: str, class_name: str, tmp_path: Path) -> None:
    created = create_plugin(name, "command", into=tmp_path)
    project = tomllib.loads((created.path / "pyproject.toml").read_text("utf-8"))["project"]
    manifest = YAML(typ="safe").load(created.path / "plugin-manifest.yaml")
    entry_point = manifest["entry_points"]["commands"][0]
    assert project["name"] == created.distribution
    assert project["entry-points"]["localagent.plugins.commands"] == {name: entry_point["class"]}
    assert entry_point["class"] == f"{name.replace('-', '_')}.plugin:{created.class_name}"
    assert created.class_name == class_name
    assert created.first_words.split()[0] in [command["name"] for command in entry_point["commands"]]
    assert f"class {class_name}(" in (created.path / "plugin.py").read_text("utf-8")


def test_a_relative_parent_is_below_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert create_plugin("notes", "command", into=Path("x")).path == tmp_path / "x" / "notes"


def test_the_author_comes_from_git(home: Path) -> None:
    (home / ".gitconfig").write_text('[user]\n\tname = Zo\u00eb \\"Z\\" O\'Neil\n', encoding="utf-8")
    created = create_plugin("notes", "command", into=home)
    assert 'Copyright (c) Zo\u00eb "Z" O\'Neil\n' in (created.path / "LICENSE").read_text("utf-8")
    assert (home / ".gitconfig").read_text("utf-8").count("\n") == 2


def test_the_author_is_else_the_login_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setenv("LOGNAME", "ada")
    created = create_plugin("notes", "command", into=home)
    assert "Copyright (c) ada\n" in (created.path / "LICENSE").read_text("utf-8")


def test_the_users_copier_settings_do_not_leak(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = home / "settings.yml"
    settings.write_text("defaults: {description: leaked, author: leaked, python_min_version: '3.13'}")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    created = create_plugin("notes", "command", into=home)
    assert not any("leaked" in (created.path / file).read_text("utf-8") for file in created.files)


@pytest.mark.parametrize("broken", ["GIT_CONFIG_GLOBAL", "GIT_DIR"])
def test_a_broken_git_is_no_obstacle(broken: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "broken").write_text("[user\n")
    monkeypatch.setenv(broken, str(home / "broken"))
    program = "import sys; from pathlib import Path; from localagent_cli.scaffold import create_plugin\n"
    program += "create_plugin('notes', 'command', into=Path())"
    subprocess.run([sys.executable, "-c", program], cwd=home, check=True)
    assert (home / "notes" / "plugin.py").is_file()


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    create_plugin("notes", "command", into=tmp_path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file", "link", "broken link"])
def test_what_exists_is_refused_and_untouched(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "notes"
    if kind.endswith("link"):
        target.symlink_to(tmp_path if kind == "link" else "nowhere")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.mkdir()
    if kind == "folder":
        (target / "plugin.py").write_text("mine")
    before = [(path, path.lstat()) for path in sorted(tmp_path.rglob("*"))]
    with pytest.raises(UsageError, match="exists already") as refused:
        create_plugin("notes", "command", into=tmp_path)
    assert refused.value.file == target
    assert [(path, path.lstat()) for path in sorted(tmp_path.rglob("*"))] == before


def test_a_plugin_is_replaced_by_force_and_what_goes_is_listed(tmp_path: Path) -> None:
    old = tmp_path / "notes"
    (old / "src").mkdir(parents=True)
    (old / "plugin.py").write_text("old")
    (old / "src" / "more.py").write_text("old")
    listed = would_replace("notes", into=tmp_path)
    created = create_plugin("notes", "command", into=tmp_path, force=True)
    assert created.replaced == listed == (Path("plugin.py"), Path("src/more.py"))
    assert not (old / "src").exists()
    assert (old / "plugin.py").read_text("utf-8") != "old"
    assert list(tmp_path.iterdir()) == [old]


def test_force_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / "plugin.py").write_text("mine")
    (tmp_path / "notes").symlink_to(real)
    created = create_plugin("notes", "command", into=tmp_path, force=True)
    assert created.replaced == (Path(),)
    assert not created.path.is_symlink()
    assert (real / "plugin.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("held", "problem"),
    [(None, "is a file"), ("thesis.txt", "does not hold a plugin"), (".git/config", "is a git repository")],
)
def test_force_replaces_nothing_but_plugins(held: str | None, problem: str, tmp_path: Path) -> None:
    target = tmp_path / "notes"
    precious = target if held is None else target / held
    precious.parent.mkdir(parents=True, exist_ok=True)
    precious.write_text("mine")
    with pytest.raises(UsageError, match=problem):
        create_plugin("notes", "command", into=tmp_path, force=True)
    with pytest.raises(UsageError, match=problem):
        would_replace("notes", into=tmp_path)
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_parent_that_is_a_file_is_refused(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is not a folder") as refused:
        create_plugin("notes", "command", into=tmp_path / "file" / below)
    assert refused.value.file == tmp_path / "file"


def test_a_parent_that_cannot_be_written_to_is_named(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # permissions do not bind the superuser
    try:
        with pytest.raises(SystemProblem, match="cannot be written to") as refused:
            create_plugin("notes", "command", into=open_folder / "dev-plugins")
    finally:
        os.seteuid(user)
        open_folder.chmod(0o755)
    assert refused.value.file == open_folder
    assert list(open_folder.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from localagent.errors import SystemProblem\n"
        "from localagent_cli.scaffold import create_plugin\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "sys.dont_write_bytecode = True\n"
        "try: create_plugin('notes', 'command', into=Path(sys.argv[1]))\n"
        "except SystemProblem as problem: print(problem.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'notes'} cannot be made: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_copier_is_one_sentence(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['copier'] = None\n"
        "from pathlib import Path\n"
        "from localagent.errors import MissingExtra\n"
        "from localagent_cli.scaffold import create_plugin\n"
        "try: create_plugin('notes', 'command', into=Path(sys.argv[1]))\n"
        "except MissingExtra as problem: print(problem.message, problem.fix, sep='|')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "dev create-plugin needs the extra 'dev', which is not installed|python -m pip install 'localagent[dev]'\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_copier_is_imported_only_when_a_plugin_is_made() -> None:
    program = "import sys, localagent_cli.scaffold; sys.exit('copier' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
