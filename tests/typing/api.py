"""How the types look to a plugin's author: a class of each kind, in the styles in which authors write them.

Nothing here runs: mypy and basedpyright read it as strictly as an author's own project would be read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, assert_type

import typer
from rich.console import Console
from rich.panel import Panel

from localagent import (
    BaseProvider,
    CommandPlugin,
    CommunicatingPlugin,
    CompletionRequest,
    CompletionResponse,
    ConfigError,
    ConfigurablePlugin,
    LifecycleManager,
    LocalAgentError,
    Markup,
    MessageError,
    MessageType,
    NoResponder,
    ObservablePlugin,
    PersistentPlugin,
    Plugin,
    PluginContext,
    PluginError,
    PluginFailed,
    PluginLifecycleStage,
    PluginMessage,
    PluginMessageBus,
    PooledProvider,
    ProviderError,
    ProviderPlugin,
    RateLimited,
    RemoteError,
    RequestTimeout,
    RetryableError,
    StreamChunk,
    StreamCut,
    UIPlugin,
    WorkflowPlugin,
    WorkflowStatus,
    correlation_id,
    gather,
    gather_bounded,
    path_within,
    retry,
)
from localagent_testing import (
    Call,
    CutStream,
    FakeClock,
    FakeProvider,
    PluginIntegrationTestSuite,
    PluginPerformanceTester,
    PluginTestFramework,
    RecordingBus,
    RecordingConsole,
)


class ClassAttributes(CommandPlugin):
    """The shortest style: plain class attributes, a synchronous and an asynchronous command."""

    name = "class-attributes"
    version = "1.0.0"
    description = "Everything about it is a class attribute."
    dependencies = ("other>=1.2",)
    requires_config = True

    def register_commands(self, app: typer.Typer) -> None:
        """Add two commands."""

        @app.command("greet")
        def greet(who: str = "world", *, loud: bool = False) -> None:
            asyncio.run(self.work())
            self.console.print(who.upper() if loud else who)

        @app.command("wait")
        async def wait(seconds: float = 1) -> None:
            await asyncio.sleep(seconds)

        assert_type(greet("me", loud=True), None)

    async def work(self) -> None:
        """What a command does with an event loop of its own."""
        await self.message_bus.broadcast(self.name, "class-attributes.worked", {})


class Properties(CommandPlugin):
    """The guide's style: a property for each fact."""

    @property
    def name(self) -> str:
        """The plugin's name."""
        return "properties"

    @property
    def version(self) -> str:
        """The plugin's version."""
        return "1.0.0"

    @property
    def description(self) -> str:
        """One line."""
        return "Everything about it is a property."

    @property
    def dependencies(self) -> list[str]:
        """Needed plugins."""
        return ["other"]

    @property
    def requires_config(self) -> bool:
        """It works without."""
        return False

    async def initialize(self, context: PluginContext) -> bool:
        """Keep the context."""
        self.context = context
        return await self.validate_config()

    def register_commands(self, app: typer.Typer) -> None:
        """Add none."""


class AnnotatedAttributes(UIPlugin):
    """Attributes whose types the author narrows."""

    name: str = "annotated-attributes"
    version: str = "1.0.0"
    dependencies: tuple[str, ...] = ()
    requires_config: bool = False
    context: PluginContext
    config: dict[str, Any]
    console: Console
    logger: logging.Logger
    data_dir: Path
    cache: dict[str, str]

    async def initialize(self, context: PluginContext) -> bool:
        """What the host sets has the types declared above."""
        assert_type(self.console, Console)
        assert_type(self.data_dir / "notes", Path)
        self.logger.info("here with %d settings", len(self.config))
        self.cache = {}
        return True

    def get_ui_components(self) -> dict[str, Callable[..., Any]]:
        """One component by a method, one by a class."""
        return {"box": self.box, "panel": Panel}

    def box(self, data: Mapping[str, Any], **options: Any) -> Panel:
        """A panel with a title."""
        return Panel(str(data), title=options.get("title"))


class Drawing(UIPlugin):
    """Components that use others, and a display that moves."""

    name = "drawing"

    def __init__(self) -> None:
        self.statuses = [WorkflowStatus("review", progress=40, phase="reading")]

    def get_ui_components(self) -> dict[str, Callable[..., Any]]:
        """One component, a method."""
        return {"dashboard": self.dashboard}

    def dashboard(self, data: list[WorkflowStatus], *, title: str = "") -> Panel:
        """A panel around what another component draws."""
        context: PluginContext = self.context
        with context.ui.live("waiting", per_second=2) as display:
            for status in data:
                assert_type(status.progress, float)
                assert_type(status.elapsed, float | None)
                display.update(Markup(f"[green]{status.state}[/green]"))
        assert_type(context.ui.show("data_table", [{"a": 1}], title="Rows"), bool)
        return Panel(context.ui.render("localagent:progress_dashboard", self.statuses), title=title)


class OwnConstructor(WorkflowPlugin):
    """A constructor that sets everything itself and calls no other."""

    name = "own-constructor"

    def __init__(self) -> None:
        self.config = {"size": 1}
        self.console = Console()
        self.logger = logging.getLogger("own-constructor")
        self.message_bus = PluginMessageBus()
        self.data_dir = Path("data")
        self.cache: dict[str, int] = {}
        self.dependencies = ["other"]

    def get_workflow_components(self) -> dict[str, dict[str, Any]]:
        """One phase."""
        return {"phases": {"count": Counting}}

    def get_config_schema(self) -> dict[str, Any]:
        """A schema written in code; that there always is one may be said."""
        return {"type": "object", "properties": {"size": {"type": "integer"}}}

    def get_default_config(self) -> dict[str, Any]:
        """The schema's defaults and one more."""
        return {**super().get_default_config(), "size": self.cache.get("size", 1)}

    def convert_env_value(self, key: str, value: str) -> Any:
        """One key is read otherwise."""
        return int(value, 16) if key == "mask" else super().convert_env_value(key, value)

    async def cleanup(self) -> None:
        """Forget."""
        self.cache.clear()


class ReadyMade(PersistentPlugin, ConfigurablePlugin, CommunicatingPlugin, ObservablePlugin):
    """Several ready-made classes; a command plugin, since it registers commands."""

    name = "ready-made"

    def __init__(self) -> None:
        self.config_watchers: list[Callable[..., Any]] = []
        self.cache: dict[str, Any] = {}
        self.data_dir: Path | None = None

    async def initialize(self, context: PluginContext) -> bool:
        """Only as ready as the others are."""
        if not await super().initialize(context):
            return False
        self.add_config_watcher(lambda old, new: self.logger.info("%s: %s", old["size"], new.changed))
        return True

    def register_commands(self, app: typer.Typer) -> None:
        """A method as a command."""
        app.command("work")(self.work)

    async def work(self, paths: list[Path]) -> None:
        """What the functions beside the classes give back."""
        sizes = await gather_bounded(self.size_of, paths, limit=3)
        assert_type(sizes, list[int])
        assert_type(await self.execute_with_progress(self.size_of(Path()), "Measuring"), int)
        assert_type(path_within("a", self.config["folders"]), Path)
        self.set_cache("sizes", sizes, ttl=60)
        await self.execute_operation("add", sizes=self.get_cache("sizes", []))

    @retry(on=(ConnectionError, RetryableError), attempts=5)
    async def size_of(self, path: Path) -> int:
        """Decorated, it keeps its types."""
        assert_type(correlation_id.get(), str)
        return len(path.parts)

    async def process_request(self, data: Any) -> dict[str, int]:
        """An answer may be of any type that JSON has."""
        return {"words": len(data["text"])}

    async def perform_operation(self, operation: str, **parameters: Any) -> int:
        """So may a result."""
        return sum(parameters["sizes"])


class Counting:
    """A phase of a workflow."""


class Echo(BaseProvider):
    """A provider that overrides all there is."""

    async def initialize(self, config: dict[str, Any]) -> bool:
        """Take the settings."""
        self.config.update(config)
        return "url" in self.config

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """Say it again."""
        assert_type(request.prompt, str)
        assert_type(request.max_tokens, int | None)
        assert_type(request.messages, tuple[dict[str, Any], ...])
        return CompletionResponse(text=request.prompt, model=request.model or "echo", raw=request.to_dict())

    async def stream_complete(self, request: CompletionRequest) -> AsyncIterator[str]:
        """Say it again word by word."""
        for word in request.prompt.split():
            yield word

    async def health_check(self) -> dict[str, Any]:
        """What the base says, and more."""
        return {**await super().health_check(), "models": await self.count_available_models()}

    async def test_connection(self) -> bool:
        """It is always there."""
        return True

    async def count_available_models(self) -> int:
        """There is one."""
        return 1

    async def cleanup(self) -> None:
        """Nothing is open."""


class Minimal(BaseProvider):
    """A provider with only what is needed."""

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """Say nothing."""
        return CompletionResponse.from_dict({"text": ""})


class OverHttp(PooledProvider):
    """A provider that speaks HTTP."""

    name = "over-http"

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """One request."""
        return CompletionResponse.from_dict(await self.post_json("/complete", request.to_dict()))

    async def stream_complete(self, request: CompletionRequest) -> AsyncIterator[str]:
        """One request, and an answer in pieces."""
        told: list[str] = []
        try:
            async with aclosing(self.post_for_events("/stream", request.to_dict(), last="END")) as events:
                async for text in events:
                    told.append(text)
                    yield text
        except ProviderError as error:
            raise self.cut(error, "".join(told)) from error
        yield StreamChunk(response=CompletionResponse("".join(told)))


async def what_may_go_wrong_is_told_apart(provider: BaseProvider) -> str:
    """What a stream gives as a whole, and the errors of providers."""
    try:
        response = await gather(provider.stream_complete(CompletionRequest("hi")))
    except RateLimited as error:
        assert_type(error.retry_after, float | None)
        raise
    except StreamCut as error:
        return error.partial
    assert_type(response.incomplete, bool)
    return response.text


class Providing(ProviderPlugin):
    """The guide's provider defines only a name."""

    name = "echo"

    def get_provider_class(self) -> type[BaseProvider]:
        """The class is enough; the host makes the instance."""
        return Echo


class ProvidingExactly(ProviderPlugin):
    """The result may be said more exactly."""

    name = "minimal"

    def get_provider_class(self) -> type[Minimal]:
        """This very class."""
        return Minimal

    def get_provider_config_schema(self) -> dict[str, Any]:
        """A schema of its own."""
        return {"type": "object", "required": ["url"]}


class Both(CommandPlugin, UIPlugin):
    """A plugin of two kinds."""

    name = "both"

    def register_commands(self, app: typer.Typer) -> None:
        """Add a command that is a method."""
        app.command("both")(self.both)

    def both(self) -> None:
        """A command."""

    def get_ui_components(self) -> dict[str, Callable[..., Any]]:
        """No components."""
        return {}


class Talking(CommandPlugin):
    """All that a context offers."""

    name = "talking"

    async def initialize(self, context: PluginContext) -> bool:
        """Take what is needed from the context."""
        bus = context.message_bus
        end = bus.subscribe("news.sport", self.on_news)
        assert_type(end, Callable[[], None])
        bus.register_direct_handler(self.name, self.on_question)
        context.lifecycle_manager.add_hook(PluginLifecycleStage.READY, self.on_ready)
        assert_type(context.config_dir, Path)
        assert_type(context.data_dir, Path)
        assert_type(context.console, Console)
        assert_type(context.logger, logging.Logger)
        settings = context.config.plugins[self.name]["config"]
        context.logger.info("%s", settings["size"])
        task = context.spawn(self.ask())
        assert_type(task, asyncio.Task[int])
        return True

    async def on_news(self, message: PluginMessage) -> None:
        """A handler may be asynchronous,"""
        assert_type(message.type, MessageType)
        assert_type(message.recipient, str | None)

    def on_question(self, message: PluginMessage) -> dict[str, Any]:
        """or answer at once,"""
        return {"answer": message.data}

    def on_ready(
        self, plugin: str, old: PluginLifecycleStage, new: PluginLifecycleStage, facts: dict[str, Any]
    ) -> None:
        """and a hook is told of the step."""

    async def ask(self) -> int:
        """A request, with what may go wrong."""
        bus: PluginMessageBus = self.message_bus
        try:
            answer = await bus.request(self.name, "other", {"count": True}, timeout=5)
        except RequestTimeout as error:
            raise RetryableError("the other plugin is slow", plugin=self.name) from error
        except RemoteError as error:
            assert_type(error.error_type, str)
            raise
        except NoResponder:
            return 0
        counts = await bus.broadcast(self.name, "talking.asked", {})
        assert_type(counts, dict[str, int])
        return int(answer) + counts["delivered"]

    def register_commands(self, app: typer.Typer) -> None:
        """Add a synchronous command that drives the host's loop."""
        context: PluginContext = self.context

        @app.command("count")
        def count() -> None:
            number = context.run(self.ask())
            assert_type(number, int)
            typer.echo(number)


def errors_are_caught_by_what_happened(plugin: Plugin) -> str:
    """Every error is of the one tree, and some are plain ones too."""
    try:
        plugin.load_plugin_config()
    except PluginFailed as error:
        return f"{error.step}: {error.place}"
    except (PluginError, ConfigError, MessageError) as error:
        assert_type(error.fix, str | None)
        return error.message
    except LocalAgentError as error:
        assert_type(error.line, int | None)
        return error.place
    return ""


async def the_concrete_services_are_of_use_alone() -> None:
    """A bus and a lifecycle without a host, as in an author's own test."""
    bus = PluginMessageBus()
    assert_type(bus.register_direct_handler("me", print), Callable[[], None])
    states = LifecycleManager()
    await states.transition_plugin("me", PluginLifecycleStage.DISCOVERED, PluginLifecycleStage.LOADING)
    assert_type(states.stage_of("me"), PluginLifecycleStage)


def every_style_makes_a_plugin() -> list[Plugin]:
    """None of the classes above is abstract."""
    return [
        ClassAttributes(),
        Properties(),
        AnnotatedAttributes(),
        Drawing(),
        OwnConstructor(),
        Providing(),
        ProvidingExactly(),
        Both(),
        Talking(),
    ]


async def a_plugin_is_tested(framework: PluginTestFramework[Both]) -> None:
    """What an author's own tests look like to a type checker."""
    plugin = await framework.create_plugin_instance(both={"config": {"size": 3}})
    assert_type(plugin, Both)
    assert_type(framework.plugin_instance, Both | None)
    assert_type(await framework.test_plugin_lifecycle(), bool)
    await framework.test_configuration_validation({"both": {"config": {}}}, {"size": "large"})
    result = framework.test_command_execution("both", ["--size", "3"], expected_exit_code=2)
    assert_type(result.exit_code, int)
    context = framework.setup_mock_context()
    assert_type(context.calls_of("message_bus.subscribe"), tuple[Call, ...])
    taken: PluginContext = context
    await plugin.initialize(taken)


async def a_plugin_is_measured_and_meets_others(plugin: Plugin, folder: Path) -> None:
    """The two other classes."""

    class Tester(PluginPerformanceTester):
        async def execute_plugin_operation(self) -> None:
            await asyncio.sleep(0)

    assert_type(await Tester(plugin).stress_test(1), dict[str, float])
    assert_type(await Tester(plugin).benchmark_command_execution(["hello"], 10), dict[str, float])
    async with PluginIntegrationTestSuite(folder, "other") as suite:
        assert_type(suite.test_plugins, list[str])
        assert_type(await suite.test_inter_plugin_communication(), bool)


async def fakes_are_what_they_stand_for(clock: FakeClock) -> None:
    """Each may be given where the real thing is wanted."""
    provider: BaseProvider = FakeProvider(
        "yes", CompletionResponse("no"), CutStream("may"), RateLimited("later"), sleep=clock.sleep
    )
    assert_type(await provider.count_available_models(), int)
    bus: PluginMessageBus = RecordingBus(strict=True)
    console: Console = RecordingConsole(width=40)
    console.print(bus.counts)
