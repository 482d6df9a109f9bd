"""Make the pictures anew that do not show any more what commands print; words choose some by name."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from handbook.pictures import rooms
from handbook.pictures.drawing import gist, picture, text_of
from handbook.pictures.scenes import FOLDER, SCENES, Scene
from handbook.pictures.stage import stage


def main(names: Sequence[str]) -> int:
    """Play each scene; 1 if a program is missing for one."""
    for name in [name for name in os.environ if name.startswith("LOCALAGENT_")]:
        del os.environ[name]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / rooms.FILE).write_text(rooms.drawn(rooms.PROJECT.read_text(encoding="utf-8")), encoding="utf-8")
    chosen = [scene for scene in SCENES if not names or scene.name in names]
    missing = {scene.needs for scene in chosen if scene.needs and shutil.which(scene.needs) is None}
    for scene in chosen:
        if scene.needs not in missing:
            sys.stdout.write(f"{scene.name}: {_renew(scene)}\n")
    for program in missing:
        sys.stdout.write(f"error: {program} is not installed\nfix: install it with the system's package manager\n")
    return 1 if missing else 0


def _renew(scene: Scene) -> str:
    with stage() as empty:
        shown = scene.play(empty)
    if scene.file.exists() and gist(text_of(scene.file.read_text(encoding="utf-8"))) == gist(shown):
        return "as before"
    scene.file.write_text(picture(shown, name=scene.name, title=scene.title), encoding="utf-8")
    return "written"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
