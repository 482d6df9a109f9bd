"""What making a new plugin costs, against Copier by itself, and against Cookiecutter of the same files."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop
from localagent_templates import template_root

_NAME = "notes"

ROWS = (
    Row(
        "dev create-plugin against copier copy --defaults of its template",
        Quantity("create-plugin"),
        Quantity("copier copy"),
        1.25,
    ),
    Row(
        "dev create-plugin against cookiecutter of the same files",
        Quantity("create-plugin"),
        Quantity("cookiecutter"),
    ),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part; each makes the plugin anew."""
    place = workshop.place("light", 0, "-scaffolding")
    made = workshop.work / _NAME
    forget = functools.partial(shutil.rmtree, made, ignore_errors=True)
    create = (place.localagent, "dev", "create-plugin", _NAME, "command", "--into", ".")
    yield Contestant("create-plugin", create, place.env, workshop.work, forget)
    copy = (place.python, "-m", "copier", "copy", "--defaults", "--quiet", "--data", f"name={_NAME}")
    yield Contestant("copier copy", (*copy, str(template_root()), str(made)), place.env, workshop.work, forget)
    cookiecutter = workshop.peer("cookiecutter")
    if cookiecutter:
        subprocess.run(create, cwd=workshop.work, env=place.env, check=True, capture_output=True)
        template = workshop.work / "cookiecutter-template"
        _write_cookiecutter(template, made)
        bake = (cookiecutter, "--no-input", str(template))
        yield Contestant("cookiecutter", bake, workshop.peer_env(), workshop.work, forget)


def _write_cookiecutter(template: Path, made: Path) -> None:
    """A Cookiecutter template that makes the files of a made plugin, with its name as the variable."""
    target = template / "{{ cookiecutter.name }}"
    for file in made.rglob("*"):
        if file.is_file():
            path = target / str(file.relative_to(made)).replace(_NAME, "{{ cookiecutter.name }}")
            path.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text(encoding="utf-8")
            named = text.replace(_NAME, "{% endraw %}{{ cookiecutter.name }}{% raw %}")
            path.write_text("{% raw %}" + named + "{% endraw %}", encoding="utf-8")
    (template / "cookiecutter.json").write_text(json.dumps({"name": _NAME}), encoding="utf-8")
