"""Mutate each module that pyproject.toml pairs with tests: a table on standard output, 1 if too many survive."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mutation.equivalent import read_equivalents
from mutation.kept import KeptVerdicts
from mutation.page import page, table, unexplained
from mutation.tree import Subject, lay_out
from mutation.verdicts import Verdict, read_verdict

ROOT = Path(__file__).parents[2]


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a module's score is below the least."""
    options = _options(words)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = project["tool"]["localagent"]["mutants"]
    subjects = [Subject(file, tuple(tests)) for file, tests in settings["modules"].items() if options.only in file]
    equivalents = read_equivalents(Path(__file__).with_name("equivalent.toml"))
    kept = KeptVerdicts(options.keep, ROOT)
    verdicts: list[Verdict] = []
    for number, subject in enumerate(subjects, 1):
        print(f"{number} of {len(subjects)}: {subject.file}", file=sys.stderr, flush=True)
        verdict = kept.of(subject) or _tried(subject, project["tool"]["pytest"]["ini_options"], options.processes)
        kept.keep(verdict)
        verdicts.append(verdict)
    if options.survivors:
        print("\n".join(unexplained(verdicts, equivalents)))
    print("\n".join(table(verdicts, equivalents)))
    if options.page:
        options.page.write_text(page(verdicts, equivalents, settings["least"]), encoding="utf-8")
    low = [verdict.subject.file for verdict in verdicts if verdict.score < settings["least"]]
    for file in low:
        print(f"{file}: fewer than {settings['least']:.0%} of its mutants are noticed", file=sys.stderr)
    return 1 if low else 0


def _tried(subject: Subject, pytest_options: dict[str, Any], processes: int) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="localagent-mutants-") as name:
        folder = Path(name)
        lay_out(subject, ROOT, folder, pytest_options)
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes)]
        # Each mutant begins with pytest's start, of which installed plugins would be most.
        env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"mutmut failed on {subject.file}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return read_verdict(subject, folder)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mutation", description=__doc__, epilog="example: nox -s mutants -- --only dependencies"
    )
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--survivors", action="store_true", help="show each survivor that is not known as equivalent")
    parser.add_argument("--processes", type=int, default=1, help="mutants that are tried side by side")
    parser.add_argument("--keep", type=Path, help="JSON file with verdicts of runs before, those of this one are added")
    parser.add_argument("--page", type=Path, help="also write the page to this file")
    return parser.parse_args(words)


if __name__ == "__main__":
    raise SystemExit(main())
