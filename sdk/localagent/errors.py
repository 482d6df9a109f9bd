"""Every error LocalAgent raises on purpose.

LocalAgentError
├── UsageError                   wrong words on the command line or in a call
│   └── UnfitData                data that a component cannot draw
├── ConfigError                  settings that cannot be read or do not hold
├── ManifestError                a manifest that cannot be read
├── ValidationError              input that breaks a rule; carries diagnostics
├── RefusedError                 not done, for safety
├── SystemProblem                disk, permission, lock, time-out, missing extra
│   ├── MissingExtra             an optional part of LocalAgent is not installed
│   └── SchedulerUnreachable     the cluster that agents are to run on does not answer
├── WrongLoop                    a loop-bound service used from another event loop
├── PluginError
│   ├── PluginNotAvailable       absent, disabled, untrusted, shadowed, failed, quarantined
│   │   └── PluginFailed         the plugin's own code failed at a named step
│   │       ├── PluginTimeout    the step took longer than it may (also a TimeoutError)
│   │       └── HandlerPaused    not called any more in this session, as it failed too often in a row
│   ├── PluginNotReady           asked before it finished initialising
│   │   └── NotReadyInTime       a request's deadline came before that (also a RequestTimeout)
│   ├── RetryableError           the plugin says: trying again may help
│   ├── StalePluginError         an object of an unloaded generation was used
│   └── IllegalTransition        a lifecycle step that does not exist
├── MessageError
│   ├── InvalidTopic             a topic or pattern that cannot be, or that plugins may not publish
│   ├── UnsendableData           data that is no JSON, or contains itself
│   ├── BusClosed                sent after the bus was closed
│   ├── TooManyHops              messages that cause messages without end
│   ├── NoResponder              nobody answers for the recipient (also a ValueError)
│   ├── RequestTimeout           no answer within the deadline (also a TimeoutError)
│   ├── WouldDeadlock            a request to somebody who waits for its answer
│   ├── RequestCancelled         the handler or the bus gave the request up
│   ├── PluginReloaded           the responder went away while it was asked
│   └── RemoteError              the responder raised
├── WorkflowError
│   ├── UnknownWorkflowName      no workflow, phase, agent or executor of that name (also a UsageError)
│   ├── PhaseCycle               phases that wait for each other (also a ConfigError)
│   ├── RunNotFound              no recorded run of that id (also a UsageError)
│   ├── RunBusy                  another living process drives the run (also a SystemProblem)
│   ├── RunInterrupted           the run was stopped before its end; it can be resumed
│   └── PhaseFailed              a phase failed and its policy is to stop
└── ProviderError                a provider of completions failed
    ├── AuthenticationFailed     the service refuses the key
    ├── RateLimited              the service wants fewer requests
    ├── ProviderTimeout          the service took too long (also a TimeoutError)
    ├── ConnectionFailed         the service cannot be reached
    ├── BadResponse              the service, or the provider, gave something that is no answer
    ├── ContextTooLong           more was sent than the model can read
    └── StreamCut                an answer broke off after its first pieces
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


class LocalAgentError(Exception):
    """The root of the tree: one sentence of what is wrong, with its place and the way out.

    Attributes:
        message: what is wrong, one sentence without a final full stop.
        plugin: name of the plugin concerned, if any.
        file: the file concerned, if any.
        line: 1-based line in `file`.
        column: 1-based column in `line`.
        fix: what to do next, usually a command.
        rule: id of the rule that found it, such as ``LA103``.
    """

    def __init__(
        self,
        message: str,
        *,
        plugin: str | None = None,
        file: str | Path | None = None,
        line: int | None = None,
        column: int | None = None,
        fix: str | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.plugin = plugin
        self.file = file
        self.line = line
        self.column = column
        self.fix = fix
        self.rule = rule

    @property
    def place(self) -> str:
        """``file:line:column`` as far as known, else the plugin's name, else an empty string."""
        if self.file is None:
            return self.plugin or ""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class UsageError(LocalAgentError):
    """A command or call was given words it cannot take."""


class UnfitData(UsageError):
    """Data are not of the shape that a terminal component draws.

    Attributes:
        path: keys and positions that lead to the value at fault, from the outermost on.
    """

    def __init__(
        self,
        message: str,
        *,
        wanted: str,
        path: tuple[str | int, ...] = (),
        file: str | Path | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, file=file, line=line, column=column, fix=f"give {wanted}")
        self.wanted = wanted
        self.path = path


class ConfigError(LocalAgentError):
    """Settings are unreadable or do not fit their schema."""


class ManifestError(LocalAgentError):
    """A manifest cannot be read as the strict YAML of ``docs/architecture.md``."""


class ValidationError(LocalAgentError):
    """Input breaks one or more rules.

    Attributes:
        diagnostics: every finding, in file order.
    """

    def __init__(self, message: str, *, diagnostics: tuple[object, ...] = (), fix: str | None = None) -> None:
        super().__init__(message, fix=fix)
        self.diagnostics = diagnostics


class RefusedError(LocalAgentError):
    """The thing was not done because doing it could harm; nothing was changed."""


class SystemProblem(LocalAgentError):
    """The surroundings are in the way: disk, permission, lock, time-out, a missing tool."""


class MissingExtra(SystemProblem):
    """An optional part of LocalAgent is needed and not installed."""

    def __init__(self, extra: str, *, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the extra '{extra}', which is not installed",
            fix=f"python -m pip install 'localagent[{extra}]'",
        )
        self.extra = extra


class SchedulerUnreachable(SystemProblem):
    """The cluster that agents are to run on does not answer.

    Attributes:
        address: where it was looked for.
    """

    def __init__(self, message: str, *, address: str, fix: str | None = None) -> None:
        super().__init__(message, fix=fix)
        self.address = address


class WrongLoop(LocalAgentError):
    """A service that belongs to the host's event loop was used from another one."""


class PluginError(LocalAgentError):
    """Something about one plugin. Plugins may raise it themselves."""


class PluginNotAvailable(PluginError):
    """A plugin was asked for that cannot be used now; the message says why."""


class PluginFailed(PluginNotAvailable):
    """A plugin's own code failed.

    Attributes:
        step: what the host was doing: ``import``, ``construct``, ``initialise``, ``register``, ``command`` …
        version: the plugin's; may be empty.
    """

    def __init__(
        self,
        message: str,
        *,
        plugin: str,
        step: str,
        version: str = "",
        file: str | Path | None = None,
        line: int | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message, plugin=plugin, file=file, line=line, fix=fix)
        self.step = step
        self.version = version


class PluginTimeout(PluginFailed, TimeoutError):
    """A step of a plugin took longer than it may and was ended."""


class HandlerPaused(PluginFailed):
    """A message handler or lifecycle hook that failed several times in a row is not called again in this session."""


class PluginNotReady(PluginError):
    """The plugin exists but has not finished initialising."""


class RetryableError(PluginError):
    """Raised by a plugin to say that trying again may help."""


class StalePluginError(PluginError):
    """An object of a plugin that was unloaded or reloaded was used."""


class IllegalTransition(PluginError):
    """A lifecycle transition that the graph of stages does not have."""


class MessageError(LocalAgentError):
    """The message bus could not do what was asked."""


class InvalidTopic(MessageError):
    """A topic or pattern is not written as one can be, or belongs to the host."""


class UnsendableData(MessageError):
    """Data of a message are no JSON values, or contain themselves; the message names the place in them."""


class BusClosed(MessageError):
    """A message was sent after the bus had been closed."""


class TooManyHops(MessageError):
    """A message was caused by a message that was caused by a message …, further than any plan needs."""


class NoResponder(MessageError, ValueError):
    """Nobody is registered to answer for the recipient."""


class RequestTimeout(MessageError, TimeoutError):
    """A request had no answer within its deadline."""


class NotReadyInTime(PluginNotReady, RequestTimeout):
    """The recipient of a request was still initialising at its deadline."""


class WouldDeadlock(MessageError):
    """A request to a plugin that itself waits, over others or not, for the one who asks."""


class RequestCancelled(MessageError):
    """A request was given up by its handler, or by a bus that closes."""


class PluginReloaded(MessageError):
    """The responder was unloaded or reloaded while it was asked; asking again may help."""


class RemoteError(MessageError):
    """The responder of a request raised.

    Attributes:
        error_type: name of the class that was raised.
        traceback: where, as Python tells it; empty where nothing is known.
    """

    def __init__(self, message: str, *, plugin: str, error_type: str, traceback: str = "") -> None:
        super().__init__(message, plugin=plugin)
        self.error_type = error_type
        self.traceback = traceback


class WorkflowError(LocalAgentError):
    """A workflow could not be run as was asked."""


class UnknownWorkflowName(WorkflowError, UsageError):
    """There is no workflow, phase, agent, orchestrator or executor of that name."""


class PhaseCycle(WorkflowError, ConfigError):
    """Phases of a workflow wait for each other.

    Attributes:
        phases: their ids in the order in which each waits for the next; the first is the last again.
    """

    def __init__(
        self, message: str, *, phases: tuple[str, ...], file: str | Path | None = None, line: int | None = None
    ) -> None:
        super().__init__(message, file=file, line=line, fix="take one of them out of 'depends_on'")
        self.phases = phases


class RunNotFound(WorkflowError, UsageError):
    """No run of that id was recorded, or several begin like it."""


class RunBusy(WorkflowError, SystemProblem):
    """Another living process drives the run."""


class RunInterrupted(WorkflowError):
    """A run was stopped before its end; it can be resumed.

    Attributes:
        run: its id.
        uninterrupted: keys of the attempts that could not be stopped.
    """

    def __init__(self, message: str, *, run: str, uninterrupted: tuple[str, ...] = ()) -> None:
        super().__init__(message, fix=f"localagent workflow resume {run}")
        self.run = run
        self.uninterrupted = uninterrupted


class PhaseFailed(WorkflowError):
    """A phase failed and its policy is to stop; raised to an orchestrator that let the engine run it.

    Attributes:
        phase: its id.
        result: what it gave.
    """

    def __init__(self, message: str, *, phase: str, result: dict[str, object]) -> None:
        super().__init__(message)
        self.phase = phase
        self.result = result


class ProviderError(LocalAgentError):
    """A provider of completions failed.

    Attributes:
        provider: its name.
        setting: the setting that decides about it, such as ``base_url``; empty where none does.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        setting: str = "",
        plugin: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message, plugin=plugin, fix=fix)
        self.provider = ""
        self.setting = setting
        self.name_provider(provider)

    def name_provider(self, provider: str) -> None:
        """Say whose error it is, where that is not said yet: the host knows, a provider's own code need not."""
        if self.provider or not provider:
            return
        self.provider = provider
        self.plugin = self.plugin or provider
        if self.setting and not self.fix:
            self.fix = f"localagent providers setup {provider} --set {self.setting}=VALUE"


class AuthenticationFailed(ProviderError):
    """The service refuses the key, or wants one."""


class RateLimited(ProviderError):
    """The service wants fewer requests.

    Attributes:
        retry_after: seconds after which it may be asked again; None where it does not say.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        setting: str = "",
        retry_after: float | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message, provider=provider, setting=setting, fix=fix)
        self.retry_after = retry_after


class ProviderTimeout(ProviderError, TimeoutError):
    """The service took longer than the settings allow."""


class ConnectionFailed(ProviderError):
    """The service cannot be reached.

    Attributes:
        url: where it was looked for.
    """

    def __init__(
        self, message: str, *, provider: str = "", setting: str = "", url: str = "", fix: str | None = None
    ) -> None:
        super().__init__(message, provider=provider, setting=setting, fix=fix)
        self.url = url


class BadResponse(ProviderError):
    """What came is no answer."""


class ContextTooLong(ProviderError):
    """More was sent than the model can read."""


class StreamCut(ProviderError):
    """An answer broke off after its first pieces.

    Attributes:
        partial: the text that came.
    """

    def __init__(
        self, message: str, *, provider: str = "", setting: str = "", partial: str = "", fix: str | None = None
    ) -> None:
        super().__init__(message, provider=provider, setting=setting, fix=fix)
        self.partial = partial
