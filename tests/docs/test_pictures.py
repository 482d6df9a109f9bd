"""The pictures show what the commands print, and are on a page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handbook.pictures import rooms
from handbook.pictures.drawing import gist, picture, text_of
from handbook.pictures.scenes import FOLDER, SCENES, Scene
from handbook.pictures.stage import Stage, stage
from localagent_cli.waiting import announcement


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_a_picture_shows_what_the_command_prints(scene: Scene) -> None:
    if scene.needs and shutil.which(scene.needs) is None:
        pytest.skip(f"the terminal is {scene.needs}'s")
    with stage() as empty:
        shown = scene.play(empty)
    assert gist(text_of(scene.file.read_text(encoding="utf-8"))) == gist(shown), "run nox -s pictures"


def test_the_picture_of_the_rooms_shows_the_contracts() -> None:
    project = rooms.PROJECT.read_text(encoding="utf-8")
    assert (FOLDER / rooms.FILE).read_text(encoding="utf-8") == rooms.drawn(project), "run nox -s pictures"
    shown = rooms.layers(project)
    assert shown["packages"][-1] == ["localagent_templates", "localagent"]
    assert shown["runtime"][1] == ["workflows", "ui", "providers", "features"]


def test_what_only_a_slow_machine_shows_is_on_no_picture(tmp_path: Path) -> None:
    shown = f"{announcement(['greeter'])}\nready\n"
    assert Stage(tmp_path).as_everywhere(shown) == "ready\n"


def test_each_picture_is_on_a_page() -> None:
    pages = "".join(file.read_text(encoding="utf-8") for file in FOLDER.parent.rglob("*.md"))
    assert [file.name for file in FOLDER.iterdir() if f"pictures/{file.name})" not in pages] == []


def test_no_picture_loads_anything() -> None:
    drawn = picture("plain \x1b[31mred\x1b[0m", name="p", title="T")
    assert text_of(drawn) == "plain red"
    assert [file.name for file in FOLDER.iterdir() if "url(http" in file.read_text(encoding="utf-8")] == []
    assert "url(http" not in drawn
