from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import ManifestError
from localagent.manifest.decoding import read_bytes
from localagent.manifest.document import Document, parse_document, read_document
from localagent.manifest.place import Place

FILE = Path("plugin-manifest.yaml")


def parse(text: str) -> Document:
    return parse_document(text.encode(), FILE)


def refusal(data: bytes) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        parse_document(data, FILE)
    return caught.value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1e5", "1e5"),
        (".5", ".5"),
        ("=", "="),
        ("'1'", "1"),
        ("99999999999999999999", "99999999999999999999"),
        ("80", 80),
        ("-3", -3),
        ("1.10", 1.1),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_a_plain_scalar_reads_the_same_everywhere(written: str, read: object) -> None:
    value = parse(f"key: {written}\n").data["key"]
    assert (type(value), value) == (type(read), read)


def test_a_number_is_remembered_as_it_was_written() -> None:
    document = parse("version: 1.10\n")
    assert document.written(("version",)) == "1.10"


def test_what_is_text_already_was_written_so() -> None:
    document = parse("version: '1.10'\nnothing: {}\n")
    assert document.written(("version",)) == "1.10"
    assert document.written(("nothing",)) == "{}"
    assert document.written(("gone",)) == "None"


def test_every_key_and_value_has_its_place() -> None:
    document = parse("name: a\nentry_points:\n  commands:\n    - name: b\n      class: c:D\n  ui: [{name: e}]\n")
    path = ("entry_points", "commands", 0, "class")
    assert document.where(path) == Place(FILE, 5, 14)
    assert document.where(path, key=True) == Place(FILE, 5, 7)
    assert document.where(("entry_points", "ui", 0, "name")) == Place(FILE, 6, 15)


def test_the_place_of_what_is_not_there_is_its_parents() -> None:
    document = parse("name: a\ntesting:\n  conformance: gold\n")
    assert document.where(("testing", "test_command")) == Place(FILE, 3, 3)
    assert document.where(("no", "where")) == Place(FILE, 1, 1)
    assert parse("# first\n  name: a\n").where(("no", "where")) == Place(FILE, 2, 3)


def test_the_place_of_an_empty_value_is_its_key() -> None:
    assert parse("name:\n\n\nversion: a\n").where(("name",)) == Place(FILE, 1, 1)


def test_a_value_is_found_by_path() -> None:
    document = parse("a: [{b: c}]\n")
    assert document.at(("a", 0, "b")) == "c"
    assert document.at(("a", 1, "b")) is None
    assert document.at(("a", "b")) is None


def test_a_byte_order_mark_is_accepted() -> None:
    document = parse_document(b"\xef\xbb\xbfname: a\n", FILE)
    assert document.data == {"name": "a"}
    assert document.where(("name",)) == Place(FILE, 1, 7)


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"a: \xff\n", "1:4", "not UTF-8 at byte 3"),
        (b"\xef\xbb\xbfa: \xff\n", "1:4", "not UTF-8 at byte 6"),
        (b"\xc3\xa9: 1\nb: \xff", "2:4", "not UTF-8 at byte 9"),
        ("a: b".encode("utf-16"), "1:1", "UTF-16"),
        (b"a: b\0", "1:5", "U+0000 at byte 4"),
        (b"\xc3\xa9: \x1b", "1:4", "U+001B at byte 4"),
        (b"a: 1\n\nb: 2\na: 3\n", "4:1", "in line 1 and in line 4"),
        (b"a: !!python/object/apply:os.system [x]\n", "1:4", "tags are not allowed"),
        (b"a: &x 1\n", "1:4", "anchors are not allowed here: '&x'"),
        (b"a: *x\n", "1:4", "aliases are not allowed"),
        (b"a: 1\n---\nb: 2\n", "2:1", "second document"),
        (b"%YAML 1.1\n---\na: 1\n", "2:1", "directives"),
        (b"%TAG ! tag:x,2000:\n---\na: 1\n", "2:1", "directives"),
        (b"[a, b]: c\n", "1:1", "a key must be a single text"),
        (b'a: "\\ud800"\n', "1:4", "surrogate"),
        (b"a:\n\tb: 1\n", "2:1", "\\t"),
        (b"a: [1,\n", "2:1", "not valid YAML"),
        (b"", "1:1", "it is empty"),
        (b"null\n", "1:1", "it is empty"),
        (b"# nothing\n", "1:1", "it is empty"),
        (b"- a\n", "1:1", "this is a list"),
        (b"  text\n", "1:3", "this is text"),
    ],
)
def test_what_is_not_a_strict_mapping_is_refused_at_its_place(data: bytes, place: str, words: str) -> None:
    error = refusal(data)
    assert words in error.message
    assert error.place == f"{FILE}:{place}"
    assert error.fix


ONCE = "keep one of the two"
NO_TAG = "remove the tag"
NO_ANCHOR = "remove the anchor and write the value out where it is used"
NO_DIRECTIVE = "remove the lines that begin with '%'"
ONE_TEXT = ("a key must be a single text", "1:1", "write 'key: value'")
HALF = ("half of a surrogate pair is not a character", "1:4", "write the whole character")


def correct(line: int) -> str:
    return f"correct the YAML at or before line {line}"


@pytest.mark.parametrize(
    ("data", "message", "place", "fix"),
    [
        (b"a: 1\n\nb: 2\na: 3\n", "the key 'a' is there twice, in line 1 and in line 4", "4:1", ONCE),
        (b"  a: 1\n  a: 3\n", "the key 'a' is there twice, in line 1 and in line 2", "2:3", ONCE),
        (b"a: !local x\n", "tags are not allowed here: '!local'", "1:4", NO_TAG),
        (b"a: !!binary x\n", "tags are not allowed here: 'tag:yaml.org,2002:binary'", "1:4", NO_TAG),
        (b"a: &x 1\n", "anchors are not allowed here: '&x'", "1:4", NO_ANCHOR),
        (b"a: *x\n", "aliases are not allowed here", "1:4", "write the value out in full"),
        (b"a: 1\n---\nb: 2\n", "a second document begins here", "2:1", "keep one document; remove the '---' line"),
        (b"%YAML 1.1\n---\na: 1\n", "directives are not allowed here", "2:1", NO_DIRECTIVE),
        (
            b"%YAML 1.3\n---\na: 1\n",
            "not valid YAML: version minor part can only be 2 or 1, got (1, 3)",
            "1:1",
            correct(1),
        ),
        (b"[a, b]: c\n", *ONE_TEXT),
        (b"{a: b}: c\n", *ONE_TEXT),
        (b'a: "\\ud800"\n', *HALF),
        (b'a: "\\udfff"\n', *HALF),
        (b"[" * 51, "nested deeper than the limit of 50 levels", "1:51", "nest less deeply"),
        (
            b"a: [" + b"1," * 19_998 + b"]",
            "more than the limit of 20000 values",
            "1:39999",
            "keep only what describes the plugin",
        ),
        (
            b"a:\n\tb: 1\n",
            "not valid YAML: found character '\\t' that cannot start any token",
            "2:1",
            "indent with spaces, not tabs",
        ),
        (b"a: b: c\n", "not valid YAML: mapping values are not allowed here", "1:5", correct(1)),
        (b"a: 'x\n\n\n", "not valid YAML: found unexpected end of stream", "4:1", correct(4)),
        (b'b: 1\na: "\\U00110000"\n', "not valid YAML: chr() arg not in range(0x110000)", "2:2", correct(2)),
        (b'a: "\\UFFFFFFFF"\n', "not valid YAML: Python int too large to convert to C int", "1:2", correct(1)),
    ],
)
def test_yaml_that_is_not_taken_is_told_with_its_place_and_the_way_out(
    data: bytes, message: str, place: str, fix: str
) -> None:
    error = refusal(data)
    assert (error.message, error.place, error.fix) == (message, f"{FILE}:{place}", fix)


def test_what_the_library_says_is_cut_where_it_grows_long() -> None:
    error = refusal(b"a: !" + b"x" * 200 + b"!y z\n")
    said = f"found undefined tag handle '!{'x' * 200}"
    assert error.message == f"not valid YAML: {said[:120]}..."


def test_the_version_of_yaml_that_is_read_may_be_named() -> None:
    assert parse("%YAML 1.2\n---\na: 010\n").data == {"a": "010"}


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.text(alphabet="aYAML:-[]{}\"'\\UxF013%!&*|>#?,.\n\t "))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ManifestError):
        assert isinstance(parse(text).data, dict)


def test_an_empty_document_is_answered_with_the_example(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.touch()
    with pytest.raises(ManifestError) as caught:
        read_document(file, example="name: smallest\n")
    assert caught.value.message == "a mapping is needed at the top, but it is empty"
    assert caught.value.fix == "the smallest valid one is:\nname: smallest\n"
    assert caught.value.file == file


def test_a_document_that_is_no_mapping_is_answered_with_what_one_is() -> None:
    assert refusal(b"").fix == "write 'key: value' lines"
    assert refusal(b"- a\n").message == "a mapping is needed at the top, but this is a list"


@pytest.mark.parametrize("text", ["", "# nothing\n", "~\n"])
def test_a_document_may_be_empty_where_that_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_document(file, may_be_empty=True).data == {}
    assert parse_document(text.encode(), file, may_be_empty=True).where(()) == Place(file, 1, 1)
    assert refusal(text.encode()).fix == "write 'key: value' lines"
    with pytest.raises(ManifestError) as caught:
        read_document(file)
    assert caught.value.fix == "write 'key: value' lines"


def test_what_is_there_is_read_where_a_document_may_be_empty(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text("a: 1\n", encoding="utf-8")
    document = read_document(file, may_be_empty=True)
    assert (document.data, document.file) == ({"a": 1}, file)
    file.write_text("[]\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="this is a list"):
        read_document(file, may_be_empty=True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"[" * 100_000, "limit of 50 levels", id="brackets"),
        pytest.param(b"- " * 100_000, "limit of 50 levels", id="dashes"),
        pytest.param(b"{a: " * 60_000, "limit of 50 levels", id="braces"),
        pytest.param(b"\n".join(b" " * depth + b"a:" for depth in range(600)), "limit of 50 levels", id="indents"),
        pytest.param(b"a: [" + b"1," * 20_001 + b"]", "limit of 20000 values", id="values"),
        pytest.param(b"#" * (256 * 1024 + 1), "limit of 256 kB", id="bytes"),
    ],
)
def test_a_limit_is_named_when_it_is_passed(data: bytes, words: str) -> None:
    assert words in refusal(data).message


def test_each_limit_may_be_reached() -> None:
    assert len(parse("a: [" + "1," * 19_997 + "]").data["a"]) == 19_997
    assert parse("{a: " * 50 + "1" + "}" * 50).data
    assert parse("a: 1\n#" + "x" * (256 * 1024 - 6)).data == {"a": 1}


@pytest.mark.parametrize("extra", [0, 1, 100])
def test_a_file_is_read_up_to_its_limit_and_not_past_it(tmp_path: Path, extra: int) -> None:
    file = tmp_path / "some.yaml"
    file.write_bytes(b"x" * (2048 + extra))
    if not extra:
        assert read_bytes(file, limit=2048) == b"x" * 2048
        return
    with pytest.raises(ManifestError) as caught:
        read_bytes(file, limit=2048)
    assert caught.value.message == "larger than the limit of 2 kB"
    assert caught.value.fix == "keep only what has to be in this file"
    assert caught.value.file == file


@pytest.mark.parametrize(
    ("data", "message", "place", "fix"),
    [
        (b"\xff\xfea\0", "not UTF-8 at byte 0: it looks like UTF-16", "1:1", "save the file as UTF-8"),
        (b"\xfe\xff\0a", "not UTF-8 at byte 0: it looks like UTF-16", "1:1", "save the file as UTF-8"),
        (b"a: 1\nb: 2\nc: \xff\n", "not UTF-8 at byte 13", "3:4", "save the file as UTF-8"),
        (
            b"a: 1\nb: 2\nc: \0\n",
            "unprintable character U+0000 at byte 13",
            "3:4",
            'remove the character, or write it as "\\u...." in double quotes',
        ),
        (b"x" * (256 * 1024 + 1), "larger than the limit of 256 kB", "1:1", "keep only what has to be in this file"),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_place_and_the_way_out(
    data: bytes, message: str, place: str, fix: str
) -> None:
    error = refusal(data)
    assert (error.message, error.place, error.fix) == (message, f"{FILE}:{place}", fix)


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = b"a: &a [x,x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 122))
    assert refusal(bomb).line == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "plugin-manifest.yaml"
    os.mkfifo(pipe)
    with pytest.raises(ManifestError, match="not a regular file"):
        read_document(pipe)


NOT_REGULAR = ("not a regular file", "put a regular file in its place")
UNREADABLE = "make it a readable file"


@pytest.mark.parametrize(
    ("name", "message", "fix"),
    [
        (".", *NOT_REGULAR),
        ("/dev/zero", *NOT_REGULAR),
        ("missing.yaml", "cannot be read: No such file or directory", UNREADABLE),
        ("a" * 300, "cannot be read: File name too long", UNREADABLE),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, message: str, fix: str) -> None:
    file = tmp_path / name
    with pytest.raises(ManifestError) as caught:
        read_document(file)
    error = caught.value
    assert (error.message, error.fix, error.file, error.line) == (message, fix, file, 1)


def test_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("name: a\n", encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert read_document(tmp_path / "link.yaml").data == {"name": "a"}
