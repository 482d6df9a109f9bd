"""Releases to real indexes on loopback, with everything that has to stop them."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.version import Version

from localagent.errors import RefusedError, SystemProblem, UsageError
from localagent_cli.packaging.build import build_project
from localagent_cli.packaging.publishing.loopback_index import loopback_index
from localagent_cli.packaging.publishing.release import Verdict
from localagent_cli.packaging.publishing.source_state import check_committed, check_tag
from localagent_cli.packaging.publishing.target_index import TargetIndex, target_index, versions_of
from localagent_cli.packaging.publishing.upload import upload, upload_unprotected
from localagent_cli.packaging.publishing.workflow_file import write_workflow
from localagent_cli.scaffold import create_plugin
from loopback import running, status
from plain import Finished, Run

pytestmark = pytest.mark.slow

CANARY = "a-word-that-nobody-must-see"


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "init")
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "x")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create_plugin("notebook", "command", into=tmp_path_factory.mktemp("made"), author="Ada").path


@pytest.fixture
def notebook(template: Path, work: Path) -> Path:
    """A plugin with all of it committed."""
    folder = Path(shutil.copytree(template, work / "notebook"))
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with loopback_index(tmp_path_factory.mktemp("index")) as address:
        yield address


def publish(localagent: Run, *words: str) -> Finished:
    secrets = {"TWINE_USERNAME": "ada", "TWINE_PASSWORD": CANARY}
    done = localagent("dev", "publish", "notebook", *words, env=secrets)
    assert CANARY not in done.text
    return done


def verdicts(told: Finished) -> dict[str, str]:
    return {check["what"]: check["verdict"] for check in json.loads(told.out)["checks"]}


def test_release_is_rehearsed_then_uploaded_once(localagent: Run, notebook: Path, index: str) -> None:
    first = publish(localagent, "--index", index, "--yes")
    assert first.code == 0, first.text
    assert "GO: localagent-notebook 1.0.0" in first.out
    assert f"uploaded localagent-notebook 1.0.0 to {index}" in first.err
    assert "then: gh release create v1.0.0 notebook/dist/localagent_notebook-1.0.0.tar.gz" in first.err
    assert versions_of("localagent-notebook", TargetIndex(index)) == {Version("1.0.0")}
    assert {file.suffix for file in (notebook / "dist").iterdir()} == {".gz", ".whl"}

    again = publish(localagent, "--index", index, "--yes", "--json")
    assert again.code == 1
    assert verdicts(again)["the version is new"] == "no-go"


def test_dry_run_goes_through_all_but_the_upload(localagent: Run, notebook: Path) -> None:
    done = publish(localagent, "--index", "http://127.0.0.1:9/", "--dry-run", "--json")
    assert done.code == 0, done.text
    assert "nothing was uploaded" in done.err
    assert {what for what, verdict in verdicts(done).items() if verdict != "go"} == {"the version is new"}
    assert verdicts(done)["the version is new"] == "warning"
    assert not (notebook / "dist").exists()
    status = subprocess.run(["git", "status", "--porcelain"], cwd=notebook, capture_output=True, check=True)
    assert status.stdout == b""


def test_plugin_that_breaks_in_the_rehearsal_is_not_uploaded(localagent: Run, notebook: Path, index: str) -> None:
    module = notebook / "plugin.py"
    module.write_text(f"{module.read_text(encoding='utf-8')}\nraise RuntimeError('broken')\n", encoding="utf-8")
    done = publish(localagent, "--index", index, "--yes", "--json")
    assert done.code == 1
    found = verdicts(done)
    assert found["the source is committed"] == "no-go"
    assert found["it installs into an empty home"] == "no-go"
    assert found["it keeps its promises there"] == found["its commands run"] == "not tried"


def test_archive_with_a_finding_is_not_rehearsed(localagent: Run, notebook: Path, index: str) -> None:
    (notebook / "README.md").write_text("", encoding="utf-8")
    done = publish(localagent, "--index", index, "--dry-run")
    assert done.code == 1
    assert "error[LA517]" in done.out
    assert "NO-GO" in done.out
    assert "upload" not in done.out


def test_nobody_to_ask_is_told_before_anything_is_done(localagent: Run, notebook: Path, index: str) -> None:
    done = publish(localagent, "--index", index)
    assert done.code == 4
    assert "--yes" in done.err
    assert "building" not in done.err
    assert notebook.is_dir()


def test_index_for_the_rehearsal_ends_with_who_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from localagent_cli.packaging.publishing.loopback_index import loopback_index\n"
        f"with loopback_index(Path({str(tmp_path / 'index')!r})) as address:\n"
        "    print(address, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        address = owner.stdout.readline().strip()
        assert answers(address)
        owner.kill()
    for _ in range(600):
        if not answers(address):
            return
        time.sleep(0.05)
    pytest.fail(f"{address} still answers")


def test_rehearsal_that_is_killed_leaves_no_files(
    notebook: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-m", "localagent_cli", "dev", "publish", str(notebook), "--dry-run"]
    with subprocess.Popen([*command, "--index", "http://127.0.0.1:9/"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        next(line for line in process.stderr if line.startswith("an index takes the upload"))
        assert list((tmp_path / "temporary").iterdir())
        process.kill()
    for _ in range(600):
        if not list((tmp_path / "temporary").glob("localagent-*")):
            return
        time.sleep(0.05)
    pytest.fail("the folder of the rehearsal is still there")


def answers(address: str) -> bool:
    parts = urlsplit(address)
    with socket.socket() as client:
        return client.connect_ex((parts.hostname, parts.port)) == 0


def test_upload_that_is_refused_is_told_in_twines_words(template: Path, tmp_path: Path, index: str) -> None:
    built = build_project(template, out=tmp_path / "dist")
    assert built.wheel
    renamed = tmp_path / "localagent_notebook-9.9.9-py3-none-any.txt"
    shutil.copyfile(built.wheel, renamed)
    with pytest.raises(SystemProblem, match="did not take the upload"):
        upload_unprotected([renamed], index)


def test_what_is_not_committed_stops_a_release(tmp_path: Path) -> None:
    assert check_committed(tmp_path).verdict is Verdict.WARNING
    (tmp_path / "one").write_text("1\n")
    commit(tmp_path)
    assert check_committed(tmp_path).verdict is Verdict.GO
    (tmp_path / "one").write_text("2\n")
    (tmp_path / "two words").write_text("2\n")
    found = check_committed(tmp_path)
    assert found.verdict is Verdict.NO_GO
    assert found.detail == "not committed: one, two words"


def test_tag_of_another_commit_stops_a_release(tmp_path: Path) -> None:
    assert check_tag(tmp_path, "v1.0.0").verdict is Verdict.GO
    (tmp_path / "one").write_text("1\n")
    commit(tmp_path)
    git(tmp_path, "tag", "--annotate", "v1.0.0", "--message", "1")
    assert check_tag(tmp_path, "v1.0.0").verdict is Verdict.GO
    git(tmp_path, "commit", "--allow-empty", "--message", "y")
    assert check_tag(tmp_path, "v1.0.0").verdict is Verdict.NO_GO


@pytest.mark.parametrize(
    ("upload", "simple"),
    [
        ("https://upload.pypi.org/legacy/", "https://pypi.org/simple/"),
        ("https://test.pypi.org/legacy/", "https://test.pypi.org/simple/"),
        ("https://index.example.org/team/legacy/", "https://index.example.org/team/simple/"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/simple/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/simple/"),
        ("https://index.example.org/simple/", "https://index.example.org/simple/"),
    ],
)
def test_list_of_versions_is_beside_the_uploads(upload: str, simple: str) -> None:
    assert TargetIndex(upload).simple == simple


def test_index_is_named_on_the_command_line_or_by_twines_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert target_index(None, None, {}) == TargetIndex("https://upload.pypi.org/legacy/", "pypi")
    assert target_index("testpypi", None, {}).upload == "https://test.pypi.org/legacy/"
    variables = {"TWINE_REPOSITORY": "team", "TWINE_REPOSITORY_URL": "https://index.example.org/"}
    assert target_index(None, None, variables) == TargetIndex("https://index.example.org/")
    (tmp_path / ".pypirc").write_text(
        f"[distutils]\nindex-servers = team\n[team]\nrepository = https://team.example.org/\npassword = {CANARY}\n"
    )
    assert target_index("team", None, {}) == TargetIndex("https://team.example.org/", "team")
    with pytest.raises(UsageError, match="no repository 'taem'") as caught:
        target_index("taem", None, {})
    assert caught.value.fix == "did you mean 'team'?"


@pytest.mark.parametrize("address", [f"https://ada:{CANARY}@index.example.org/", "index.example.org", "file:///tmp"])
def test_address_that_cannot_be_used_is_wrong_usage(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        target_index(None, address, {})
    assert CANARY not in f"{caught.value.message} {caught.value.fix}"


@pytest.mark.parametrize(
    "address", ["http://index.example.org/", "http://192.0.2.7:8080/", "http://127.0.0.1.example.org/"]
)
def test_password_is_never_sent_without_encryption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pypirc").write_text(f"[distutils]\nindex-servers = team\n[team]\nrepository = {address}\n")
    for repository, index in (("team", None), (None, address)):
        with pytest.raises(RefusedError, match="without encryption") as caught:
            target_index(repository, index, {})
        assert address.replace("http:", "https:") in (caught.value.fix or "")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "[::1]"])
def test_index_on_this_machine_needs_no_encryption(host: str) -> None:
    assert target_index(None, f"http://{host}:8080/", {}).upload == f"http://{host}:8080/"


def test_two_indexes_are_wrong_usage() -> None:
    with pytest.raises(UsageError, match="two indexes"):
        target_index("pypi", "https://index.example.org/", {})


def test_index_without_the_project_has_no_versions(index: str) -> None:
    assert versions_of("nobody-has-this", TargetIndex(index)) == set()


def test_versions_are_read_from_json_too() -> None:
    files = ["demo-1.0.tar.gz", "demo-1.1-py3-none-any.whl", "other-2.0.tar.gz", "demo-1.0.exe"]
    with running() as server:
        index = TargetIndex(server.url)
        server.answer("/simple/demo/", status(200, {"files": [{"filename": file} for file in files]}))
        assert versions_of("demo", index) == {Version("1.0"), Version("1.1")}
        server.answer("/simple/demo/", status(200, {"files": 3}))
        with pytest.raises(SystemProblem, match="no list of files"):
            versions_of("demo", index)
        server.answer("/simple/demo/", status(503))
        with pytest.raises(SystemProblem, match="answers 503"):
            versions_of("demo", index)


def test_credentials_reach_the_index_and_nobody_else(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build_project(template, out=tmp_path / "dist", sdist=False)
    assert built.wheel
    monkeypatch.setenv("TWINE_USERNAME", "ada")
    monkeypatch.setenv("TWINE_PASSWORD", CANARY)
    monkeypatch.setenv("TWINE_REPOSITORY_URL", "http://127.0.0.1:9/")
    with running() as server:
        server.answer("/legacy/", status(403, b"Invalid or non-existent authentication information"))
        with pytest.raises(SystemProblem, match="403") as caught:
            upload([built.wheel], TargetIndex(f"{server.url}/legacy/"))
        (asked,) = server.asked
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")) == f"ada:{CANARY}".encode()
    assert CANARY not in caught.value.message


def test_index_that_does_not_answer_is_a_system_problem() -> None:
    with pytest.raises(SystemProblem, match="does not answer"):
        versions_of("demo", TargetIndex("http://127.0.0.1:9/"))


def test_workflow_of_the_template_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.12"\n')
    written = write_workflow(tmp_path)
    text = written.read_text(encoding="utf-8")
    assert written == tmp_path / ".github/workflows/release.yml"
    assert 'python-version: "3.12"' in text
    assert "{{" not in text
    with pytest.raises(UsageError, match="already"):
        write_workflow(tmp_path)


def test_workflow_needs_a_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a project"):
        write_workflow(tmp_path)
    assert list(tmp_path.iterdir()) == []
