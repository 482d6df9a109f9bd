"""A review of a folder: one agent for each file, then one for each kind of finding."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from localagent import WorkflowPlugin

LEFT_TO_DO = re.compile(r"\b(TODO|FIXME|XXX)\b")
CONFLICT = re.compile(r"(<{7}|={7}|>{7})( |$)")
SHOWN = 60
"""How many characters of a line are quoted."""
SHOWN_FINDINGS = 20
SHOWN_FILES = 3
"""How many are evidence; the rest is counted."""


class Finding(NamedTuple):
    """One thing that somebody should look at.

    Attributes:
        kind: one of `KINDS`.
        line: counted from 1; 0 for the file as a whole.
        text: the beginning of the line.
    """

    kind: str
    line: int
    text: str


def look_at(content: bytes, *, longest_line: int) -> list[Finding]:
    """All findings of a file, in the order of its lines."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return [Finding("not UTF-8", content.count(b"\n", 0, error.start) + 1, str(error))]
    found = [
        Finding(kind, number, line.strip()[:SHOWN])
        for number, line in enumerate(text.splitlines(), start=1)
        for kind in _kinds_of(line, longest_line)
    ]
    if text and not text.endswith("\n"):
        found.append(Finding("no newline at the end", text.count("\n") + 1, text.splitlines()[-1].strip()[:SHOWN]))
    return found


def _kinds_of(line: str, longest_line: int) -> Iterator[str]:
    if len(line) > longest_line:
        yield "long line"
    yield from (kind for kind, is_so in _OF_A_LINE.items() if is_so(line))


_OF_A_LINE: dict[str, Callable[[str], object]] = {
    "left to do": LEFT_TO_DO.search,
    "merge conflict": CONFLICT.match,
    "space at the end": lambda line: line != line.rstrip(),
}

KINDS = ("long line", *_OF_A_LINE, "not UTF-8", "no newline at the end")
"""Every kind of finding."""


class FileReviewer:
    """Reads one file and tells what there is to look at."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.longest_line: int = config["longest_line"]

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """Review ``context["file"]`` of ``context["folder"]``: how often what was found, with the first as evidence."""
        file = context["file"]
        content = await asyncio.to_thread(Path(context["folder"], file).read_bytes)
        findings = look_at(content, longest_line=self.longest_line)
        return {
            "agent": "file-reviewer",
            "task": task,
            "result": Counter(finding.kind for finding in findings),
            "evidence": [
                {"file": file, "line": finding.line, "text": f"{finding.kind}: {finding.text}"}
                for finding in findings[:SHOWN_FINDINGS]
            ],
        }


class KindSummariser:
    """Says in one line how often there is a finding of one kind, and where most."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.kind: str = config["kind"]

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """Summarise ``context["found"]``, which says how often it was found in each file that has it."""
        found: dict[str, int] = context["found"]
        most = sorted(found, key=lambda file: (-found[file], file))[:SHOWN_FILES]
        line = f"{self.kind}: {sum(found.values())} in {len(found)} file(s)" + (f", most in {most[0]}" if most else "")
        evidence = [{"file": file, "text": f"{found[file]} times"} for file in most]
        return {"agent": "kind-summariser", "task": task, "result": line, "evidence": evidence}


class FolderReview:
    """The whole review."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """Review ``context["folder"]``, else the current one; a file that cannot be read is a failure among the rest."""
        folder = await asyncio.to_thread(Path(context.get("folder", ".")).resolve)
        pattern = context.get("pattern", "*")
        files = await asyncio.to_thread(files_of, folder, pattern)
        if not files:
            return {"success": False, "error": f"there is no file '{pattern}' in {folder}"}
        run_phase = context["run_phase"]
        longest_line = int(context.get("longest_line", 120))
        reviewed = await run_phase(
            "review", [review_of(folder, file, longest_line) for file in files], failure="continue"
        )
        reviews = dict(zip(files, reviewed["results"], strict=True))
        counts = {file: review["result"] for file, review in reviews.items() if "result" in review}
        summarised = await run_phase("summary", [summary_of(kind, counts) for kind in KINDS])
        return {
            "success": summarised["success"],
            "files": len(files),
            "unread": [file for file in files if file not in counts],
            "findings": sum(sum(found.values()) for found in counts.values()),
            "summary": [summary["result"] for summary in summarised["results"]],
        }


def review_of(folder: Path, file: str, longest_line: int) -> dict[str, Any]:
    """The agent for one file."""
    return {
        "agent": "file-reviewer",
        "key": file,
        "config": {"longest_line": longest_line},
        "context": {"folder": str(folder), "file": file},
        "retries": 1,
    }


def summary_of(kind: str, counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    """The agent for one kind of finding, from what was found in each file."""
    found = {file: kinds[kind] for file, kinds in counts.items() if kind in kinds}
    return {"agent": "kind-summariser", "key": kind, "config": {"kind": kind}, "context": {"found": found}}


def files_of(folder: Path, pattern: str) -> list[str]:
    """The files below a folder that fit a pattern, without hidden ones, in the order of their names."""
    files = (path.relative_to(folder) for path in folder.rglob(pattern) if path.is_file())
    return sorted(str(file) for file in files if not any(part.startswith(".") for part in file.parts))


class FolderReviewPlugin(WorkflowPlugin):
    """Offers the orchestrator folder-review and its agents."""

    name = "folder-review"
    version = "1.0.0"
    description = "Reviews the files of a folder, one agent for each"

    def get_workflow_components(self) -> dict[str, dict[str, Any]]:
        """The parts of the workflow."""
        return {
            "agents": {"file-reviewer": FileReviewer, "kind-summariser": KindSummariser},
            "orchestrators": {"folder-review": FolderReview},
        }
