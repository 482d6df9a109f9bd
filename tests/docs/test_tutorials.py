"""Every tutorial is carried out, in order, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from walkthrough import ROOT, blocks, carry_out, changed, fits

pytestmark = pytest.mark.slow

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
NOT_RUN = {"first-plugin.md": 1}
"""How many blocks of a tutorial are not run, where there are any."""


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_the_tutorial_does_what_it_says(page: Path, tmp_path: Path) -> None:
    carry_out(page, tmp_path)


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_next_to_everything_is_run(page: Path) -> None:
    text = page.read_text("utf-8")
    found = list(blocks(text))
    assert text.count("```") == 2 * len(found), "a block has a form that is not understood"
    assert sum(1 for block in found if block.reason_not_run) == NOT_RUN.get(page.name, 0)


def carried_out(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    carry_out(page, tmp_path)


def test_what_one_block_sets_the_next_one_has(tmp_path: Path) -> None:
    carried_out(
        tmp_path,
        "```sh\nmkdir inner\ncd inner\nWORD=hello\n```\n"
        '```python title="said.py"\nimport sys\nprint(*sys.argv[1:])\n```\n'
        '```diff title="said.py"\n import sys\n-print(*sys.argv[1:])\n+print(*sys.argv[1:], "there")\n```\n'
        "```sh\npython said.py $WORD\ncat\n```\nIt says\n\n```text\nhello there\n```\n"
        "<!-- before: WORD=bye -->\n```console\n$ python said.py $WORD\nbye there\n$ echo not compared\n```\n"
        "<!-- exit code 3 -->\n```sh\nexit 3\n```\n"
        "```sh\npwd\n```\n```text\n~/tutorial\n```\n",
    )
    assert (tmp_path / "tutorial" / "inner" / "said.py").is_file()


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("# A\n\n```sh\necho no\n```\n\n```text\nyes\n```\n", r"page.md:7: it printed\nno"),
        ("```sh\nfalse\necho after\n```\n", "page.md:1: exit code 1 instead of 0"),
        ("```sh\ntrue | false | true\n```\n", "page.md:1: exit code 1"),
        ("<!-- exit code 2 -->\n```sh\ntrue\n```\n", "page.md:2: exit code 0 instead of 2"),
        ("```console\n$ echo one\none\n$ echo two\nthree\n```\n", r"page.md:1: it printed\ntwo"),
        ("```python\nprint()\n```\n", "page.md:1: a block that is not run says so"),
        ("```text\nyes\n```\n", "page.md:1: this belongs to no command"),
    ],
)
def test_a_page_that_says_something_else_is_told_with_its_line(tmp_path: Path, page: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        carried_out(tmp_path, page)


def test_a_change_must_fit_one_place() -> None:
    assert changed("a\n\nb\nc\n", " a\n\n-b\n+d\n") == "a\n\nd\nc\n"
    with pytest.raises(AssertionError, match="2 times"):
        changed("a\na\n", "-a\n+b\n")


def test_times_and_what_is_left_out_may_differ() -> None:
    assert fits("one\ntwo 5 ms\nthree\nfour\n", "one\ntwo 12.5 ms\n...\nfour\n")
    assert fits("made in 0.3 s by Ada\n", "made in 2 s by …\n")
    assert fits("passed   one   2\n─────────\n", "passed  one  2\n──\n")
    assert not fits("one\ntwo\n", "one\n")
    assert not fits("one  two\n", "one two\n")
