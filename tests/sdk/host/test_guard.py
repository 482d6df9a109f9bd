"""Whatever a plugin's code does, the host goes on, and says who it was and where."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localagent.errors import HandlerPaused, PluginFailed, PluginTimeout, RequestTimeout
from localagent.host.budgets import Budgets
from localagent.host.guard import Guard
from localagent.host.lifecycle import LifecycleManager
from localagent.host.pausing import pausable
from localagent.plugins.messages import PluginMessage
from localagent.plugins.stages import PluginLifecycleStage as Stage
from localagent.services.bus import PluginMessageBus

HERE = Path(__file__)


@pytest.fixture
def guard() -> Guard:
    return Guard("odd", HERE, budgets=Budgets(grace=0.1))


def _busy() -> None:
    while True:
        pass


def _asleep() -> None:
    time.sleep(60)


def _swallows_everything() -> None:
    while True:
        try:
            time.sleep(60)
        except BaseException:  # noqa: S112, BLE001 - what a plugin may do
            continue


def _swallows_in_finally() -> None:
    while True:
        try:
            time.sleep(60)
        finally:
            continue  # noqa: B012 - what a plugin may do


def _ignores_the_alarm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _busy()


@pytest.mark.parametrize("hang", [_busy, _asleep, _swallows_everything, _swallows_in_finally, _ignores_the_alarm])
@pytest.mark.parametrize("step", ["import", "handler of 'x'"])
def test_code_that_does_not_give_control_back_is_stopped_with_its_line(
    guard: Guard, hang: Callable[[], None], step: str
) -> None:
    with pytest.raises(PluginTimeout, match=f"{step}: took longer than 0.2 s") as caught:
        guard.call(step, hang, limit=0.2)
    assert caught.value.place.startswith(f"{HERE}:")
    assert (caught.value.plugin, caught.value.step) == ("odd", step)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert guard.call("import", lambda: 3) == 3


def test_a_tracer_is_in_its_place_again_after_it_was_needed_to_stop_a_plugin(guard: Guard) -> None:
    before = sys.gettrace()
    with pytest.raises(PluginTimeout):
        guard.call("import", _swallows_everything, limit=0.1)
    assert sys.gettrace() is before


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit(), MemoryError(), BaseException()])
def test_everything_a_plugin_raises_is_a_failure(guard: Guard, error: BaseException) -> None:
    def raises() -> None:
        raise error

    async def raises_later() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(PluginFailed, match=type(error).__name__) as caught:
        guard.call("command", raises)
    assert caught.value.place == f"{HERE}:{raises.__code__.co_firstlineno + 1}"
    with pytest.raises(PluginFailed, match=type(error).__name__):
        asyncio.run(guard.call_async("initialise", raises_later))


def test_a_limit_holds_for_a_step_within_a_step_and_names_the_late_one(guard: Guard) -> None:
    inner = Guard("inner", HERE)
    with pytest.raises(PluginTimeout) as caught:
        guard.call("import", lambda: inner.call("import", _asleep, limit=5), limit=0.2)
    assert caught.value.plugin == "odd"
    with pytest.raises(PluginFailed) as failed:
        guard.call("import", lambda: inner.call("import", _asleep, limit=0.2), limit=5)
    assert "took longer than 0.2 s" in str(failed.value)


def test_a_command_has_no_limit_and_may_use_the_alarm_itself(guard: Guard) -> None:
    rang: list[int] = []

    def ring(signum: int, _: object) -> None:
        rang.append(signum)

    def command() -> None:
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        while not rang:
            time.sleep(0.01)
        signal.signal(signal.SIGALRM, before)

    guard.call("import", lambda: None)
    guard.call("command", command)
    with pytest.raises(PluginTimeout):
        guard.call("import", _asleep, limit=0.1)


def test_a_plugin_that_takes_the_alarm_away_is_forgiven_by_the_next_step(guard: Guard) -> None:
    guard.call("import", lambda: signal.signal(signal.SIGALRM, signal.SIG_IGN))
    with pytest.raises(PluginTimeout):
        guard.call("import", _asleep, limit=0.1)


def test_in_another_thread_there_is_no_limit_and_no_harm(guard: Guard) -> None:
    outcome: list[Any] = []
    thread = threading.Thread(target=lambda: outcome.append(guard.call("import", time.sleep, 0.3, limit=0.1)))
    thread.start()
    thread.join()
    assert outcome == [None]


def test_folder_and_signal_handlers_are_put_back(guard: Guard, tmp_path: Path) -> None:
    before, interrupt = Path.cwd(), signal.getsignal(signal.SIGINT)

    def spoil() -> None:
        os.chdir(tmp_path)
        os.chdir("/")
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def spoil_later() -> None:
        await asyncio.sleep(0)
        spoil()
        await asyncio.sleep(0)
        assert str(Path.cwd()) == "/"
        os.chdir(tmp_path)

    guard.call("import", spoil)
    assert (Path.cwd(), signal.getsignal(signal.SIGINT)) == (before, interrupt)
    asyncio.run(guard.call_async("initialise", spoil_later))
    assert (Path.cwd(), signal.getsignal(signal.SIGINT)) == (before, interrupt)


def test_a_step_within_a_command_leaves_the_commands_folder_alone(guard: Guard, tmp_path: Path) -> None:
    def command() -> Path:
        os.chdir(tmp_path)
        guard.call("handler", os.chdir, "/")
        return Path.cwd()

    before = Path.cwd()
    assert guard.call("command", command) == tmp_path.resolve()
    assert Path.cwd() == before


async def _waits() -> None:
    await asyncio.sleep(60)


async def _swallows_cancellation() -> None:
    while True:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            continue


async def _blocks() -> None:
    await asyncio.sleep(0)
    _busy()


@pytest.mark.parametrize("late", [_waits, _blocks, _swallows_cancellation])
def test_a_late_task_is_stopped_and_others_have_their_time(guard: Guard, late: Callable[[], Any]) -> None:
    async def quick() -> str:
        await asyncio.sleep(0.25)
        return "done"

    async def main() -> list[Any]:
        others = [Guard("good").call_async("initialise", quick, limit=0.4) for _ in range(2)]
        mine = guard.call_async("initialise", late, limit=0.3)
        return await asyncio.gather(mine, *others, return_exceptions=True)

    failure, *rest = _run(main())
    assert isinstance(failure, PluginTimeout)
    assert rest == ["done", "done"]
    assert [(each.plugin, each.step) for each in guard.tally.abandoned] == (
        [("odd", "initialise")] if late is _swallows_cancellation else []
    )


def test_a_task_that_waits_too_long_is_named_with_the_line_it_waits_in(guard: Guard) -> None:
    with pytest.raises(PluginTimeout) as caught:
        asyncio.run(guard.call_async("initialise", _waits, limit=0.1))
    assert caught.value.place == f"{HERE}:{_waits.__code__.co_firstlineno + 1}"


def test_cancelling_the_caller_cancels_the_plugin(guard: Guard) -> None:
    ended: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def main() -> None:
        calling = asyncio.create_task(guard.call_async("initialise", waits))
        await asyncio.sleep(0.05)
        calling.cancel()
        await calling

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert ended == [True]


def test_a_task_that_cancels_itself_is_a_failure(guard: Guard) -> None:
    async def cancels() -> None:
        raise asyncio.CancelledError

    with pytest.raises(PluginFailed, match="CancelledError"):
        asyncio.run(guard.call_async("initialise", cancels))


def test_three_failures_in_a_row_pause_a_handler(guard: Guard, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []

    async def handler(answer: str) -> str:
        calls.append(answer)
        if answer == "bad":
            raise ValueError(answer)
        return answer

    call = pausable(guard, "handler of 'x'", handler)

    async def main(answers: list[str]) -> list[type]:
        return [type((await asyncio.gather(call(answer), return_exceptions=True))[0]) for answer in answers]

    outcomes = asyncio.run(main(["bad", "bad", "good", "bad", "bad", "bad", "good"]))
    assert outcomes == [PluginFailed, PluginFailed, str, PluginFailed, PluginFailed, PluginFailed, HandlerPaused]
    assert len(calls) == 6
    assert [(each.plugin, each.step) for each in guard.tally.paused] == [("odd", "handler of 'x'")]
    assert "paused for this session" in caplog.text


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "odd.log"


def _prints() -> None:
    sys.stdout.write("from Python\n")
    sys.stderr.write("to stderr\n")
    os.write(1, b"from C\n")


def test_what_is_printed_at_import_goes_to_the_plugins_log(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Guard("odd", log_file=log).call("import", _prints)
    sys.stdout.write("afterwards\n")
    assert capfd.readouterr() == ("afterwards\n", "")
    assert sorted(log.read_text().splitlines()) == ["from C", "from Python", "to stderr"]


def test_what_is_printed_goes_to_the_log_where_a_test_has_replaced_the_streams(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held: list[Any] = []

    def hold() -> None:
        sys.stdout.write("at import\n")
        held.append(sys.stdout)

    Guard("odd", log_file=log).call("import", hold)
    held[0].write("later\n")
    assert capsys.readouterr().out == "later\n"
    assert log.read_text() == "at import\n"


def test_a_silent_import_leaves_no_log_and_a_closed_stream_is_opened_again(
    log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    guard = Guard("odd", log_file=log)
    guard.call("import", lambda: None)
    assert not log.exists()

    def close() -> None:
        sys.stdout.close()

    guard.call("import", close)
    sys.stdout.write("still here\n")
    assert "still here" in capfd.readouterr().out


def _run(main: Any) -> Any:
    """As `asyncio.run`, but without waiting for tasks that do not end."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()


def test_a_hook_that_fails_again_and_again_is_paused_and_stages_go_on(
    guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    stages = LifecycleManager()
    calls: list[str] = []

    def hook(name: str, *_: object) -> None:
        calls.append(name)
        raise ValueError(name)

    stages.add_hook(Stage.LOADING, hook, guard=guard)

    async def main() -> None:
        for name in "abcde":
            await stages.transition_plugin(name, Stage.DISCOVERED, Stage.LOADING)

    asyncio.run(main())
    assert "".join(calls) == "abc"
    assert stages.stage_of("e") is Stage.LOADING
    assert caplog.text.count("loading hook: ValueError") == 4  # three failures, and once more where it is paused
    assert [each.step for each in guard.tally.paused] == ["loading hook"]


def test_who_asks_a_handler_that_is_too_late_gets_a_time_out(guard: Guard) -> None:
    bus = PluginMessageBus()
    slow = Guard("slow", HERE, budgets=Budgets(handler=0.1, grace=0.1))

    async def handler(_: PluginMessage) -> None:
        await _waits()

    bus.register_direct_handler("slow", pausable(slow, "handler of direct messages", handler))
    with pytest.raises(RequestTimeout, match=r"took longer than 0\.1 s"):
        asyncio.run(bus.request("me", "slow", {}))
