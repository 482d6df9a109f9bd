"""A plugin follows its template, and nothing that its author wrote is lost."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localagent.errors import ConfigError, LocalAgentError, RefusedError, SystemProblem, UsageError
from localagent_cli.scaffold.merging import Change
from localagent_cli.scaffold.render import renderer
from localagent_cli.scaffold.update import update_plugin
from localagent_templates.history import History
from small_template import FIRST, SECOND, commit_all, contents, edit, git, history_of, made_plugin

ANSWERS = ".copier-answers.yml"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A toolkit whose template is the second version."""
    return history_of(tmp_path_factory.mktemp("toolkit"), FIRST, current=SECOND)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, history: History) -> Path:
    """A plugin of the first version that no test changes."""
    return made_plugin(tmp_path_factory.mktemp("made") / "notes", history)


@pytest.fixture
def plugin(tmp_path: Path, made: Path) -> Path:
    """A plugin of the first version, committed and not edited."""
    return shutil.copytree(made, tmp_path / "notes", symlinks=True)


def actions(changes: tuple[Change, ...]) -> dict[str, str]:
    return {change.path: change.action for change in changes}


EXPECTED = {
    "README.md": "conflict",
    "legacy.py": "conflict",
    "config/old.ini": "delete",
    "plugin.py": "merge",
    "docs/new.md": "new",
    "tests/test_plugin.py": "rename",
    "untouched.txt": "change",
    "Dockerfile": "left out",
}


def test_every_edit_survives_a_change_of_the_template(plugin: Path, history: History) -> None:
    edit(plugin)
    update = update_plugin(plugin, history=history)
    assert (update.before, update.after) == ("1.0.0", "1.1.0")
    assert actions(update.changes) == EXPECTED
    source = (plugin / "plugin.py").read_text()
    assert "def my_step" in source
    assert "END = False" in source
    renamed = (plugin / "tests" / "test_plugin.py").read_text()
    assert "def test_mine" in renamed
    assert "LATER = 1" in renamed
    assert (plugin / "legacy.py").read_text().endswith("MINE = 1\n")
    assert (plugin / "docs" / "new.md").read_text() == "New in notes\n"
    assert (plugin / "untouched.txt").read_text() == "second\n"
    assert (plugin / "own.txt").read_text() == "mine\n"
    assert "_commit: 1.1.0\n" in (plugin / ANSWERS).read_text()
    assert not [name for name in ("config", "Dockerfile", "tests/test_it.py") if (plugin / name).exists()]
    assert not (plugin / ".localagent-update").exists()


def test_a_conflict_shows_both_sides_and_what_they_began_from(plugin: Path, history: History) -> None:
    edit(plugin)
    update = update_plugin(plugin, history=history)
    assert [change.path for change in update.conflicts] == ["README.md", "legacy.py"]
    lines = (plugin / "README.md").read_text().splitlines()
    assert lines[2].startswith("<<<<<<< ")
    assert lines[3] == "A plugin that is mine."
    assert lines[4].startswith("||||||| ")
    assert lines[5] == "A plugin that is kind."
    assert lines[7] == "A plugin that is always kind."
    assert lines[8] == ">>>>>>> template-1.1.0"


def test_what_was_not_edited_becomes_what_would_be_made_today(plugin: Path, history: History, tmp_path: Path) -> None:
    update = update_plugin(plugin, history=history)
    today = history_of(tmp_path / "later", SECOND, current=SECOND)
    today.unpack("1.1.0", tmp_path / "second")
    assert not update.conflicts
    assert contents(plugin) == contents(_rendered(tmp_path / "second", plugin.name, tmp_path / "new"))


def _rendered(template: Path, name: str, into: Path) -> Path:
    renderer(template)({"name": name}, into)
    return into


def test_a_plan_is_what_is_done_and_writes_nothing(plugin: Path, history: History) -> None:
    edit(plugin)
    before = contents(plugin)
    plan = update_plugin(plugin, plan=True, history=history)
    assert contents(plugin) == before
    assert update_plugin(plugin, history=history) == plan


def test_the_second_update_has_nothing_to_do(plugin: Path, history: History) -> None:
    update_plugin(plugin, history=history)
    before = contents(plugin)
    again = update_plugin(plugin, history=history)
    assert (again.before, again.changes) == ("1.1.0", ())
    assert contents(plugin) == before


def test_the_answers_that_were_given_count(tmp_path: Path, history: History) -> None:
    plugin = made_plugin(tmp_path / "notes", history, tone="gruff")
    update_plugin(plugin, history=history)
    assert "A plugin that is always gruff." in (plugin / "README.md").read_text()
    assert "tone: gruff\n" in (plugin / ANSWERS).read_text()


def test_a_clone_elsewhere_is_updated_as_the_first_one(plugin: Path, history: History, tmp_path: Path) -> None:
    edit(plugin)
    git(tmp_path, "clone", "--quiet", "notes", "elsewhere")
    shutil.move(plugin, tmp_path / "gone")
    update_plugin(tmp_path / "elsewhere", history=history)
    update_plugin(tmp_path / "gone", history=history)
    assert contents(tmp_path / "elsewhere") == contents(tmp_path / "gone")
    assert str(tmp_path) not in (tmp_path / "gone" / ANSWERS).read_text()


def test_a_plugin_in_a_repository_of_more_is_updated_alone(tmp_path: Path, history: History) -> None:
    plugin = made_plugin(tmp_path / "repository" / "plugins" / "notes", history)
    shutil.rmtree(plugin / ".git")
    git(tmp_path / "repository", "init", "--quiet")
    commit_all(tmp_path / "repository")
    edit(plugin)
    (tmp_path / "repository" / "untracked.txt").write_text("not the plugin's")
    assert actions(update_plugin(plugin, history=history).changes) == EXPECTED
    changed = git(tmp_path / "repository", "status", "--porcelain", "--untracked-files=all").split()[1::2]
    assert {name for name in changed if not name.startswith("plugins/notes/")} == {"untracked.txt"}


def test_nothing_of_gits_is_touched(plugin: Path, history: History, tmp_path: Path) -> None:
    """Neither what the repository holds, nor by what the user has configured, though all of it would be in the way."""
    edit(plugin)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("pre-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-merge-commit"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\nexit 1\n")
        (hooks / hook).chmod(0o755)
    (tmp_path / "gitconfig").write_text(
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[init]\n\ttemplateDir = {hooks}\n"
        "[commit]\n\tgpgSign = true\n[user]\n\tuseConfigOnly = true\n[gpg]\n\tprogram = /nowhere\n"
        "[merge]\n\tff = only\n\tconflictStyle = merge\n"
    )
    (plugin / "plugin.py").touch()  # what git would write down in its index by the way
    repository = {path: path.read_bytes() for path in (plugin / ".git").rglob("*") if path.is_file()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
        patch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
        patch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
        assert actions(update_plugin(plugin, history=history).changes) == EXPECTED
    assert {path: path.read_bytes() for path in (plugin / ".git").rglob("*") if path.is_file()} == repository
    assert not (tmp_path / "ran").exists()


def test_bytes_rights_and_links_stay_as_they_are(plugin: Path, history: History) -> None:
    (plugin / ".gitattributes").write_text("* text=auto eol=lf filter=none-such\n")
    (plugin / "untouched.txt").chmod(0o600)
    (plugin / "link").symlink_to("nowhere")
    commit_all(plugin)
    (plugin / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    (plugin / "picture").write_bytes(bytes(range(256)))
    commit_all(plugin)
    update_plugin(plugin, history=history)
    assert (plugin / "dos.txt").read_bytes() == b"one\r\ntwo\r\n"
    assert (plugin / "picture").read_bytes() == bytes(range(256))
    assert (plugin / "untouched.txt").stat().st_mode & 0o777 == 0o600
    assert (plugin / "link").readlink() == Path("nowhere")


def test_a_file_that_was_moved_gets_its_changes_where_it_is(plugin: Path, history: History) -> None:
    (plugin / "src").mkdir()
    git(plugin, "mv", "plugin.py", "src/plugin.py")
    commit_all(plugin)
    update_plugin(plugin, history=history)
    assert "END = False" in (plugin / "src" / "plugin.py").read_text()
    assert not (plugin / "plugin.py").exists()


def test_two_new_names_of_one_file_are_both_kept(plugin: Path, history: History) -> None:
    git(plugin, "mv", "tests/test_it.py", "tests/test_mine.py")
    commit_all(plugin)
    update = update_plugin(plugin, history=history)
    assert [change.path for change in update.conflicts] == ["tests/test_mine.py", "tests/test_plugin.py"]
    assert "LATER = 1" in (plugin / "tests" / "test_mine.py").read_text()


def test_both_sides_new_file_is_marked(plugin: Path, history: History) -> None:
    (plugin / "docs").mkdir()
    (plugin / "docs" / "new.md").write_text("Mine\n")
    commit_all(plugin)
    update = update_plugin(plugin, history=history)
    assert [change.path for change in update.conflicts] == ["docs/new.md"]
    assert "Mine\n" in (plugin / "docs" / "new.md").read_text()


def test_a_binary_file_that_both_changed_stays_as_it_is(plugin: Path, history: History) -> None:
    (plugin / "README.md").write_bytes(b"\0mine")
    commit_all(plugin)
    update = update_plugin(plugin, history=history)
    assert [change.reason for change in update.conflicts] == ["both sides changed it; kept as it was here"]
    assert (plugin / "README.md").read_bytes() == b"\0mine"


def _modified(plugin: Path) -> None:
    (plugin / "plugin.py").write_text("mine")


def _staged(plugin: Path) -> None:
    _modified(plugin)
    git(plugin, "add", "plugin.py")


def _untracked(plugin: Path) -> None:
    (plugin / "more.py").write_text("mine")


def _unkept_answers(plugin: Path) -> None:
    git(plugin, "rm", "--quiet", "--cached", ANSWERS)
    git(plugin, "commit", "--quiet", "--message", "Without")


def _no_repository(plugin: Path) -> None:
    shutil.rmtree(plugin / ".git")


def _ignored_as_a_whole(plugin: Path) -> None:
    _no_repository(plugin)
    (plugin.parent / ".gitignore").write_text("notes/\n")
    git(plugin.parent, "init", "--quiet")


def _ignored_file_where_a_new_one_lands(plugin: Path) -> None:
    (plugin / ".gitignore").write_text("docs/\n")
    commit_all(plugin)
    (plugin / "docs").mkdir()
    (plugin / "docs" / "new.md").write_text("mine")


def _ignored_link_where_a_new_folder_lands(plugin: Path) -> None:
    (plugin / ".gitignore").write_text("docs\n")
    commit_all(plugin)
    (plugin / "docs").symlink_to(plugin.parent)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_modified, "changes that are not committed: plugin.py"),
        (_staged, "changes that are not committed: plugin.py"),
        (_untracked, "changes that are not committed: more.py"),
        (_unkept_answers, "git does not keep the plugin's .copier-answers.yml: an update could not be undone"),
        (_no_repository, "git does not keep the plugin's .copier-answers.yml: an update could not be undone"),
        (_ignored_as_a_whole, "since the repository around it ignores it"),
        (_ignored_file_where_a_new_one_lands, "would land where git keeps none: docs/new.md"),
        (_ignored_link_where_a_new_folder_lands, "would land where git keeps none: docs"),
    ],
)
@pytest.mark.parametrize("plan", [False, True])
def test_what_git_could_not_bring_back_is_refused(
    make: Callable[[Path], None], message: str, plugin: Path, history: History, *, plan: bool
) -> None:
    make(plugin)
    before = contents(plugin.parent)
    with pytest.raises(RefusedError) as refused:
        update_plugin(plugin, plan=plan, history=history)
    assert message in refused.value.message
    assert refused.value.fix
    assert contents(plugin.parent) == before


def test_a_file_that_git_ignores_here_is_left_alone_and_told(plugin: Path, history: History) -> None:
    (plugin / ".gitignore").write_text("Dockerfile\n")
    git(plugin, "rm", "--quiet", "--cached", "Dockerfile")
    commit_all(plugin)
    (plugin / "Dockerfile").write_text("mine")
    update = update_plugin(plugin, history=history)
    assert actions(update.changes)["Dockerfile"] == "left out"
    assert (plugin / "Dockerfile").read_text() == "mine"


@pytest.mark.parametrize(
    ("answers", "kind", "message"),
    [
        ("_src_path: localagent-templates\n_commit: 2.0.0\n", UsageError, "made from the template of LocalAgent 2.0.0"),
        ("_src_path: localagent-templates\n_commit: 0.9.0\n", UsageError, "there never was a template '0.9.0'"),
        ("_src_path: localagent-templates\n_commit: main\n", UsageError, "there never was a template 'main'"),
        ("_src_path: localagent-templates\n_commit: 1.0\n", ConfigError, "_commit is not the version"),
        ("_src_path: gh:some/one\n_commit: v1\n", UsageError, "made from another template, 'gh:some/one'"),
        ("[]\n", ConfigError, "not answers by question"),
        ("a: b: c\n", ConfigError, "not YAML"),
        (
            "_src_path: localagent-templates\n_commit: 1.0.0\nname: notes\ntone: rude\n",
            ConfigError,
            "an answer does not fit the template",
        ),
    ],
)
def test_answers_that_lead_nowhere_are_told(
    answers: str, kind: type[LocalAgentError], message: str, plugin: Path, history: History
) -> None:
    (plugin / ANSWERS).write_text(answers)
    commit_all(plugin)
    before = contents(plugin)
    with pytest.raises(kind) as raised:
        update_plugin(plugin, history=history)
    assert message in raised.value.message
    assert raised.value.file == plugin / ANSWERS
    assert contents(plugin) == before


def test_a_newer_template_names_the_toolkit_that_has_it(plugin: Path, history: History) -> None:
    (plugin / ANSWERS).write_text("_src_path: localagent-templates\n_commit: 2.0.0\n")
    with pytest.raises(UsageError) as raised:
        update_plugin(plugin, history=history)
    assert raised.value.fix == "python -m pip install --upgrade 'localagent[dev]>=2.0.0'"


def test_a_folder_without_answers_is_refused(tmp_path: Path, history: History) -> None:
    for folder, message in ((tmp_path, "cannot be told what it was made from"), (tmp_path / "no", "no such folder")):
        with pytest.raises(UsageError, match=message):
            update_plugin(folder, history=history)


def test_a_missing_git_is_one_sentence(plugin: Path, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(plugin))
    with pytest.raises(SystemProblem, match="git, which this needs, cannot be run"):
        update_plugin(plugin, history=history)


def test_a_repository_that_git_will_not_look_at_is_told(plugin: Path, history: History) -> None:
    (plugin / ".git" / "config").write_text("[broken\n")
    with pytest.raises(SystemProblem, match="git will not look at the plugin: bad config"):
        update_plugin(plugin, history=history)


def test_two_updates_do_not_run_at_once(plugin: Path, history: History) -> None:
    descriptor = os.open(plugin, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(SystemProblem, match="another change"):
            update_plugin(plugin, history=history)
    finally:
        os.close(descriptor)
    assert update_plugin(plugin, history=history).changes


def test_the_throw_away_repository_is_thrown_away(
    plugin: Path, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    update_plugin(plugin, history=history)
    assert list(temporary.iterdir()) == []
    left = subprocess.run(["git", "worktree", "list"], cwd=plugin, capture_output=True, text=True, check=True)
    assert len(left.stdout.splitlines()) == 1
