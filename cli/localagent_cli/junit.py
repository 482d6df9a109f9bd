"""The result of testing a plugin as JUnit XML, which CI services read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent_cli.trying.results import TestOutcome, TestResult

_KINDS = ("conformance", "own")
_UNSAYABLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")
"""Characters that XML has no way to write."""


def report(outcome: TestOutcome) -> str:
    """The report: a suite of conformance and one of the plugin's own tests, as pytest's own reports look.

    A rule that only warns is a test that passed, with the warning as its output.
    """
    root = ET.Element("testsuites", name=_said(outcome.target))
    for kind in _KINDS:
        results = [result for result in outcome.results if result.kind == kind]
        if results:
            root.append(_suite(kind, results))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(kind: str, results: Sequence[TestResult]) -> ET.Element:
    outcomes = [result.outcome for result in results]
    suite = ET.Element(
        "testsuite",
        name=kind,
        tests=str(len(results)),
        failures=str(outcomes.count("failed")),
        errors="0",
        skipped=str(outcomes.count("skipped")),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    suite.extend(_case(result) for result in results)
    return suite


def _case(result: TestResult) -> ET.Element:
    place, _, name = result.id.rpartition("::")
    case = ET.Element("testcase", classname=_said(place or result.kind), name=_said(name), time=f"{result.seconds:.3f}")
    if result.outcome in {"failed", "skipped"}:
        tag = "failure" if result.outcome == "failed" else "skipped"
        told = ET.SubElement(case, tag, message=_said(result.message.partition("\n")[0]))
        told.text = _said(result.message)
    elif result.message:
        ET.SubElement(case, "system-out").text = _said(result.message)
    return case


def _said(text: str) -> str:
    """`text` in characters that XML allows (https://www.w3.org/TR/xml/#charsets)."""
    return text.translate(_UNSAYABLE).encode("utf-8", "replace").decode("utf-8")
