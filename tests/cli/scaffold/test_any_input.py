"""Whatever a plugin is to be called and told: it is refused with a reason, or made and nothing is written beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from cli.scaffold.test_texts_in_projects import parse_all
from localagent.errors import UsageError
from localagent_cli.scaffold import create_plugin
from localagent_templates import KINDS
from texts import TEXTS

PIECES = (
    *("..", "/", "\\", ".", "-", "_", " ", "\0", "\n", "~", "$HOME", "%2e", "C:", "|", "{{ name }}", "{% raw %}"),
    *("\u202e", "\u200b", "\udcff", "\xe9", "A", "9", "a", "notes", "con", "class", "json", "localagent-", "plugin"),
)
VALID_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True)
NAMES = st.text(max_size=70) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | VALID_NAMES
DESCRIPTIONS = st.none() | st.lists(st.sampled_from(PIECES), max_size=9).map("".join) | st.text(max_size=600) | TEXTS
INPUTS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, name=NAMES, kind=st.sampled_from(KINDS), description=DESCRIPTIONS, author=DESCRIPTIONS
)
ANY = st.one_of(INPUTS, INPUTS.map(lambda given: given | {"name": "word-lab"}))
"""Half of them with a name that can be taken, so that the texts decide."""


def check(words: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "into")
        try:
            plugin = create_plugin(**words, into=into).path
        except UsageError as refused:
            told = refused
        else:
            assert [plugin] == [into / words["name"]] == list(into.iterdir())
            assert list(Path(folder).iterdir()) == [into]
            parse_all(plugin)
            return
        assert told.fix
        assert told.message.isprintable()
        assert list(Path(folder).iterdir()) == []


def check_many(number: int, *, seeded: int) -> None:
    same = settings(
        max_examples=number, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    seed(seeded)(same(given(ANY)(check)))()


def test_any_input_is_refused_with_a_reason_or_makes_a_plugin() -> None:
    check_many(15, seeded=0)


@pytest.mark.soak
@pytest.mark.parametrize("slice_", range(20))
def test_ten_thousand_inputs_are_refused_with_a_reason_or_make_a_plugin(
    slice_: int, record_property: Callable[[str, object], None]
) -> None:
    check_many(500, seeded=slice_)
    record_property("inputs", 500)
