"""No fault is without a test, and the page says what became of each."""

from __future__ import annotations

from pathlib import Path

from faults.numbered import FAMILIES, LAST, NumberedFault, numbered_faults
from faults.page import numbered_table
from faults.tried import failed_in


def test_every_fault_has_a_test_in_the_file_of_its_family() -> None:
    found = numbered_faults()
    assert {fault.number for fault in found} == set(range(1, LAST + 1))
    for family, numbers in FAMILIES.items():
        assert {fault.number for fault in found if fault.file.stem == f"test_{family}_faults"} == set(numbers)


def test_the_table_tells_number_happening_and_result() -> None:
    def fault(number: int, word: str, *, is_met: bool = True) -> NumberedFault:
        return NumberedFault(number, f"it is {word}", Path("test_import_faults.py"), f"test_{word}", is_met=is_met)

    faults = [fault(1, "gone", is_met=False), fault(1, "torn"), fault(2, "odd"), fault(3, "well")]
    assert list(numbered_table(faults, {"test_odd": "FAILED"}))[2:] == [
        "| 1 | it is gone | not yet |",
        "| 1 | it is torn | ok |",
        "| 2 | it is odd | FAILED |",
        "| 3 | it is well | ok |",
        "",
        "3 faults, of which 1 hold in all their tests.",
    ]


def test_a_test_of_which_one_case_failed_is_told_once() -> None:
    cases = [
        '<testcase name="test_a[1]"><failure/></testcase>',
        '<testcase name="test_a[2]"/>',
        '<testcase name="test_b"><skipped/></testcase>',
        '<testcase name="test_c"><error/></testcase>',
    ]
    assert failed_in(f"<testsuite>{''.join(cases)}</testsuite>") == {"test_a": "FAILED", "test_c": "FAILED"}
