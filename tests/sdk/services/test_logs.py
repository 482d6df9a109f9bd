"""Log records: who spoke, in which operation, on standard error and in the home."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localagent.errors import ConfigError
from localagent.services.correlation import Speaker, correlation_id, operation, spoken_by
from localagent.services.log_file import KEPT, LogFile
from localagent.services.log_lines import LineFormatter
from localagent.services.logs import Logs, console_level
from localagent.services.redacting import Redactor


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "localagent.jsonl"


@pytest.fixture
def logs(file: Path) -> Iterator[Logs]:
    logs = Logs(file, Redactor(lambda: ["hidden-value"]))
    logs.know(Speaker("talker", "1.2"), None)
    yield logs
    logs.stop()


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_warning_is_told_to_people_and_kept_as_json(
    logs: Logs, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logs.logger_for("talker")
    logger.info("quiet %d", 1)
    logger.warning("loud", size=3)
    assert capsys.readouterr().err == "warning: talker: loud (size=3)\n"
    first, second = lines(file)
    assert (first["event"], first["level"], first["plugin"], first["version"]) == ("quiet 1", "info", "talker", "1.2")
    assert (second["size"], second["pid"], second["logger"]) == (3, os.getpid(), "localagent.plugin.talker")
    assert first["timestamp"].endswith("Z")


def test_the_standard_library_lands_in_the_same_place(logs: Logs, file: Path, tmp_path: Path) -> None:
    code = tmp_path / "plugin" / "module.py"
    code.parent.mkdir()
    code.write_text("import logging\nlogging.getLogger('anything').warning('from its file')\n")
    logs.know(Speaker("filed", "3"), code.parent)
    exec(compile(code.read_text(), code, "exec"), {})  # noqa: S102 - what a plugin's module does
    logging.getLogger("localagent.plugin.talker").warning("by name", extra={"size": 4})
    with spoken_by(Speaker("current", "2")):
        logging.getLogger("some.library").warning("by turn")
    logging.getLogger("localagent.host").warning("the host")
    assert [(line["event"], line.get("plugin"), line.get("version")) for line in lines(file)] == [
        ("from its file", "filed", "3"),
        ("by name", "talker", "1.2"),
        ("by turn", "current", "2"),
        ("the host", None, None),
    ]
    assert lines(file)[1]["size"] == 4


def test_the_operation_follows_into_tasks(logs: Logs, file: Path) -> None:
    logger = logs.logger_for("talker")

    async def work() -> None:
        logger.info("in a task")

    async def main() -> None:
        with operation() as name:
            await asyncio.create_task(work())
            with operation() as inner:
                assert inner == name
        with operation("given"):
            await asyncio.create_task(work())
        logger.info("outside")

    asyncio.run(main())
    found = [line.get("correlation_id") for line in lines(file)]
    assert len(str(found[0])) == 32
    assert found[1:] == ["given", None]
    assert correlation_id.get() == ""


def test_secrets_are_masked_in_every_part(logs: Logs, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logs.logger_for("talker").bind(bound="hidden-value")
    try:
        int("hidden-value")
    except ValueError:
        logger.exception("say %s", "hidden-value", extra={"more": ["hidden-value"]}, key={"hidden-value": 1})
    text = file.read_text(encoding="utf-8") + capsys.readouterr().err
    assert "hidden-value" not in text
    assert "ValueError: invalid literal for int() with base 10: '***'" in text


def test_people_see_the_error_and_the_file_its_trace(
    logs: Logs, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        int("bad")
    except ValueError:
        logs.logger_for("talker").exception("it failed")
    assert capsys.readouterr().err == (
        "error: talker: it failed: ValueError: invalid literal for int() with base 10: 'bad'\n"
    )
    assert "Traceback" in lines(file)[0]["exception"]


def test_arguments_that_do_not_fit_are_shown() -> None:
    record = logging.LogRecord("talker", logging.WARNING, "file.py", 1, "%d items", ("many",), None)
    formatter = LineFormatter(Redactor(), lambda _: None, for_people=True)
    assert formatter.format(record) == "warning: talker: %d items ('many',)"


def test_a_field_cannot_pretend_to_be_another_plugin(logs: Logs, file: Path) -> None:
    logs.logger_for("talker").warning("here", plugin="other", level="none", event="x")
    line = lines(file)[0]
    assert (line["plugin"], line["level"], line["event"]) == ("talker", "warning", "here")


def test_people_who_debug_do_not_hear_what_libraries_murmur(
    logs: Logs, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.see_from(logging.DEBUG)
    logging.getLogger("asyncio").debug("Using selector")
    logging.getLogger("localagent.host").debug("ours")
    logs.logger_for("talker").debug("a plugin's")
    assert capsys.readouterr().err == "debug: ours\ndebug: talker: a plugin's\n"
    assert [line["event"] for line in lines(file)] == ["Using selector", "ours", "a plugin's"]


def test_the_root_logger_is_left_as_it_was(file: Path) -> None:
    before = (logging.root.level, list(logging.root.handlers))
    logs = Logs(file, Redactor(), level=logging.DEBUG)
    logs.start()
    logs.start()
    assert len(logging.root.handlers) == len(before[1]) + 2
    logs.stop()
    logs.stop()
    assert (logging.root.level, logging.root.handlers) == before


def test_a_level_that_somebody_set_meanwhile_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    logs = Logs(file, Redactor())
    logs.start()
    logging.root.setLevel(logging.ERROR)
    logs.stop()
    assert logging.root.level == logging.ERROR


def test_pytest_sees_records_as_ever(logs: Logs, caplog: pytest.LogCaptureFixture) -> None:
    logs.logger_for("talker").warning("seen", size=3)
    record = caplog.records[0]
    assert (record.getMessage(), vars(record)["plugin"], vars(record)["fields"]) == ("seen", "talker", {"size": 3})
    assert record.filename == "test_logs.py"
    with caplog.at_level(logging.ERROR, logger="localagent.plugin.talker"):
        logs.logger_for("talker").warning("not seen")
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("text", "level"), [("", logging.WARNING), ("debug", 10), (" Error ", 40)])
def test_a_variable_says_what_people_see(text: str, level: int) -> None:
    assert console_level({"LOCALAGENT_LOG_LEVEL": text}) == level


def test_a_level_that_does_not_exist_is_told() -> None:
    with pytest.raises(ConfigError, match="must be one of DEBUG, INFO"):
        console_level({"LOCALAGENT_LOG_LEVEL": "loud"})


def test_a_log_that_cannot_be_written_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("in the way")
    logs = Logs(tmp_path / "logs" / "localagent.jsonl", Redactor())
    logs.start()
    try:
        for _ in range(2):
            logs.logger_for("talker").info("lost")
    finally:
        logs.stop()
    assert capsys.readouterr().err.count("the log cannot be written: ") == 1


_SILENT = """
import sys
from pathlib import Path
from localagent.services.correlation import Speaker
from localagent.services.logs import Logs
from localagent.services.redacting import Redactor
logs = Logs(Path(sys.argv[1]), Redactor())
logs.know(Speaker("quiet"), None)
logs.logger_for("quiet").debug("nobody reads this")
logs.stop()
print("structlog" in sys.modules)
"""


def test_who_never_logs_never_loads_structlog(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _SILENT, file], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert not file.exists()


def test_a_long_file_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localagent.services.log_file.LIMIT", 100)
    file = LogFile(tmp_path / "x.jsonl")
    for number in range(60):
        file.write(f"{number:020}")
    file.close()
    assert len(list(tmp_path.iterdir())) == KEPT + 1
    kept = "".join(path.read_text() for path in sorted(tmp_path.iterdir(), reverse=True)).split()
    assert kept[-1] == f"{59:020}"
    assert sorted(kept[:-1] + kept[-1:]) == [f"{number:020}" for number in range(60 - len(kept), 60)]


_WRITER = """
import sys
from pathlib import Path
from localagent.services import log_file
log_file.LIMIT, log_file.KEPT = 20_000, 50
file = log_file.LogFile(Path(sys.argv[1]))
for number in range(300):
    file.write(f"{sys.argv[2]} {number} " + "x" * 100)
"""


def test_no_line_is_lost_or_torn_between_processes(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, tmp_path / "x.jsonl", str(number)]) for number in range(4)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    found = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert sorted(found) == sorted(f"{who} {number} {'x' * 100}" for who in range(4) for number in range(300))
    assert len(list(tmp_path.iterdir())) > 3
