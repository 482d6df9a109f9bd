"""Terminal components as a user of the command line meets them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plain import MakePlugin, Run
from terminal import on_terminal

pytestmark = pytest.mark.slow

CHARTS = """
import os
import time
from rich.live import Live
from rich.panel import Panel
from localagent import Markup, UIPlugin, WorkflowStatus

class Charts(UIPlugin):
    name = "charts"
    version = "1.2.0"
    description = "Charts for a terminal"

    def get_ui_components(self):
        return {
            "bar-chart": self.bars,
            "progress_dashboard": self.dashboard,
            "broken": self.broken,
            "nothing": self.nothing,
            "endless": self.endless,
            "owned": self.owned,
            "nested": self.nested,
            "secretive": lambda data: os.environ["LOCALAGENT_CHARTS_TOKEN"],
        }

    def bars(self, data, title="Bars", *, mark="#"):
        return Panel("\\n".join(f"{row['name']} {mark * int(row['size'])}" for row in data), title=title)

    def dashboard(self, workflows):
        assert all(isinstance(each, WorkflowStatus) for each in workflows)
        with Live("", refresh_per_second=20) as live:
            for each in workflows:
                live.update(f"[{each.name}] {each.progress:.0f}")
        return Panel("")

    def broken(self, data):
        raise ValueError(f"no chart of [red]{len(data)}[/red] rows")

    def nothing(self, data):
        pass

    def endless(self, data):
        with Live("waiting") as live:
            print("began", flush=True)
            time.sleep(60)

    def owned(self, data):
        with self.context.ui.live("first") as display:
            display.update(Panel("last [b]frame[/b]"))

    def nested(self, data):
        return self.context.ui.render("broken", data)
"""
USER = """
from rich.columns import Columns
from localagent import CommandPlugin

class Report(CommandPlugin):
    name = "report"
    version = "1.0"

    def register_commands(self, app):
        @app.command("report")
        def report():
            ui = self.context.ui
            self.console.print(Columns([ui.render("status-panel", {"a": "[b]"}), ui.render("tree", [1])]))
            print(ui.show("data_table", [{"x": 1}], title="Rows"))
            ui.show("data_table", 7)

        @app.command("leaves")
        def leaves():
            self.context.ui.live("left running").start()
"""


@pytest.fixture
def charts(localagent: Run, make_plugin: MakePlugin) -> Run:
    """The command line with a plugin that has components."""
    make_plugin("charts", CHARTS)
    assert localagent("plugins", "enable", "charts").code == 0
    return localagent


def test_the_list_tells_whose_each_component_is(charts: Run) -> None:
    rows = [line.split() for line in charts("ui", "list").out.splitlines()]
    assert ["bar-chart", "charts", "Charts", "for", "a", "terminal"] in rows
    assert ["localagent:progress_dashboard", "localagent", "Running", "workflows", "with", "their", "progress"] in rows
    told = json.loads(charts("ui", "list", "--json").out)
    assert {
        "name": "localagent:progress_dashboard",
        "component": "progress_dashboard",
        "owner": "localagent",
        "told": "Running workflows with their progress",
        "builtin": True,
    } in told
    assert [each["owner"] for each in told if each["name"] == "progress_dashboard"] == ["charts"]


def test_the_list_runs_no_code_of_plugins_in_this_process(charts: Run, home: Path) -> None:
    (home / "plugins" / "charts" / "plugin.py").write_text(CHARTS + "\nimport os\nos._exit(9)\n")
    done = charts("ui", "list")
    assert done.code == 0
    assert "bar-chart" not in done.out
    assert "data_table" in done.out


def test_a_plugins_component_is_drawn_with_data_and_options(charts: Run, work: Path) -> None:
    (work / "rows.csv").write_text("name,size\n[i]one,3\n")
    done = charts("ui", "show", "bar_chart", "--data", "rows.csv", "--title", "T", "--set", "mark=*", "--width", "20")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1] == "│ [i]one ***       │"


def test_without_data_a_sample_is_drawn_and_that_is_said(localagent: Run) -> None:
    done = localagent("ui", "show", "data-table")
    assert (done.code, done.err) == (0, "no --data given; this is a sample\n")
    assert "project-analyzer" in done.out


@pytest.mark.parametrize(
    ("words", "stdin", "shown"),
    [
        (("data_table", "--data", "-"), '[{"key": "[red]x[/red]"}]', "[red]x[/red]"),
        (("data_table", "--data", "-"), "key,other\n1,2\n", "other"),
        (("markdown", "--data", "-"), "# Some title\n", "Some title"),
        (("diff", "--data", "-"), "--- a\n+++ b\n-x\n", "-x"),
        (("tree", "--data", "-", "--title", "top"), '{"a": {"b": null}}', "top"),
        (("data_table", "--data", "-", "--set", 'columns=["b"]'), '[{"a": "hidden", "b": "shown"}]', "shown"),
    ],
)
def test_data_may_come_by_standard_input(words: tuple[str, ...], stdin: str, shown: str, localagent: Run) -> None:
    done = localagent("ui", "show", *words, stdin=stdin)
    assert done.code == 0
    assert shown in done.out
    assert "hidden" not in done.out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("data_tabel",), 3, "error: there is no component 'data_tabel'\nfix: did you mean 'data_table'?"),
        (("bar-chrat",), 3, "fix: did you mean 'bar-chart'?"),
        (("chrats:bars",), 3, "fix: did you mean 'charts'?"),
        (("data_table", "--data", "absent.json"), 2, "error absent.json: cannot read the data: No such file"),
        (
            ("data_table", "--data", "bad.json"),
            2,
            "error bad.json:2:9: the data are no JSON: Expecting value\nfix: give a list of",
        ),
        (
            ("data_table", "--data", "number.json"),
            2,
            "error number.json:1:1: the data are a number\nfix: give a list of",
        ),
        (
            ("data_table", "--data", "rows.json"),
            2,
            "error rows.json:3:3: element 2 is text\nfix: give a list of objects",
        ),
        (
            ("progress_dashboard", "--data", "rows.json"),
            2,
            "error rows.json:2:3: element 1: 'a' is none of name, progress",
        ),
        (("status_panel", "--set", "colour=red"), 2, "takes no option 'colour'\nfix: it takes title"),
        (("status_panel", "--set", "colour"), 2, "'--set colour' gives no option"),
        (("status_panel", "--export", "x.png"), 2, "fix: end the name in one of .svg, .html, .txt"),
        (("status_panel", "--data", "a", "--watch", "b"), 2, "--data and --watch both name data"),
        (("status_panel", "--width", "0"), 2, "0 is not in the range x>=1"),
    ],
)
def test_what_cannot_be_drawn_is_told_with_the_way_out(
    words: tuple[str, ...], code: int, message: str, charts: Run, work: Path
) -> None:
    (work / "bad.json").write_text('[\n  {"a": }\n]')
    (work / "number.json").write_text("7")
    (work / "rows.json").write_text('[\n  {"a": 1},\n  "b"\n]')
    done = charts("ui", "show", *words)
    assert done.code == code
    assert message in done.err
    assert done.out == ""


def test_a_component_of_a_plugin_that_is_off_says_so(charts: Run) -> None:
    charts("plugins", "disable", "charts")
    for name in ("bar-chart", "charts:bar-chart"):
        done = charts("ui", "show", name)
        assert (done.code, "the plugin 'charts' is disabled" in done.err) == (3, True)
    assert charts("ui", "show", "progress_dashboard").code == 0


@pytest.mark.parametrize("width", [1, 20, 200])
def test_a_component_that_raises_is_a_panel_with_plugin_place_and_cause(width: int, charts: Run, home: Path) -> None:
    done = charts("ui", "show", "broken", "--width", str(width))
    assert (done.code, done.out) == (1, "")
    told = "".join(done.err.replace("│", "").split())
    line = CHARTS.splitlines().index('        raise ValueError(f"no chart of [red]{len(data)}[/red] rows")') + 1
    for part in ("charts1.2.0", f"plugins/charts/plugin.py:{line}", "draw:ValueError:nochartof[red]3[/red]rows"):
        assert part in told
    assert "Traceback" not in done.err


def test_debug_shows_the_trace(charts: Run) -> None:
    done = charts("--debug", "ui", "show", "broken")
    assert done.code == 1
    assert "Traceback" in done.err


def test_what_cannot_be_drawn_is_told_with_the_line_of_the_component(charts: Run) -> None:
    done = charts("ui", "show", "nothing", "--width", "200")
    assert done.code == 1
    assert f"plugin.py:{CHARTS.splitlines().index('    def nothing(self, data):') + 1}" in done.err
    assert "gave None, which Rich cannot draw" in done.err


def test_within_another_drawing_a_failure_is_a_panel(charts: Run) -> None:
    done = charts("ui", "show", "nested")
    assert "ValueError: no chart of" in done.out


@pytest.mark.parametrize("form", ["svg", "html", "txt"])
def test_a_drawing_is_exported_whole(form: str, charts: Run, work: Path) -> None:
    file = work / f"t.{form}"
    done = charts("ui", "show", "data_table", "--export", file)
    assert (done.code, done.out) == (0, "")
    assert f"wrote {file}" in done.err
    before = file.read_text()
    assert "project" in before
    assert charts("ui", "show", "broken", "--export", file).code == 1
    assert file.read_text() == before
    assert [each.name for each in work.iterdir()] == [file.name]


def test_a_display_of_the_components_own_shows_its_last_frame_where_nobody_watches(charts: Run, work: Path) -> None:
    done = charts("ui", "show", "progress_dashboard")
    assert (done.code, done.out) == (0, "[release] 0\n")
    assert charts("ui", "show", "progress_dashboard", "--export", "t.txt").code == 0
    assert (work / "t.txt").read_text() == "[release] 0\n"
    assert "last [b]frame[/b]" in charts("ui", "show", "owned").out
    done = charts("ui", "show", "owned", "--export", "t.txt")
    assert (done.code, done.out) == (0, "")
    assert "last [b]frame[/b]" in (work / "t.txt").read_text()


def test_on_a_terminal_displays_move_and_the_cursor_comes_back(charts: Run) -> None:
    for name, last in (("progress_dashboard", "[release] 0"), ("owned", "last [b]frame[/b]")):
        shown = on_terminal([sys.executable, "-m", "localagent_cli", "ui", "show", name], columns=40)
        assert "\x1b[?25l" in shown
        assert last in shown
        assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_colours_are_for_terminals_that_want_them() -> None:
    words = [sys.executable, "-m", "localagent_cli", "ui", "show", "status_panel"]
    assert "\x1b[32m" in on_terminal(words, columns=40)
    assert "\x1b[32m" not in on_terminal(words, columns=40, env={"NO_COLOR": "1"})
    assert "\x1b" not in on_terminal(words, columns=40, env={"TERM": "dumb"})


@pytest.mark.parametrize("env", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_a_poor_locale_gets_what_it_can_say(env: dict[str, str], localagent: Run) -> None:
    done = localagent("ui", "show", "data_table", "--data", "-", env=env, stdin='[{"name": "ä — 漢"}]')
    assert (done.code, done.err) == (0, "")
    if "PYTHONUTF8" in env:
        assert done.out.isascii()
        assert "? -- ?" in done.out


@pytest.mark.parametrize("name", ["data_table", "progress_dashboard"])
def test_where_standard_output_is_full_that_is_told(name: str, charts: Run) -> None:
    argv = [sys.executable, "-m", "localagent_cli", "ui", "show", name]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 5
    assert "error: cannot write to standard output: No space left on device" in done.stderr
    assert "charts" not in done.stderr


def test_ctrl_c_ends_a_display(charts: Run) -> None:
    argv = [sys.executable, "-m", "localagent_cli", "ui", "show", "endless"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "began\n"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told


def test_a_watched_file_is_drawn_again_after_each_change(localagent: Run, work: Path) -> None:
    file, picture = work / "rows.json", work / "t.txt"
    file.write_text('[{"size": "first"}]')
    argv = [
        sys.executable,
        "-m",
        "localagent_cli",
        "ui",
        "show",
        "data_table",
        "--watch",
        str(file),
        "--export",
        str(picture),
    ]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"wrote {picture}\n"
        assert "first" in picture.read_text()
        replace(file, "[{")
        assert "no JSON" in process.stderr.readline()
        assert "fix:" in process.stderr.readline()
        replace(file, '[{"size": "second"}]')
        assert process.stderr.readline() == f"wrote {picture}\n"
        assert "second" in picture.read_text()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130


def test_in_development_mode_a_watched_drawing_follows_the_code_too(home: Path, work: Path, charts: Run) -> None:
    """Edit, break, mend, move away and back."""
    (home / "development.yaml").write_text("development: {hot_reload: true, verbose_logging: true}\n")
    file, plugin = work / "rows.json", home / "plugins" / "charts" / "plugin.py"
    file.write_text('[{"name": "a", "size": 2}]')
    argv = [sys.executable, "-m", "localagent_cli", "ui", "show", "bar-chart", "--watch", str(file)]
    argv += ["--export", str(work / "t.txt")]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None

        def told(text: str) -> None:
            """Read on until something is told."""
            assert process.stderr is not None
            assert any(text in line for line in process.stderr), text

        told("wrote")
        for mark in ("=", "+"):
            replace(plugin, CHARTS.replace('mark="#"', f'mark="{mark}"'))
            told("took")
            told("wrote")
            assert f"a {mark}{mark}" in (work / "t.txt").read_text()
            replace(plugin, f"{CHARTS}\nx = (\n")
            told("was never closed; the code before it goes on")
        plugin.parent.rename(work / "away")
        told("unloaded")
        told("error")
        (work / "away" / "plugin.py").write_text(CHARTS)
        (work / "away").rename(plugin.parent)
        told("wrote")
        assert "a ##" in (work / "t.txt").read_text()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130


def replace(file: Path, text: str) -> None:
    """Write a file as an editor does."""
    new = file.with_suffix(".new")
    new.write_text(text)
    time.sleep(0.01)  # another time of modification on any file system
    new.replace(file)


def test_secrets_are_masked_in_drawings(charts: Run) -> None:
    done = charts("ui", "show", "secretive", env={"LOCALAGENT_CHARTS_TOKEN": "geheim-geheim"})
    assert (done.code, done.out) == (0, "***\n")


def test_plugins_draw_components_in_their_commands(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("report", USER)
    assert localagent("plugins", "enable", "report").code == 0
    done = localagent("report")
    assert "│ a  [b]" in done.out
    assert "0: 1" in done.out
    assert "Rows" in done.out
    assert "True" in done.out
    assert done.code == 1
    assert "UnfitData: the data are a number" in done.err


def test_a_display_that_a_command_leaves_running_ends_with_the_plugin(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("report", USER)
    assert localagent("plugins", "enable", "report").code == 0
    shown = on_terminal([sys.executable, "-m", "localagent_cli", "leaves"], columns=40)
    assert "left running" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ("{'bars': 3}", "get_ui_components() gave 'bars', which is no name of a component that can be called"),
        ("{'a:b': print}", "get_ui_components() gave 'a:b', which is no name"),
        ("{'a-b': print, 'a_b': print}", "two components are called 'a_b'"),
        ("['bars']", "get_ui_components() gave 'list', expected a dict"),
    ],
)
def test_a_plugin_whose_components_are_none_is_told_where(
    components: str, message: str, localagent: Run, make_plugin: MakePlugin
) -> None:
    source = f"""
from localagent import UIPlugin

class Bars(UIPlugin):
    name = "bars"

    def get_ui_components(self):
        return {components}
"""
    file = make_plugin("bars", source) / "plugin.py"
    assert localagent("plugins", "enable", "bars").code == 3
    done = localagent("ui", "show", "bars:bars")
    assert done.code == 3
    assert f"the plugin 'bars' is failed: register: {message}" in done.err
    assert str(file.parent) in done.err
    if "3" in components:
        assert f"{file}:7" in done.err


def test_completion_knows_the_words(localagent: Run) -> None:
    asked = {"_LOCALAGENT_COMPLETE": "complete_bash", "COMP_WORDS": "localagent ui ", "COMP_CWORD": "2"}
    assert localagent(env={**os.environ, **asked}).out.split() == ["list", "show"]
