"""``dev validate`` and ``dev explain`` as an author meets them."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from generated import install, plugin
from plain import Run
from sarif_schema import sarif_schema

MUSEUM = Path(__file__).parents[1] / "museum"


@pytest.fixture
def misspelt(work: Path) -> Path:
    """A plugin whose manifest has an unknown key that is nearly a known one."""
    folder = work / "plugin"
    shutil.copytree(MUSEUM / "LA119" / "no-identifier", folder)
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text().replace("description:", "# what it does\ndescriptions:"))
    return folder


def test_findings_have_place_and_fix(misspelt: Path, localagent: Run) -> None:
    done = localagent("dev", "validate", "plugin")
    assert done.code == 1
    assert "error[LA103] plugin-manifest.yaml:4:1: unknown key 'descriptions'" in done.out
    assert "  hint: did you mean 'description'?" in done.out
    assert done.err.startswith("plugin: failed, 3 findings (2 can be put right by --fix) by ")


def test_of_several_plugins_each_finding_says_whose_it_is(misspelt: Path, work: Path, localagent: Run) -> None:
    shutil.copytree(misspelt, work / "others" / "second")
    done = localagent("dev", "validate", "plugin", "others/second")
    assert "error[LA103] plugin/plugin-manifest.yaml:4:1: unknown key" in done.out
    assert "error[LA103] others/second/plugin-manifest.yaml:4:1: unknown key" in done.out


def test_what_is_certain_is_put_right_and_shown(misspelt: Path, localagent: Run) -> None:
    before = (misspelt / "plugin-manifest.yaml").read_text()
    shown = localagent("dev", "validate", "plugin", "--fix", "--dry-run")
    assert shown.code == 1
    assert "-descriptions: Greets people\n+description: Greets people" in shown.out
    assert "1 file would be changed" in shown.err
    assert (misspelt / "plugin-manifest.yaml").read_text() == before
    done = localagent("dev", "validate", "plugin", "--fix", "--strict")
    assert done.code == 0, done.text
    assert "-license: Apache 2\n+license: Apache-2.0" in done.out
    after = (misspelt / "plugin-manifest.yaml").read_text()
    assert after == before.replace("descriptions", "description").replace("Apache 2", "Apache-2.0")
    again = localagent("dev", "validate", "plugin", "--fix")
    assert (again.code, again.out, again.err.splitlines()[0]) == (0, "", "0 files changed")


def test_rules_are_chosen_and_left_out(misspelt: Path, localagent: Run) -> None:
    assert "LA103" not in localagent("dev", "validate", "plugin", "--ignore", "la103").out
    only = localagent("dev", "validate", "plugin", "--select", "LA119,LA3")
    assert (only.code, only.out.count("[LA")) == (0, 1)
    unknown = localagent("dev", "validate", "plugin", "--select", "LA1O3")
    assert unknown.code == 2
    assert "there is no rule 'LA1O3'" in unknown.err
    assert "did you mean 'LA" in unknown.err
    with (misspelt / "pyproject.toml").open("a") as file:
        file.write('\n[tool.localagent.ignore]\nLA119 = "ours is a licence of our own"\nLA103 = ""\n')
    found = localagent("dev", "validate", "plugin").out
    assert "LA119" not in found
    assert "LA103" in found


def test_sarif_is_what_the_format_allows(misspelt: Path, localagent: Run) -> None:
    done = localagent("dev", "validate", "plugin", "--format", "sarif")
    log = json.loads(done.out)
    schema = sarif_schema()
    assert schema["title"].endswith("Version 2.1.0 JSON Schema")
    assert list(Draft7Validator(schema).iter_errors(log)) == []
    (told,) = log["runs"]
    assert [each["ruleId"] for each in told["results"]][:2] == ["LA102", "LA103"]
    assert {rule["id"] for rule in told["tool"]["driver"]["rules"]} == {each["ruleId"] for each in told["results"]}
    place = told["results"][1]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "plugin/plugin-manifest.yaml"},
        "region": {"startLine": 4, "startColumn": 1},
    }


def test_annotations_name_files_from_where_it_runs(misspelt: Path, localagent: Run) -> None:
    done = localagent("dev", "validate", "plugin", "--format", "github", "--select", "LA103")
    assert done.out.startswith("::error file=plugin/plugin-manifest.yaml,line=4,col=1,title=LA103::unknown key")


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--format", "xml"), "there is no format 'xml'"), (("--dry-run",), "--dry-run goes with --fix")],
)
def test_words_that_cannot_be_are_told(misspelt: Path, localagent: Run, words: tuple[str, ...], message: str) -> None:
    done = localagent("dev", "validate", "plugin", *words)
    assert done.code == 2
    assert message in done.err


def test_a_rule_is_explained_with_samples(localagent: Run) -> None:
    done = localagent("dev", "explain", "la306")
    assert done.code == 0
    assert done.out.startswith("LA306: initialize and cleanup are async\n(error, bronze; the source, which is read")
    page = (Path(__file__).parents[2] / "docs" / "rules" / "LA306.md").read_text(encoding="utf-8")
    shown = [line.strip() for line in done.out.splitlines() if line.strip()]
    assert [line for line in shown if line.rstrip(":").strip("()") not in page] == []
    assert "async def initialize" in done.out
    assert json.loads(localagent("dev", "explain", "LA306", "--json").out)["rule"] == "LA306"
    listed = localagent("dev", "explain")
    assert "LA410" in listed.out
    assert len(json.loads(localagent("dev", "explain", "--json").out)) >= 76
    unknown = localagent("dev", "explain", "LA3006")
    assert unknown.code == 2
    assert "did you mean 'LA306'?" in unknown.err


def test_an_installed_plugin_is_checked_by_its_name(home: Path, localagent: Run) -> None:
    site = home.parent / "site"
    install(site, [plugin("greeter")])
    package = site / "greeter" / "__init__.py"
    package.write_text(package.read_text().replace("class ThePlugin(", "class Other("))
    path = {"PYTHONPATH": str(site)}
    for name in ("greeter", "Greeter"):
        done = localagent("dev", "validate", name, env=path)
        assert done.code == 1
        assert "[LA302] greeter/plugin-manifest.yaml:10:14: greeter/__init__.py has no class 'ThePlugin'" in done.out
    unknown = localagent("dev", "validate", "greter", env=path)
    assert unknown.code == 2
    assert "there is no such file or folder, and no installed plugin 'greter'" in unknown.err
    assert "did you mean 'greeter'?" in unknown.err


def test_trees_and_archives_are_checked_in_one_call(misspelt: Path, work: Path, localagent: Run) -> None:
    with tarfile.open(work / "plugin-1.0.tar.gz", "w:gz") as archive:
        archive.add(misspelt, "plugin-1.0")
    before = (work / "plugin-1.0.tar.gz").read_bytes()
    done = localagent("dev", "validate", "plugin", "plugin-1.0.tar.gz", "--fix", "--strict")
    assert done.code == 1
    assert "error[LA103] plugin-1.0.tar.gz/plugin-1.0/plugin-manifest.yaml:4:1: unknown key 'descriptions'" in done.out
    assert "  4 | descriptions: " in done.out
    assert [line.split(" by ")[0] for line in done.err.splitlines()] == [
        "1 file changed",
        "plugin: passed, 0 findings",
        "plugin-1.0.tar.gz: failed, 3 findings",
    ]
    assert (work / "plugin-1.0.tar.gz").read_bytes() == before
