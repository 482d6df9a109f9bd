"""Each rule of the family LA6 finds the plugin that breaks it, and no other rule does."""

from __future__ import annotations

import logging
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localagent.errors import ConfigError
from localagent_testing.conformance.rules import CHECKS, RULES, checks_for
from plain import GREETER_MANIFEST
from testing.judged import judge, live

if TYPE_CHECKING:
    from testing.conftest import Workshop

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = """
def register_commands(self, app):
    @app.command("greet")
    def greet():
        'Greet everybody.'
"""


def test_a_good_plugin_breaks_no_rule(workshop: Workshop) -> None:
    judged = judge(live(workshop.plugin()))
    assert judged.broken == {}
    assert list(judged.unobserved) == ["LA617", "LA618"]
    assert "pyproject.toml" in judged.unobserved["LA617"]


def test_judging_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example has settings that some rules get wrong, which is logged."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    handlers = list(logging.root.handlers)
    assert judge(live(EXAMPLES / "word-counter")).broken == {}
    assert list(temporary.iterdir()) == []
    assert logging.root.handlers == handlers


def test_ids_are_unique_and_of_the_family() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert {rule.family for rule in RULES} == {"LA6"}


# By the word of the rule: how the class goes on, what stands before it, and words of the finding.
BREAKING = {
    "an import that fails": ("loads", COMMAND, "import no_such_module", "needs the module 'no_such_module'"),
    "a syntax error": ("loads", COMMAND, "def", "SyntaxError"),
    "an exit at import": ("loads", COMMAND, "raise SystemExit(0)", "asked the whole process to exit"),
    "a constructor that raises": ("loads", f"{COMMAND}\ndef __init__(self): 1 / 0", "", "ZeroDivisionError"),
    "a class that is abstract": ("loads", "pass", "", "register_commands"),
    "a name of its own": ("name-agrees", f"{COMMAND}\nname = 'other'", "", "'other'"),
    "no answer": ("initialises", f"{COMMAND}\nasync def initialize(self, context): pass", "", "returned None"),
    "an answer of no": ("initialises", f"{COMMAND}\nasync def initialize(self, context): return False", "", "False"),
    "an initialise that raises": ("initialises", f"{COMMAND}\nasync def initialize(self, context): 1 / 0", "", "Zero"),
    "defaults that break the schema": (
        "initialises",
        f"{COMMAND}\ndef get_config_schema(self): return {{'properties': {{'n': {{'enum': [1], 'default': 'many'}}}}}}",
        "",
        "many",
    ),
    "registering that raises": ("registers", "def register_commands(self, app): 1 / 0", "", "ZeroDivisionError"),
    "no command": ("registers", "def register_commands(self, app): pass", "", "added no command"),
    "a command that Typer refuses": (
        "registers",
        "def register_commands(self, app):\n    app.command('x')(bad)",
        "def bad(x: object): 'Do.'",
        "not yet supported",
    ),
    "a cleanup that raises": ("cleanup-twice", f"{COMMAND}\nasync def cleanup(self): 1 / 0", "", "ZeroDivisionError"),
    "a cleanup that works once": (
        "cleanup-twice",
        f"{COMMAND}\nthings = ['a']\nasync def cleanup(self): self.things.pop()",
        "",
        "pop from empty list",
    ),
    "a task that is left": (
        "leaves-nothing",
        f"{COMMAND}\nasync def initialize(self, context): return bool(start(asyncio.sleep(9), name='left behind'))",
        "import asyncio\nstart = asyncio.create_task",
        "'left behind'",
    ),
    "a command without help": (
        "commands-have-help",
        "def register_commands(self, app):\n    app.command('greet')(lambda: None)",
        "",
        "'greet' has no help",
    ),
}


@pytest.mark.parametrize("case", BREAKING)
def test_a_rule_is_broken_alone(case: str, workshop: Workshop) -> None:
    word, body, head, expected = BREAKING[case]
    judged = judge(live(workshop.plugin(body, head=head)))
    rule = CHECKS[word]
    assert list(judged.broken) == [rule.id]
    finding = judged.broken[rule.id][0]
    assert expected in finding.message
    assert finding.fix
    assert finding.where.file.is_relative_to(workshop.folder)


def test_later_rules_are_not_judged_where_the_plugin_did_not_come_so_far(workshop: Workshop) -> None:
    judged = judge(live(workshop.plugin(head="import no_such_module")))
    assert list(judged.unobserved) == [rule.id for rule in checks_for("command").values() if rule.id > "LA601"]
    assert judged.unobserved["LA605"] == "the plugin did not come so far: see LA601"


def test_a_failure_is_placed_at_its_line(workshop: Workshop) -> None:
    folder = workshop.plugin(head="import no_such_module")
    (finding,) = judge(live(folder)).broken["LA601"]
    assert str(finding.where) == f"{folder / 'plugin.py'}:3"
    assert finding.fix == "python -m pip install no_such_module"


def test_a_thread_that_is_left_is_named(workshop: Workshop) -> None:
    body = f"""{COMMAND}
stop = threading.Event()
async def initialize(self, context):
    threading.Thread(target=self.stop.wait, name="left behind").start()
    return True
"""
    subject = live(workshop.plugin(body, head="import threading"))
    life = subject.life
    try:
        assert list(CHECKS["leaves-nothing"].check(subject))
        assert life.threads == ("thread 'left behind'",)
    finally:
        plugin: Any = life.plugin
        plugin.stop.set()
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "left behind")
        thread.join()


def test_a_task_that_refuses_to_be_cancelled_is_named_and_abandoned(workshop: Workshop) -> None:
    head = """
    import asyncio
    async def stubborn(free):
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                pass
    """
    body = f"""{COMMAND}
async def initialize(self, context):
    self.free = asyncio.Event()
    self.task = context.spawn(stubborn(self.free))
    return True
"""
    subject = live(workshop.plugin(body, head=head))
    life = subject.life
    assert list(judge(subject).broken) == ["LA606"]
    assert "stubborn" in life.tasks[0]
    plugin: Any = life.plugin
    plugin.free.set()
    plugin.task.get_loop().run_until_complete(plugin.task)
    plugin.task.get_loop().close()


def test_what_the_context_started_and_the_loop_owns_is_no_leftover(workshop: Workshop) -> None:
    body = f"""{COMMAND}
async def initialize(self, context):
    context.spawn(asyncio.sleep(60))
    await asyncio.to_thread(len, "")
    return True
"""
    assert judge(live(workshop.plugin(body, head="import asyncio"))).broken == {}


def test_commands_that_differ_from_the_declared_ones_are_a_warning(workshop: Workshop) -> None:
    folder = workshop.plugin()
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text() + "      commands: [{name: greet}, {name: bow}]\n")
    ((rule, (finding,)),) = judge(live(folder)).broken.items()
    assert rule == "LA608"
    assert finding.severity.value == "warning"
    assert finding.message == "'bow' is declared but not registered; 'wave' is registered but not declared"


def test_a_manifest_that_cannot_be_read_is_a_plugin_that_does_not_load(workshop: Workshop) -> None:
    judged = judge(live(workshop.plugin(files={"plugin-manifest.yaml": "name: [greeter"})))
    assert list(judged.broken) == ["LA601"]


def test_a_required_plugin_that_is_missing_is_a_plugin_that_does_not_load(workshop: Workshop) -> None:
    folder = workshop.plugin()
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text() + "dependencies: {plugins: [no-such-plugin]}\n")
    (finding,) = judge(live(folder)).broken["LA601"]
    assert "no-such-plugin" in finding.message


SCHEMA = """
{"type": "object", "properties": {"api_key": {"type": "string"}}}
"""


def test_settings_that_are_required_and_missing_leave_rules_unjudged(workshop: Workshop) -> None:
    folder = workshop.plugin(files={"config_schema.json": SCHEMA})
    manifest = folder / "plugin-manifest.yaml"
    settings = "configuration: {schema_file: config_schema.json, required_settings: [api_key]}\n"
    manifest.write_text(manifest.read_text() + settings)
    judged = judge(live(folder))
    assert judged.broken == {}
    assert judged.unobserved["LA603"] == "the plugin needs settings; to test it, set LOCALAGENT_GREETER_API_KEY"
    assert judge(live(folder, {"LOCALAGENT_GREETER_API_KEY": "canary"})).broken == {}


def test_variables_that_steer_the_host_do_not_reach_it(workshop: Workshop) -> None:
    assert judge(live(workshop.plugin(), {"LOCALAGENT_DEV_MODE": "perhaps"})).broken == {}


PROVIDERS = {
    "localagent.BaseProvider": "lacks complete",
    "dict": "no subclass of BaseProvider",
    "None": "no subclass of BaseProvider",
}


@pytest.mark.parametrize("given", PROVIDERS)
def test_a_provider_class_must_fulfil_the_contract(given: str, workshop: Workshop) -> None:
    body = f"def get_provider_class(self): return {given}"
    (finding,) = judge(live(workshop.plugin(body, base="ProviderPlugin"))).broken["LA604"]
    assert PROVIDERS[given] in finding.message


@pytest.mark.parametrize(
    ("base", "method"), [("UIPlugin", "get_ui_components"), ("WorkflowPlugin", "get_workflow_components")]
)
def test_a_plugin_that_offers_no_component_registers_nothing(base: str, method: str, workshop: Workshop) -> None:
    (finding,) = judge(live(workshop.plugin(f"def {method}(self): return {{}}", base=base))).broken["LA604"]
    assert finding.message == f"{method}() offers nothing"


def test_a_plugin_of_two_kinds_offers_something_of_each(workshop: Workshop) -> None:
    body = """
        def get_ui_components(self): return {"box": str}
        def get_workflow_components(self): return {}
    """
    (finding,) = judge(live(workshop.plugin(body, base="UIPlugin, WorkflowPlugin"))).broken["LA604"]
    assert finding.message == "get_workflow_components() offers nothing"


LIVE = """
def get_ui_components(self):
    return {"countdown": self.countdown}

def countdown(self, data):
    with self.context.ui.live() as display:
        for each in data:
            display.update(str(each["name"]), refresh=True)
        display.update("go")
"""


def test_a_component_may_draw_itself_on_a_live_display(workshop: Workshop) -> None:
    manifest = GREETER_MANIFEST.replace("[command]", "[ui]").replace("commands:", "ui:")
    judged = judge(live(workshop.plugin(LIVE, base="UIPlugin", files={"plugin-manifest.yaml": manifest})))
    assert (judged.broken, judged.unobserved) == ({}, {})


def test_a_single_file_can_be_tested(workshop: Workshop) -> None:
    folder = workshop.plugin()
    assert judge(live(folder / "plugin.py")).broken == {}


AGENT = """
class Agent:
    def __init__(self, config):
        self.size = config["size"]
    async def execute(self, task, context):
        return {"size": self.size, "file": context["file"]}
"""
WORKFLOW = {
    "plugin-manifest.yaml": GREETER_MANIFEST.replace("[command]", "[workflow]").replace("commands:", "workflows:")
}
SAMPLE = "[tool.localagent.conformance.workflow.look]\nconfig = {size = 1}\n"


@pytest.mark.parametrize(
    ("pyproject", "missing"),
    [
        ("", "workflow.look.config"),
        (f"{SAMPLE}context = {{file = 'a'}}\n", ""),
    ],
)
def test_what_an_agent_needs_is_asked_for_and_no_fault_of_its(pyproject: str, missing: str, workshop: Workshop) -> None:
    body = "def get_workflow_components(self): return {'agents': {'look': Agent}}"
    folder = workshop.plugin(body, head=AGENT, base="WorkflowPlugin", files={"pyproject.toml": pyproject} | WORKFLOW)
    judged = judge(live(folder))
    assert judged.broken == {}
    reasons = [reason for rule, reason in judged.unobserved.items() if rule in {"LA640", "LA641", "LA642"}]
    assert all(missing in reason for reason in reasons)
    assert bool(reasons) is bool(missing)


def test_an_error_that_the_task_may_be_to_blame_for_is_no_finding(workshop: Workshop) -> None:
    head = AGENT.replace('config["size"]', "1").replace("return {", "open(task); return {")
    body = "def get_workflow_components(self): return {'agents': {'look': Agent}}"
    judged = judge(live(workshop.plugin(body, head=head, base="WorkflowPlugin", files=WORKFLOW)))
    assert judged.broken == {}
    assert "workflow.look.task = …" in judged.unobserved["LA641"]


@pytest.mark.parametrize("sample", ["workflow = 1", "workflow.look = 1", "workflow.look.size = 1"])
def test_samples_that_are_none_are_told(sample: str, workshop: Workshop) -> None:
    folder = workshop.plugin(files={"pyproject.toml": f"[tool.localagent.conformance]\n{sample}\n"})
    with pytest.raises(ConfigError, match="conformance"):
        _ = live(folder).plan
