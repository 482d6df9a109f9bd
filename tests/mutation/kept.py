"""Verdicts that still hold, kept in a file from one run to the next."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from mutation.tree import Subject
from mutation.verdicts import Survivor, Verdict


class KeptVerdicts:
    """The verdicts in a file, each of which holds as long as neither its module nor the module's tests change.

    What else a module imports may change without being noticed; delete the file to have everything tried again.
    """

    def __init__(self, file: Path | None, root: Path) -> None:
        self._file = file
        self._root = root
        self._kept: dict[str, Any] = json.loads(file.read_bytes()) if file and file.exists() else {}

    def of(self, subject: Subject) -> Verdict | None:
        """The verdict on a module; None if there is none that holds."""
        told = self._kept.get(subject.file)
        if told is None or told["digest"] != self._digest(subject):
            return None
        return Verdict(subject, told["mutants"], tuple(Survivor(**each) for each in told["survivors"]))

    def keep(self, verdict: Verdict) -> None:
        """Write a verdict down at once, so that a long run may be broken off."""
        self._kept[verdict.subject.file] = {
            "digest": self._digest(verdict.subject),
            "mutants": verdict.mutants,
            "survivors": [dataclasses.asdict(each) for each in verdict.survivors],
        }
        if self._file is not None:
            self._file.write_text(json.dumps(self._kept, indent=1), encoding="utf-8")

    def _digest(self, subject: Subject) -> str:
        contents = (Path(self._root, name).read_bytes() for name in (subject.file, *subject.tests))
        return hashlib.sha256(b"\0".join(contents)).hexdigest()
