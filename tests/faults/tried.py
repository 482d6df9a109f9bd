"""The tests of the numbered faults, run as a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from faults.numbered import FAMILIES, file_of


def failed_tests(folder: Path) -> dict[str, str]:
    """``FAILED`` by the name of each test function of which a case did not pass.

    Args:
        folder: where the report of pytest may lie.
    """
    report = folder / "numbered.xml"
    words = ["-q", "--no-header", f"--junit-xml={report}", *(str(file_of(family)) for family in FAMILIES)]
    subprocess.run([sys.executable, "-m", "pytest", *words], stdout=sys.stderr, check=False)
    return failed_in(report.read_text(encoding="utf-8"))


def failed_in(junit: str) -> dict[str, str]:
    """The same, read from a report in the form of JUnit; a case that was skipped has not failed."""
    cases = ET.fromstring(junit).iter("testcase")  # noqa: S314 - pytest wrote it just now
    failed = (case for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return {case.attrib["name"].partition("[")[0]: "FAILED" for case in failed}
