"""``dev score``: the tier of a plugin, the evidence, and what is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from plain import Run

ROOT = Path(__file__).parents[2]
MUSEUM = ROOT / "tests" / "museum"


@pytest.fixture
def counter(work: Path) -> Path:
    """A copy of an example that keeps all rules."""
    example = ROOT / "examples" / "word-counter"
    return Path(shutil.copytree(example, work / "counter", ignore=shutil.ignore_patterns("dist")))


def test_what_is_missing_for_the_next_tier_is_said(counter: Path, localagent: Run) -> None:
    done = localagent("dev", "score", "counter")
    assert done.code == 0
    assert done.out.startswith("counter: silver\n")
    assert "for gold:\n  wheel  localagent dev build counter" in done.out


def test_wheel_and_tests_raise_it_to_the_top(counter: Path, localagent: Run, work: Path) -> None:
    assert localagent("dev", "build", "counter").code == 0
    tested = localagent("plugins", "test", "counter", "--json")
    assert tested.code == 0, tested.text
    (work / "tests.json").write_text(tested.out)
    done = localagent("dev", "score", "counter", "--tests", "tests.json", "--json", "--badge", "score.svg")
    told = json.loads(done.out)
    assert (told["tier"], told["next"]) == ("platinum", None)
    assert all(each["standing"] == "kept" for each in told["evidence"])
    assert any("LA601" in proof for each in told["evidence"] for proof in each["proof"])
    texts = [each.text for each in ET.parse(work / "score.svg").iter() if each.text and each.text.strip()]  # noqa: S314 - ours
    assert texts == ["LocalAgent: platinum", "LocalAgent", "platinum"]


def test_a_broken_rule_is_told_with_its_place(work: Path, localagent: Run) -> None:
    shutil.copytree(MUSEUM / "LA306" / "plain-initialize", work / "plugin")
    done = localagent("dev", "score", "plugin")
    assert done.code == 1
    assert "plugin: no tier yet" in done.out
    assert "LA306  plugin.py:7:5: initialize is a plain function" in done.out
    assert done.err == "next: localagent dev explain LA306\n"


def test_without_a_manifest_nothing_else_can_be_judged(work: Path, localagent: Run) -> None:
    (work / "empty").mkdir()
    told = json.loads(localagent("dev", "score", "empty", "--json").out)
    standings = {each["rule"]: each["standing"] for each in told["evidence"]}
    assert (standings["LA101"], standings["LA300"], told["tier"]) == ("broken", "unknown", None)


def test_a_rule_that_is_ignored_for_a_reason_keeps_nobody_back(counter: Path, localagent: Run) -> None:
    manifest = counter / "plugin-manifest.yaml"
    found = next(counter.rglob("plugin-manifest.yaml")) if not manifest.exists() else manifest
    found.write_text(found.read_text().replace("license: MIT", "license: My own"))
    assert localagent("dev", "score", "counter").out.startswith("counter: bronze")
    with (counter / "pyproject.toml").open("a") as file:
        file.write('\n[tool.localagent.ignore]\nLA119 = "a licence of our own"\n')
    assert localagent("dev", "score", "counter").out.startswith("counter: silver")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("absent",), "there is no such folder"),
        (("counter", "--tests", "absent.json"), "no results of tests"),
        (("counter", "--tests", "counter/pyproject.toml"), "no results of tests"),
    ],
)
def test_words_that_cannot_be_are_told(counter: Path, localagent: Run, words: tuple[str, ...], message: str) -> None:
    done = localagent("dev", "score", *words)
    assert done.code == 2
    assert message in done.err
