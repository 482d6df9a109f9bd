"""What is read off mutmut's results, and the page made of it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mutation.equivalent import Equivalents, read_equivalents
from mutation.kept import KeptVerdicts
from mutation.page import page, table, unexplained
from mutation.tree import Subject, lay_out
from mutation.verdicts import Survivor, Verdict, read_verdict

ROOT = Path(__file__).parents[1]
SUBJECT = Subject("sdk/pack/sums.py", ("tests/test_sums.py",))
MUTATED = """\
def x_double__mutmut_orig(number, twice=False):
    return 2 * number


def x_double__mutmut_1(number, twice=False):
    return 3 * number


def x_double__mutmut_2(number, twice=True):
    return 2 * number


class Sum:
    def xǁSumǁadd__mutmut_orig(self, one):
        if one:
            self.value += one


    def xǁSumǁadd__mutmut_1(self, one):
        if one:
            self.value -= one
"""


def left_behind(folder: Path, codes: dict[str, int | None]) -> Path:
    (folder / "mutants" / "pack").mkdir(parents=True)
    (folder / "mutants" / "pack" / "sums.py").write_text(MUTATED, encoding="utf-8")
    meta = {"exit_code_by_key": {f"pack.sums.{name}": code for name, code in codes.items()}}
    (folder / "mutants" / "pack" / "sums.py.meta").write_text(json.dumps(meta), encoding="utf-8")
    return folder


def test_a_mutant_survives_where_all_tests_pass_or_none_runs_it(tmp_path: Path) -> None:
    verdict = read_verdict(SUBJECT, left_behind(tmp_path, {"x_double__mutmut_1": 0, "xǁSumǁadd__mutmut_1": 33}))
    assert verdict.survivors == (
        Survivor("Sum.add", "self.value += one", "self.value -= one", tested=False),
        Survivor("double", "return 2 * number", "return 3 * number"),
    )
    assert (verdict.mutants, verdict.killed, verdict.score) == (2, 0, 0.0)


def test_a_default_may_be_mutated(tmp_path: Path) -> None:
    (survivor,) = read_verdict(SUBJECT, left_behind(tmp_path, {"x_double__mutmut_2": 0})).survivors
    assert survivor == Survivor("double", "def double(number, twice=False):", "def double(number, twice=True):")


@pytest.mark.parametrize("code", [1, 2, 3, 36, -24, -11])
def test_a_mutant_is_noticed_where_tests_fail_cannot_be_collected_or_do_not_end(tmp_path: Path, code: int) -> None:
    verdict = read_verdict(SUBJECT, left_behind(tmp_path, {"x_double__mutmut_1": code}))
    assert (verdict.killed, verdict.score) == (1, 1.0)


def test_a_mutant_that_was_not_tried_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sums.py: 1 mutants were not tried, such as pack.sums.x_double__mutmut_1"):
        read_verdict(SUBJECT, left_behind(tmp_path, {"x_double__mutmut_1": None}))


def test_a_package_is_laid_out_at_the_top_with_the_tests_beside_it(tmp_path: Path) -> None:
    project, folder = tmp_path / "project", tmp_path / "folder"
    (project / "sdk" / "pack").mkdir(parents=True)
    (project / "sdk" / "pack" / "sums.py").touch()
    (project / "tests").mkdir()
    (project / "tests" / "test_sums.py").touch()
    (project / "tests" / "dangling").symlink_to("nowhere")
    lay_out(SUBJECT, project, folder, {"addopts": ["-ra"], "timeout": 300})
    assert (folder / "pack" / "sums.py").is_file()
    assert [file.name for file in (folder / "tests").iterdir()] == ["test_sums.py"]
    told = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert told["pytest"]["ini_options"] == {"addopts": ["-ra"]}
    assert told["mutmut"]["only_mutate"] == ["pack/sums.py"]
    assert told["mutmut"]["pytest_add_cli_args_test_selection"] == ["tests/test_sums.py"]


def test_reasons_are_found_by_file_function_and_what_a_mutant_has_instead(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.toml"
    file.write_text('[["sdk/pack/sums.py".double]]\nreason = "so it is"\nnow = ["return 3 * number"]\n')
    equivalents = read_equivalents(file)
    assert equivalents.reason(SUBJECT.file, Survivor("double", "", "return 3 * number")) == "so it is"
    assert equivalents.reason(SUBJECT.file, Survivor("double", "", "return 4 * number")) is None
    assert equivalents.reason(SUBJECT.file, Survivor("treble", "", "return 3 * number")) is None


def test_the_page_tells_each_survivor_with_its_reason_and_those_without_last() -> None:
    known, unknown = Survivor("double", "was", "now"), Survivor("Sum.add", "a `b`", "c")
    verdict = Verdict(SUBJECT, 10, (unknown, known))
    equivalents = Equivalents({(SUBJECT.file, "double", "now"): "they are the same"})
    assert list(table([verdict], equivalents))[2:] == ["| `sdk/pack/sums.py` | 10 | 8 | 2 | 1 | 80.0% |"]
    written = page([verdict, Verdict(Subject("sdk/pack/whole.py", ()), 3, ())], equivalents, 0.8)
    assert written.endswith(
        "### `sdk/pack/sums.py`\n\n"
        "- 1 in `double`: they are the same\n"
        "- 1 that a test is missing for:\n  - `Sum.add`: `` a `b` `` → `c`\n"
    )


def test_a_verdict_holds_until_the_module_or_its_tests_change(tmp_path: Path) -> None:
    for name in (SUBJECT.file, *SUBJECT.tests):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    kept = tmp_path / "kept.json"
    verdict = Verdict(SUBJECT, 10, (Survivor("double", "was", "now"),))
    KeptVerdicts(kept, tmp_path).keep(verdict)
    assert KeptVerdicts(kept, tmp_path).of(SUBJECT) == verdict
    assert KeptVerdicts(None, tmp_path).of(SUBJECT) is None
    (tmp_path / "tests" / "test_sums.py").write_text("# more\n", encoding="utf-8")
    assert KeptVerdicts(kept, tmp_path).of(SUBJECT) is None


def test_survivors_without_a_reason_are_told_in_three_lines() -> None:
    verdict = Verdict(SUBJECT, 10, (Survivor("double", "was", "now"), Survivor("add", "one", "two")))
    equivalents = Equivalents({(SUBJECT.file, "double", "now"): "they are the same"})
    assert list(unexplained([verdict], equivalents)) == ["sdk/pack/sums.py: add", "  - one", "  + two"]


def test_modules_and_tests_that_are_paired_are_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pairs: dict[str, Any] = project["tool"]["localagent"]["mutants"]["modules"]
    missing = [name for module, tests in pairs.items() for name in (module, *tests) if not (ROOT / name).is_file()]
    assert missing == []
    told = read_equivalents(ROOT / "tests" / "mutation" / "equivalent.toml")
    assert {file for file, _, _ in told.reasons} <= set(pairs)
