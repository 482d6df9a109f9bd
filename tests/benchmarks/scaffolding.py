"""What making a new plugin costs, against Copier by itself."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator

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
