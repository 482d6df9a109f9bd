"""What the museum cannot show: what no rule minds, what is looked at for which purpose, and bytes that mean nothing."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.packaging.archives import INFO, NAMES, Change, make_archive
from localagent.diagnostics.diagnostic import Diagnostic
from localagent_cli.packaging.verification import DANGERS, SAFETY, verify_archive

if TYPE_CHECKING:
    from cli.packaging.conftest import Workshop

MANIFEST = "demo/plugin-manifest.yaml"


def rules(file: Path, **options: object) -> list[str]:
    return [finding.rule for finding in verify_archive(file, **options)]  # type: ignore[arg-type] # passed through


def made(folder: Path, **change: object) -> Path:
    return make_archive(Change(**change), folder)  # type: ignore[arg-type] # passed through


def test_manifest_may_lie_in_an_outer_package(tmp_path: Path) -> None:
    files = {
        "demo/sub/plugin.py": "class ThePlugin: ...\n",
        f"{INFO}/entry_points.txt": "[localagent.plugins.commands]\ndemo = demo.sub.plugin:ThePlugin\n",
        MANIFEST: _manifest("demo.sub.plugin:ThePlugin"),
    }
    assert rules(made(tmp_path, files=files, remove=("demo/plugin.py",))) == []


@pytest.mark.parametrize("module", ["demo/plugin/__init__.py", "demo/plugin.py"])
def test_class_may_be_passed_on(tmp_path: Path, module: str) -> None:
    files = {module: "from demo.inner import ThePlugin\n", "demo/inner.py": "class ThePlugin: ...\n"}
    remove = () if module == "demo/plugin.py" else ("demo/plugin.py",)
    assert rules(made(tmp_path, files=files, remove=remove)) == []


def test_entry_module_may_be_compiled(tmp_path: Path) -> None:
    compiled = "demo/plugin.cpython-311-x86_64-linux-gnu.so"
    assert rules(made(tmp_path, files={compiled: ""}, remove=("demo/plugin.py",))) == ["LA525"]


def test_modules_may_lie_in_the_data_folder(tmp_path: Path) -> None:
    files = {"localagent_demo-1.0.0.data/purelib/demo/more.py": ""}
    assert rules(made(tmp_path, files=files)) == []


def test_readme_may_show_what_a_template_looks_like(tmp_path: Path) -> None:
    assert rules(made(tmp_path, description="# Demo\n\n{{ name }} and Your Name\n"), purpose="publish") == []


def test_keys_of_examples_are_no_secrets(tmp_path: Path) -> None:
    files = {"demo/keys.py": "KEY = 'AKIAIOSFODNN7EXAMPLE'\n"}
    assert rules(made(tmp_path, files=files), purpose="publish") == []


def test_finding_of_a_secret_does_not_tell_it(tmp_path: Path) -> None:
    secret = "AKIAQ7P4MZ3T9WB6XK2D"
    (finding,) = verify_archive(made(tmp_path, files={"demo/keys.py": f"\nKEY = '{secret}'\n"}), purpose="publish")
    assert finding.where.line == 2
    assert secret not in str(finding.to_dict())


def test_who_installs_does_not_mind_what_an_index_would(tmp_path: Path) -> None:
    file = made(tmp_path, description="", headers={"Requires-Python": "", "Author": "Your Name"})
    assert rules(file, purpose="install") == []
    assert rules(file, purpose="publish") == ["LA516", "LA517", "LA524"]


def test_a_dependency_need_only_be_safe(tmp_path: Path, workshop: Workshop) -> None:
    assert rules(workshop.library("la-dep"), purpose="unpack") == []
    assert rules(made(tmp_path, files={"tests/test_demo.py": ""}, remove=(MANIFEST,)), purpose="unpack") == []
    assert rules(made(tmp_path, odd={"demo/link": "link"}), purpose="unpack") == ["LA501"]


def test_rules_that_the_project_ignores_are_left_out_but_dangers(tmp_path: Path, workshop: Workshop) -> None:
    file = made(tmp_path, files={"tests/test_demo.py": "", "demo.pth": "import demo\n"})
    reasons = '[tool.localagent.ignore]\nLA505 = "a reason"\nLA508 = "a reason"\n'
    assert rules(file) == ["LA505", "LA508"]
    assert rules(file, project=workshop.project(extra=reasons)) == ["LA508"]


def test_entry_point_to_nowhere_is_found_at_the_line_that_declares_it(tmp_path: Path, workshop: Workshop) -> None:
    project = workshop.project()
    file = project / "pyproject.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(":Demo", ":ThePlugin"), encoding="utf-8")
    (finding,) = verify_archive(made(tmp_path, remove=("demo/plugin.py",)), project=project)

    assert finding.rule == "LA504"
    assert finding.where.file == file
    assert finding.where.line is not None
    assert file.read_text(encoding="utf-8").splitlines()[finding.where.line - 1] == 'demo = "demo.plugin:ThePlugin"'


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    files = {"../x.py": "", "tests/test_demo.py": "", "demo.pth": "", "typer/__init__.py": "", "demo/bad.py": "("}
    found = verify_archive(made(tmp_path, files=files, late={"demo/late.py": ""}, remove=(MANIFEST,)))
    assert [each.rule for each in found] == ["LA501", "LA502", "LA503", "LA505", "LA508", "LA509", "LA520"]
    assert all(each.fix and each.message for each in found)


@pytest.mark.parametrize("record", ["", "demo/plugin.py,md99=AAAA,0\n", "demo/plugin.py\n", '"', "a,b,c,d\n"])
def test_record_that_means_nothing_is_found(tmp_path: Path, record: str) -> None:
    assert set(rules(made(tmp_path, files={f"{INFO}/RECORD": record}))) == {"LA502"}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18), b"\x1f\x8b\x08\x00"])
def test_file_that_is_no_archive_is_found(tmp_path: Path, kind: str, content: bytes) -> None:
    file = tmp_path / NAMES[kind]
    file.write_bytes(content)
    assert set(rules(file)) <= {"LA500", "LA502", "LA503", "LA511", "LA523"}
    assert rules(file)


def test_file_that_is_not_there_is_found(tmp_path: Path) -> None:
    assert rules(tmp_path / NAMES["wheel"]) == ["LA500"]
    assert rules(tmp_path / NAMES["sdist"]) == ["LA500"]


def test_dangers_are_at_least_what_is_unsafe_to_unpack() -> None:
    assert SAFETY < DANGERS


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
@given(seed=st.integers(), changes=st.integers(1, 8), start=st.floats(0, 1))
def test_changed_bytes_are_found_or_do_no_harm(kind: str, seed: int, changes: int, start: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = made(Path(folder), archive=kind)
        file.write_bytes(_changed(file.read_bytes(), random.Random(seed), changes, start))  # noqa: S311 - no secret
        for purpose in ("unpack", "install", "publish"):
            assert all(isinstance(each, Diagnostic) for each in verify_archive(file, purpose=purpose))


SPECIAL = ("METADATA", "WHEEL", "RECORD", "entry_points.txt")
PATHS = st.sampled_from([f"{INFO}/{name}" for name in SPECIAL] + [MANIFEST, "demo/plugin.py", "demo/x.txt"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40
)


@given(files=st.dictionaries(PATHS, st.text(st.characters(exclude_categories=["Cs"]), max_size=200), max_size=5))
def test_whatever_is_written_in_a_wheel_is_judged(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = made(Path(folder), files=files)
        assert all(isinstance(each, Diagnostic) for each in verify_archive(file, purpose="publish"))


def _changed(data: bytes, chance: random.Random, changes: int, start: float) -> bytes:
    """The bytes with some flipped, taken out, doubled or cut off, from a place on."""
    changed = bytearray(data)
    while changes and changed:
        changes -= 1
        place = chance.randrange(int(start * (len(changed) - 1)), len(changed))
        match chance.randrange(5):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                del changed[place : place + chance.randrange(1, 9)]
            case 2:
                changed[place:place] = changed[place : place + chance.randrange(1, 99)]
            case 3:
                changed[place : place + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"PK\x01\x02", b"PK\x03\x04"])
            case _:
                changed = changed[: max(place, 9)]
    return bytes(changed)


def _manifest(target: str) -> str:
    return (
        'name: demo\nversion: "1.0.0"\ndescription: For tests\nplugin_types: [command]\n'
        f'entry_points: {{commands: [{{name: demo, class: "{target}"}}]}}\n'
    )
