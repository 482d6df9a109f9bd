"""Catalogues: made from wheels, searched and installed from, as folders and over HTTP."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.packaging.conftest import Workshop
from cli.packaging.test_plugin_changes import locked
from localagent.errors import UsageError
from localagent_cli.packaging.catalogue import CATALOGUE, make_catalogue, read_catalogue, search
from plain import Run


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        pass


@pytest.fixture
def offered(workshop: Workshop) -> Path:
    """A folder with wheels, two of one plugin."""
    workshop.plugin_wheel(version="1.9", extra="tags: [greeting]\n")
    workshop.plugin_wheel(version="1.10", extra="tags: [greeting, words]\n")
    wheel = workshop.plugin_wheel("other-one", label="of something else")
    (wheel.parent / "demo.score.json").write_text('{"tier": "gold"}', encoding="utf-8")
    return wheel.parent


@pytest.fixture(params=["folder", "address"])
def place(offered: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the catalogue is: the folder, or an address under which it is served as it is."""
    make_catalogue(offered)
    if request.param == "folder":
        yield str(offered)
        return
    handler = functools.partial(Quiet, directory=str(offered))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_catalogue_tells_kinds_tags_score_versions_and_hashes(localagent: Run, offered: Path, tmp_path: Path) -> None:
    done = localagent("dev", "index", offered)

    assert (done.code, done.out) == (0, "demo 1.10, 1.9\nother-one 1.0\n"), done.err
    demo, other = read_catalogue(str(offered), tmp_path)
    assert (demo.name, demo.kinds, demo.tags, demo.score) == ("demo", ("command",), ("greeting", "words"), "gold")
    assert [release.version for release in demo.releases] == ["1.10", "1.9"]
    assert (other.score, len(other.newest.sha256), other.newest.size > 0) == (None, 64, True)
    first = (offered / CATALOGUE).read_bytes()
    assert first.count(b'"file": "demo-') == 2  # each version once
    make_catalogue(offered)
    assert (offered / CATALOGUE).read_bytes() == first


def test_search_then_install_and_upgrade_by_name(localagent: Run, home: Path, offered: Path, place: str) -> None:
    found = localagent("plugins", "search", "GREETING demo", "--catalogue", place, "--json")
    assert [entry["name"] for entry in json.loads(found.out)] == ["demo"], found.err
    shown = localagent("plugins", "search", "--catalogue", place)
    assert "gold" in shown.out
    assert "other-one" in shown.out

    done = localagent("plugins", "install", "demo<1.10", "--catalogue", place, "--yes")
    assert done.code == 0, done.err
    assert localagent("demo").out == "demo 1.9\n"
    assert localagent("plugins", "upgrade", "--yes").code == 0
    assert localagent("demo").out == "demo 1.10\n"
    assert locked(home) == {"demo": "1.10"}
    assert "nothing newer was found" in localagent("plugins", "upgrade").err


def test_configured_catalogues_are_looked_in_first(localagent: Run, home: Path, offered: Path) -> None:
    make_catalogue(offered)
    home.mkdir(exist_ok=True)
    (home / "config.yaml").write_text(f"catalogues: [{json.dumps(str(offered))}]\n", encoding="utf-8")

    assert localagent("plugins", "search", "nothing-like-that").code == 0
    assert localagent("plugins", "install", "other-one", "--yes").code == 0
    assert localagent("other-one").out == "other-one 1.0\n"
    (home / "config.yaml").write_text("catalogues: 3\n", encoding="utf-8")
    wrong = localagent("plugins", "search", "x")
    assert (wrong.code, "'catalogues' must be a list" in wrong.err) == (2, True)


def test_wheel_that_is_not_the_listed_one_is_refused(localagent: Run, home: Path, offered: Path) -> None:
    make_catalogue(offered)
    (offered / "demo-1.10-py3-none-any.whl").write_bytes((offered / "demo-1.9-py3-none-any.whl").read_bytes())

    done = localagent("plugins", "install", "demo", "--catalogue", offered, "--yes")
    assert (done.code, "its hash differs" in done.err) == (4, True)
    assert locked(home) == {}


def test_name_that_no_catalogue_has_suggests_a_near_one(localagent: Run, offered: Path) -> None:
    make_catalogue(offered)
    done = localagent("plugins", "install", "dmo", "--catalogue", offered, "--yes")

    assert (done.code, done.err.endswith("did you mean 'demo'?\n")) == (3, True), done.err
    newer = localagent("plugins", "install", "demo>2", "--catalogue", offered, "--yes")
    assert (newer.code, "only 1.10, 1.9" in newer.err) == (3, True)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 2, "plugins": []}', '{"version": 1, "plugins": [{"name": "x"}]}', "[" * 100_000]
)
def test_what_is_no_catalogue_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / CATALOGUE).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        read_catalogue(str(tmp_path), tmp_path)


def test_file_that_would_lead_out_of_the_catalogue_is_refused(tmp_path: Path, offered: Path) -> None:
    make_catalogue(offered)
    text = (offered / CATALOGUE).read_text(encoding="utf-8").replace("demo-1.9-", "../demo-1.9-")
    (offered / CATALOGUE).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"versions\[1\]\.file"):
        read_catalogue(str(offered), tmp_path)


def test_folder_without_wheels_or_catalogue(localagent: Run, tmp_path: Path) -> None:
    assert localagent("dev", "index", tmp_path / "nothing").code == 2
    assert localagent("plugins", "search", "x", "--catalogue", tmp_path).code == 2
    assert localagent("plugins", "search", "x").err.endswith("or a list 'catalogues' in config.yaml\n")


def test_names_come_before_descriptions(offered: Path) -> None:
    entries = make_catalogue(offered)

    assert [entry.name for entry in search("e", entries)] == ["demo", "other-one"]
    assert [entry.name for entry in search("something", entries)] == ["other-one"]
