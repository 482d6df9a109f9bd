"""Agents in the worker processes of a Dask cluster."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from localagent.errors import MissingExtra, SchedulerUnreachable, UsageError
from localagent.host.installation import installation_of, open_installation
from localagent.host.situation import HostOptions, Situation
from localagent.workflows.dask_executor import DaskExecutor
from localagent.workflows.executor import AgentCall, AgentOutcome, ExecutorNeeds

pytestmark = pytest.mark.slow

PLUGIN = """
import asyncio, os, time
from pathlib import Path
from localagent import WorkflowPlugin

class Agent:
    def __init__(self, config):
        self.config = config

class Echo(Agent):
    async def execute(self, task, context):
        return {"said": task, "key": context["idempotency_key"], "process": os.getpid(), "word": self.config["word"]}

class Raising(Agent):
    async def execute(self, task, context):
        raise ValueError("no luck")

class Exiting(Agent):
    async def execute(self, task, context):
        raise SystemExit(3)

class Shy(Agent):
    async def execute(self, task, context):
        return 7

class Sleeping(Agent):
    async def execute(self, task, context):
        Path(self.config["begun"]).touch()
        await asyncio.sleep(self.config["seconds"])
        return {"process": os.getpid()}

class Waiting(Agent):
    async def execute(self, task, context):
        Path(self.config["begun"]).touch()
        while not Path(self.config["until"]).exists():
            await asyncio.sleep(0.01)
        return {}

class Deaf(Agent):
    async def execute(self, task, context):
        Path(self.config["begun"]).touch()
        time.sleep(self.config["seconds"])
        return {}

class Polling(Agent):
    def execute(self, task, context):
        Path(self.config["begun"]).touch()
        while not context["cancelled"]():
            time.sleep(0.01)
        return {"noticed": True}

class Parts(WorkflowPlugin):
    name = "parts"
    version = "1.2.0"
    description = "Agents for tests."

    async def cleanup(self):
        Path(__file__).with_name("cleaned").write_text(str(os.getpid()))

    def get_workflow_components(self):
        return {"agents": {
            "echo": Echo, "raising": Raising, "exiting": Exiting, "shy": Shy,
            "sleeping": Sleeping, "waiting": Waiting, "deaf": Deaf, "polling": Polling,
        }}
"""


NO_LUCK = '        raise ValueError("no luck")'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose plugin every process of these tests has."""
    home = tmp_path_factory.mktemp("dask") / "home"
    (home / "plugins" / "parts").mkdir(parents=True)
    (home / "plugins" / "parts" / "plugin.py").write_text(PLUGIN)
    (home / "config.yaml").write_text("plugins: {parts: {enabled: true}}\nbudgets: {grace: 0.2}\n")
    return home


def needs(home: Path, **more: Any) -> ExecutorNeeds:
    situation = Situation.read(HostOptions(home=home))
    return ExecutorNeeds(_not_here, open_installation, installation_of(situation), **more)


async def _not_here(*_: object, **__: object) -> AgentOutcome:
    raise AssertionError("an agent ran in this process")


@pytest.fixture(scope="module")
def dask(home: Path) -> Iterator[DaskExecutor]:
    """Two worker processes."""
    executor = DaskExecutor(needs(home))
    asyncio.run(executor.open())
    yield executor
    asyncio.run(executor.close())


def open_and_close(needs: ExecutorNeeds) -> None:
    async def both() -> None:
        executor = DaskExecutor(needs)
        try:
            await executor.open()
        finally:
            await executor.close()

    asyncio.run(both())


def call(agent: str, key: str = "", *, run: str = "r1", **more: Any) -> AgentCall:
    version, deadline = more.pop("version", "1.2.0"), more.pop("deadline", None)
    return AgentCall(run, "phase", agent, key or agent, "parts", version, more, "the task", {}, 1, deadline)


def outcomes(dask: DaskExecutor, *calls: AgentCall) -> list[AgentOutcome]:
    async def all_of_them() -> list[AgentOutcome]:
        return await asyncio.gather(*map(dask.run, calls))

    return asyncio.run(all_of_them())


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - other processes and threads make it so
        await asyncio.sleep(0.01)


async def begun(*markers: Path) -> None:
    await until(lambda: all(marker.exists() for marker in markers))


def test_an_agent_runs_in_another_process_with_what_it_was_given(dask: DaskExecutor) -> None:
    [outcome] = outcomes(dask, call("echo", "first", word="hello"))
    assert outcome.status == "succeeded"
    assert outcome.result["said"] == "the task"
    assert outcome.result["key"] == "r1:phase:first:1"
    assert outcome.result["word"] == "hello"
    assert outcome.result["process"] != os.getpid()
    assert outcome.worker.startswith("tls://127.0.0.1:")


def test_equal_calls_are_not_taken_for_one_and_all_workers_are_used(dask: DaskExecutor, tmp_path: Path) -> None:
    calls = [call("sleeping", "same", seconds=0.3, begun=str(tmp_path / "begun"))] * 40
    processes = [outcome.result["process"] for outcome in outcomes(dask, *calls)]
    assert len(processes) == 40
    assert len(set(processes)) == 2


def test_what_an_agent_does_wrong_is_its_outcome_and_harms_nobody(dask: DaskExecutor) -> None:
    raising, exiting, shy, fine = outcomes(dask, *map(call, ("raising", "exiting", "shy")), call("echo", word=""))
    assert (raising.status, raising.error and raising.error.kind) == ("failed", "ValueError")
    assert raising.error is not None
    assert raising.error.message == "ValueError: no luck"
    assert raising.error.place.endswith(f"plugin.py:{PLUGIN.splitlines().index(NO_LUCK) + 1}")
    assert (exiting.status, exiting.error and exiting.error.kind) == ("failed", "SystemExit")
    assert shy.error is not None
    assert shy.error.message == "the agent 'shy' of the plugin 'parts' gave int, expected a dict"
    assert fine.status == "succeeded"


@pytest.mark.parametrize("agent", ["sleeping", "deaf"])
def test_an_agent_past_its_deadline_is_late_even_if_it_cannot_be_stopped(
    dask: DaskExecutor, tmp_path: Path, agent: str
) -> None:
    [outcome] = outcomes(dask, call(agent, seconds=5, begun=str(tmp_path / "begun"), deadline=0.2))
    assert outcome.status == "timed_out"
    assert outcome.error is not None
    assert outcome.error.kind == "PluginTimeout"
    assert outcome.error.message == "took longer than 0.2 s and was stopped"
    assert "plugin.py" in outcome.error.place


def test_a_worker_with_another_version_refuses_and_names_both(dask: DaskExecutor) -> None:
    [outcome] = outcomes(dask, call("echo", version="1.3.0", word=""))
    assert outcome.status == "refused"
    assert outcome.error is not None
    assert outcome.error.message == "the worker has 1.2.0 of the plugin 'parts', the run wants 1.3.0"


def test_a_worker_without_the_plugin_or_the_agent_refuses(dask: DaskExecutor) -> None:
    no_plugin, no_agent = outcomes(dask, call("echo")._replace(plugin="others"), call("nobody"))
    assert (no_plugin.status, no_agent.status) == ("refused", "refused")
    assert no_plugin.error is not None
    assert "others" in no_plugin.error.message
    assert no_agent.error is not None
    assert no_agent.error.message == "on the worker, the plugin 'parts' offers no agent 'nobody'"


def test_cancel_ends_agents_and_names_those_that_cannot_be_interrupted(dask: DaskExecutor, tmp_path: Path) -> None:
    async def run_and_cancel() -> tuple[list[AgentOutcome], tuple[str, ...], AgentOutcome]:
        markers = [tmp_path / name for name in ("sleeping", "deaf", "polling")]
        calls = [call(marker.name, run="r2", seconds=20, begun=str(marker)) for marker in markers]
        waiting = [call("sleeping", f"w{n}", run="r2", seconds=20, begun=str(tmp_path / "w")) for n in range(80)]
        running = [asyncio.create_task(dask.run(each)) for each in (*calls, *waiting)]
        await begun(*markers)
        left = await dask.cancel("r2")
        return await asyncio.gather(*running), left, await dask.run(call("echo", run="r2", word=""))

    ended, left, later = asyncio.run(run_and_cancel())
    assert left == ("r2:phase:deaf:1",)
    assert later.status == "cancelled"
    assert {outcome.status for outcome in ended} <= {"cancelled", "succeeded"}
    assert ended[1].status == "cancelled"
    assert outcomes(dask, call("echo", run="r3", word=""))[0].status == "succeeded"


def test_who_is_cancelled_while_it_waits_takes_its_attempt_back(dask: DaskExecutor, tmp_path: Path) -> None:
    async def wait_a_little() -> None:
        running = asyncio.create_task(dask.run(call("sleeping", seconds=0.2, begun=str(tmp_path / "begun"))))
        await begun(tmp_path / "begun")
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()
        await until(lambda: not dask._futures)

    asyncio.run(wait_a_little())


def test_attempts_of_a_worker_that_is_killed_are_lost_and_those_of_others_are_not(
    dask: DaskExecutor, tmp_path: Path
) -> None:
    async def run_and_kill() -> list[AgentOutcome]:
        markers = [tmp_path / str(number) for number in range(20)]
        until = tmp_path / "killed"
        calls = [call("waiting", marker.name, begun=str(marker), until=str(until)) for marker in markers]
        running = [asyncio.create_task(dask.run(each)) for each in calls]
        echo = await dask.run(call("echo", word=""))
        await begun(*markers)
        os.kill(echo.result["process"], signal.SIGKILL)
        until.touch()
        return await asyncio.gather(*running)

    ended = asyncio.run(run_and_kill())
    lost = [outcome for outcome in ended if outcome.status == "lost"]
    assert 0 < len(lost) < 20
    assert {outcome.status for outcome in ended} == {"lost", "succeeded"}
    assert {outcome.error and outcome.error.kind for outcome in lost} == {"KilledWorker"}
    assert outcomes(dask, call("echo", word=""))[0].status == "succeeded"
    asyncio.run(until(lambda: len(dask._client.cluster.scheduler.workers) == 2))


ONE_LIFE = """
import asyncio, os, sys, threading
from pathlib import Path
import psutil
from localagent.host.installation import installation_of, open_installation
from localagent.host.situation import HostOptions, Situation
from localagent.workflows.dask_executor import DaskExecutor
from localagent.workflows.executor import AgentCall, ExecutorNeeds

installation = installation_of(Situation.read(HostOptions(home=Path(sys.argv[1]))))
executor = DaskExecutor(ExecutorNeeds(None, open_installation, installation, workers=1))

async def live():
    await executor.open()
    try:
        for agent, config in (("echo", {"word": ""}), ("sleeping", {"seconds": float(sys.argv[2]), "begun": "begun"})):
            call = AgentCall("r1", "phase", agent, agent, "parts", "1.2.0", config, "", {}, 1, None)
            print((await executor.run(call)).result["process"], flush=True)
    finally:
        await executor.close()

try:
    asyncio.run(live())
except KeyboardInterrupt:
    print("interrupted")
children = [child.cmdline() for child in psutil.Process().children(recursive=True)]
# Python's own, for as long as it runs itself.
children = [words for words in children if not any("resource_tracker" in word for word in words)]
print([thread.name for thread in threading.enumerate()], children)
"""


@contextlib.contextmanager
def one_life(home: Path, work: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """A process group with a host that runs a short agent, then one that takes so many seconds."""
    words = [sys.executable, "-W", "error", "-c", ONE_LIFE, str(home), str(seconds)]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, cwd=work, start_new_session=True, **pipes) as process:
        yield process


def test_closing_cleans_plugins_up_and_leaves_nothing_and_nothing_is_said(home: Path, work: Path) -> None:
    cleaned = home / "plugins" / "parts" / "cleaned"
    cleaned.unlink(missing_ok=True)
    with one_life(home, work, 0) as life:
        out, err = life.communicate()
    assert err == ""
    process, again, left = out.splitlines()
    assert left == "['MainThread'] []"
    assert cleaned.read_text() == process == again


def test_ctrl_c_reaches_workers_only_through_their_host(home: Path, work: Path) -> None:
    with one_life(home, work, 60) as life:
        asyncio.run(begun(work / "begun"))
        os.killpg(life.pid, signal.SIGINT)
        out, err = life.communicate()
    assert err == ""
    assert out.splitlines()[1:] == ["interrupted", "['MainThread'] []"]


@pytest.mark.soak
def test_workers_end_with_a_host_that_is_killed(home: Path, work: Path) -> None:
    with one_life(home, work, 60) as life:
        asyncio.run(begun(work / "begun"))
        processes = psutil.Process(life.pid).children(recursive=True)
        life.kill()
        assert life.communicate()[1] == ""
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []


def test_nobody_without_the_key_can_talk_to_our_cluster(dask: DaskExecutor) -> None:
    address = urlsplit(dask._client.scheduler.address)
    assert (address.scheme, address.hostname) == ("tls", "127.0.0.1")
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", address.port)) as connection,
        pytest.raises(ssl.SSLError, match=r"(?i)certificate"),
        stranger.wrap_socket(connection) as channel,
    ):
        channel.recv(1)
    with pytest.raises(UsageError, match="no keys"):
        open_and_close(dask._needs._replace(scheduler=address.geturl()))


def test_our_cluster_listens_on_this_machine_only_and_shows_no_pages(dask: DaskExecutor) -> None:
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = [each.laddr for one in processes for each in one.net_connections("tcp") if each.status == "LISTEN"]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert 8787 not in {address.port for address in listening}
    port = dask._client.cluster.scheduler.http_server.port
    for path in ("/", "/status", "/info/main/workers.html", "/json/counts.json"):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path)
        assert connection.getresponse().status == 404
        connection.close()


def test_a_scheduler_that_is_not_there_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SchedulerUnreachable, match=address) as caught:
            open_and_close(ExecutorNeeds(_not_here, open_installation, "", scheduler=address))
    assert caught.value.address == address


@pytest.mark.parametrize("address", ["nowhere", "foo://127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:port"])
def test_what_is_no_address_is_wrong_usage(address: str) -> None:
    with pytest.raises(UsageError, match=address):
        open_and_close(ExecutorNeeds(_not_here, open_installation, "", scheduler=address))


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match="the extra 'dask'"):
        open_and_close(ExecutorNeeds(_not_here, open_installation, ""))


@contextlib.contextmanager
def somebody_elses_cluster(home: Path, work: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a scheduler that has a worker, and its process."""
    file = work / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    silent: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*dask, "--no-dashboard", "--scheduler-file", str(file)], **silent) as scheduler:
        asyncio.run(begun(file))
        address = json.loads(file.read_text())["address"]
        words = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard", "--nthreads", "4"]
        with subprocess.Popen(words, env=os.environ | {"LOCALAGENT_HOME": str(home)}, **silent) as worker:
            yield address, scheduler
            worker.terminate()
        scheduler.terminate()


@pytest.mark.soak
def test_the_workers_of_others_use_their_own_home_until_the_scheduler_goes_away(home: Path, work: Path) -> None:
    async def go_on(address: str, scheduler: subprocess.Popen[bytes]) -> None:
        executor = DaskExecutor(needs(work / "another home", scheduler=address))
        await executor.open()
        outcome = await executor.run(call("echo", word=""))
        assert outcome.status == "succeeded"
        assert outcome.worker.startswith("tcp://")
        waiting = asyncio.create_task(executor.run(call("sleeping", seconds=60, begun=str(work / "begun"))))
        await begun(work / "begun")
        scheduler.kill()
        with pytest.raises(SchedulerUnreachable, match=address):
            await waiting
        assert await executor.cancel("r1") == ()
        await executor.close()

    with somebody_elses_cluster(home, work) as (address, scheduler):
        asyncio.run(go_on(address, scheduler))
