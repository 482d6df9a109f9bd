"""Lines and events from bytes, in whatever pieces they come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.providers.lines import PendingLine, TooLong
from localagent.providers.sse import PendingEvent

TEXTS = st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=20)


def lines_of(pieces: list[bytes], longest: int = 1000) -> list[bytes]:
    pending = PendingLine(longest)
    return [*(line for piece in pieces for line in pending.add(piece)), pending.rest()]


def pieces_of(whole: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    return [whole[start:end] for start, end in pairwise(places)]


@given(st.lists(TEXTS), st.sampled_from(["\n", "\r\n"]), st.lists(st.integers(0, 10_000)))
def test_pieces_make_no_difference(texts: list[str], end: str, cuts: list[int]) -> None:
    whole = end.join(texts).encode()
    expected = [text.encode() for text in texts] or [b""]
    assert lines_of(pieces_of(whole, cuts)) == expected


@given(st.lists(st.lists(TEXTS, min_size=1)))
def test_events_say_what_was_put_into_them(events: list[list[str]]) -> None:
    written = "".join("".join(f"data: {line}\n" for line in event) + ": noise\nid: 1\n\n" for event in events)
    pending = PendingEvent(10_000)
    told = [event for line in lines_of([written.encode()], 10_000) if (event := pending.add(line)) is not None]
    assert told == ["\n".join(event) for event in events]


def test_what_goes_on_for_too_long_is_given_up() -> None:
    with pytest.raises(TooLong):
        lines_of([b"x" * 600, b"x" * 600])
    assert lines_of([b"x" * 600 + b"\n", b"x" * 600]) == [b"x" * 600] * 2
    pending = PendingEvent(100)
    with pytest.raises(TooLong):
        [pending.add(b"data: many lines") for _ in range(10)]
