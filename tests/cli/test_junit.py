"""Results as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from localagent_cli.junit import report
from localagent_cli.trying.results import TestOutcome, TestResult


def test_each_kind_is_a_suite_with_its_counts() -> None:
    results = (
        TestResult("m.yaml::greeter::LA601-loads", "conformance", "passed", 0.5),
        TestResult("m.yaml::greeter::LA608-declared-commands", "conformance", "warned", 0.25, "warning[LA608] x"),
        TestResult("tests/test_it.py::test_one", "own", "failed", 0.1, "because\nof <this>"),
        TestResult("pytest", "own", "skipped", message="there is no test to run"),
    )
    root = ET.fromstring(report(TestOutcome("greeter", (), results, "")))  # noqa: S314 - our own text
    conformance, own = root
    assert (conformance.get("name"), conformance.get("tests"), conformance.get("time")) == ("conformance", "2", "0.750")
    assert [case.findtext("system-out") for case in conformance] == [None, "warning[LA608] x"]
    assert (own.get("failures"), own.get("skipped")) == ("1", "1")
    failure = own.find("testcase/failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("because", "because\nof <this>")
    assert [(case.get("classname"), case.get("name")) for case in own] == [
        ("tests/test_it.py", "test_one"),
        ("own", "pytest"),
    ]


def test_characters_that_xml_has_no_way_to_write_are_replaced() -> None:
    result = TestResult("own\x00::a\x1bb", "own", "failed", message="\ud800 \x08")
    root = ET.fromstring(report(TestOutcome("t", (), (result,), "")))  # noqa: S314 - our own text
    assert root[0][0].get("name") == "a\ufffdb"
