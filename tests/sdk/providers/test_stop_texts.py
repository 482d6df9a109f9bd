"""Text that ends at stop texts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.providers.stop_texts import StoppedText


def told(stops: list[str], pieces: list[bytes]) -> list[str]:
    text = StoppedText(stops)
    given_out = [text.add(piece) for piece in pieces]
    return [*given_out, text.rest()]


@pytest.mark.parametrize(
    ("stops", "pieces", "given_out"),
    [
        ([], [b"one ", b"two"], ["one ", "two", ""]),
        (["STOP"], [b"one S", b"T", b"OP two"], ["one ", "", "", ""]),
        (["STOP"], [b"one S", b"aid"], ["one ", "Said", ""]),
        (["STOP"], [b"one ST"], ["one ", "ST"]),
        (["b", "abc"], [b"xabc"], ["xa", ""]),
        (["", "\n\n"], [b"a\n", b"b"], ["a", "\nb", ""]),
        ([], ["é".encode()[:1], "é".encode()[1:]], ["", "é", ""]),
        ([], [b"ok \xf0\x9f"], ["ok ", "\N{REPLACEMENT CHARACTER}"]),
    ],
)
def test_only_what_is_certain_is_given_out(stops: list[str], pieces: list[bytes], given_out: list[str]) -> None:
    assert told(stops, pieces) == given_out


def test_nothing_comes_after_a_stop_text() -> None:
    text = StoppedText(["."])
    assert text.add(b"one. two") == "one"
    assert (text.is_over, text.add(b" three"), text.rest(), text.text) == (True, "", "", "one")


@given(st.text("ab."), st.lists(st.text("ab.", min_size=1, max_size=3), max_size=3), st.lists(st.integers(0, 20)))
def test_how_it_is_cut_makes_no_difference(text: str, stops: list[str], cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end].encode() for start, end in pairwise(places)]
    found = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    _, ended = min(found, default=(0, len(text)))
    assert "".join(told(stops, pieces)) == text[:ended]
