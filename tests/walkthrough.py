"""Carries out a page of the documentation: its files are written, its commands run, what they print is compared."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r'^(?:<!-- (?P<remark>[^\n]*) -->\n\n?)?```(?P<language>\w*)(?: title="(?P<title>[^"\n]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
NOT_RUN = "not run: "
EXIT_CODE = "exit code "
BEFORE = "before: "
PORT_OF_PAGES = "8080"
"""Where pages have servers listen; another one is taken, as somebody may be there."""
SECONDS = 240
GAP = re.compile(r" {2,}|─{2,}")
"""What is as wide as the widest cell of a column wants it."""
TIME = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s)\b")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its fence, counted from 1.
        language: what the fence says; empty where it says nothing.
        title: the file that the block is the text of, or else empty.
        remark: the HTML comment before the fence, or else empty.
    """

    line: int
    language: str
    title: str
    text: str
    remark: str = ""

    @property
    def reason_not_run(self) -> str:
        return self.remark.removeprefix(NOT_RUN) if self.remark.startswith(NOT_RUN) else ""

    @property
    def before(self) -> str:
        """Commands that make what the page takes for granted."""
        return self.remark.removeprefix(BEFORE) if self.remark.startswith(BEFORE) else ""

    @property
    def exit_code(self) -> int:
        return int(self.remark.removeprefix(EXIT_CODE)) if self.remark.startswith(EXIT_CODE) else 0


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("language")) + 1
        yield Block(line, found["language"], found["title"] or "", found["text"], found["remark"] or "")


class Shell:
    """One bash for all commands of a page, so that folders, variables and background jobs stay from one to the next."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, port: int) -> None:
        self._process = process
        self._port = port
        self.folder = folder

    def run(self, commands: str, *, exit_code: int = 0) -> str:
        """What the commands print; where one fails, the rest is left out.

        Args:
            exit_code: how they should end. With another one than 0 what they set does not stay.

        Raises:
            AssertionError: they ended otherwise.
        """
        end = uuid.uuid4().hex
        group = "{%s}" if exit_code == 0 else "set +e; (set -e; %s)"
        lines = [
            group % f"\n{self.told(commands)}\n" + " </dev/null",
            f'printf "\\n{end} $? %s\\n" "$PWD"',
            "set -e",
        ]
        assert self._process.stdin is not None
        self._process.stdin.write("\n".join(lines) + "\n")
        self._process.stdin.flush()
        printed, code = self._read(end)
        assert code == exit_code, f"exit code {code} instead of {exit_code}:\n{printed}"
        if commands.rstrip().endswith("&"):
            self._wait_for_the_server()
        return printed

    def _read(self, end: str) -> tuple[str, int]:
        assert self._process.stdout is not None
        printed = ""
        for line in self._process.stdout:
            if line.startswith(end):
                _, code, folder = line.rstrip("\n").split(" ", 2)
                self.folder = Path(folder)
                return printed.removesuffix("\n").replace(str(self._port), PORT_OF_PAGES), int(code)
            printed += line
        return printed, self._process.wait()

    def told(self, text: str) -> str:
        """What a page says, with the port that is free here."""
        return text.replace(PORT_OF_PAGES, str(self._port))

    def _wait_for_the_server(self) -> None:
        for _ in range(SECONDS * 10):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            time.sleep(0.1)
        raise AssertionError("no server listens")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of somebody who has just installed LocalAgent; pip keeps its cache and its configuration."""
    (folder / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n")
    theirs = ("LOCALAGENT_", "PYTEST_")
    others = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith(theirs)}
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return others | {
        "PATH": programs,
        "LOCALAGENT_HOME": str(folder / "home"),
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "COLUMNS": "100",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@contextmanager
def shell(folder: Path) -> Generator[Shell]:
    """A bash in the folder ``tutorial`` below `folder`, which has a clone of the project beside it."""
    (folder / "localagent").symlink_to(ROOT)
    start = folder / "tutorial"
    start.mkdir(exist_ok=True)
    process = subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
        cwd=start,
        env=surroundings(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    watch = threading.Timer(SECONDS, end, [process])
    watch.start()
    try:
        yield Shell(process, start, free_port())
    finally:
        watch.cancel()
        end(process)
        process.communicate()


def end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def carry_out(page: Path, folder: Path) -> None:
    """Do what a page says, from its first line to its last.

    Args:
        page: blocks of the language ``sh`` are run, and a block ``text`` after one of them is what it prints. In one of
            the language ``console`` commands begin with ``$``, and what they print may follow. A block with a title is
            written to that file; one of the language ``diff`` changes it. Before a block may stand
            ``<!-- exit code 1 -->``, ``<!-- before: commands -->`` or ``<!-- not run: the reason -->``.
        folder: an empty folder, but for what may be in its folder ``tutorial``, where the reader is.

    Raises:
        AssertionError: something else happens than the page says; names page and line.
    """
    printed: str | None = None
    with shell(folder) as session:
        for block in blocks(page.read_text("utf-8")):
            if block.reason_not_run:
                continue
            try:
                if block.before:
                    session.run(block.before)
                printed = do(block, session, printed)
            except AssertionError as problem:
                raise AssertionError(f"{page.name}:{block.line}: {problem}") from problem


def do(block: Block, session: Shell, printed: str | None) -> str | None:
    """Do what one block says; gives what it printed, if it did so."""
    match block:
        case Block(language="sh", title=""):
            return session.run(block.text, exit_code=block.exit_code)
        case Block(language="console", title=""):
            for command, shown in transcript(block.text):
                output = session.run(command, exit_code=block.exit_code)
                assert not shown or fits(output, shown), f"it printed\n{output}"
        case Block(language="text", title=""):
            assert printed is not None, "this belongs to no command"
            assert fits(printed.replace(str(session.folder), "~/tutorial"), block.text), f"it printed\n{printed}"
        case Block(language="diff") if block.title:
            file = session.folder / block.title
            file.write_text(changed(file.read_text("utf-8"), block.text), encoding="utf-8")
        case Block() if block.title:
            file = session.folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(session.told(block.text), encoding="utf-8")
        case _:
            raise AssertionError("a block that is not run says so, with the reason")
    return None


def transcript(text: str) -> Iterator[tuple[str, str]]:
    """Each command that a terminal shows, and what it shows below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def changed(text: str, change: str) -> str:
    """A text after a change whose lines begin with a blank, ``-`` or ``+``; they are looked for by what they say."""
    lines = [(line[:1], line[1:]) for line in change.splitlines(keepends=True)]
    old = "".join(line if kind != "\n" else kind for kind, line in lines if kind != "+")
    new = "".join(line if kind != "\n" else kind for kind, line in lines if kind != "-")
    assert text.count(old) == 1, f"these lines are there {text.count(old)} times:\n{old}"
    return text.replace(old, new)


def fits(printed: str, shown: str) -> bool:
    """Whether a page may show `shown` for what was printed.

    Times and widths of columns may differ, a line ``...`` stands for any lines, and ``…`` for any words in a line.
    """
    parts = (
        r"(?:.*\n)*?" if line.strip() == "..." else ".*?".join(map(re.escape, line.split("…"))) + r" *\n"
        for line in comparable(shown).splitlines()
    )
    return re.fullmatch("".join(parts), comparable(printed)) is not None


def comparable(text: str) -> str:
    """A text without what differs from run to run."""
    return GAP.sub(lambda gap: gap[0][:2], TIME.sub("N ms", text))
