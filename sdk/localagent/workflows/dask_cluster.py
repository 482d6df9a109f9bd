"""A connection to a Dask cluster: one that runs somewhere already, or worker processes of our own on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localagent.errors import MissingExtra, SchedulerUnreachable, SystemProblem, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

WORKERS = 2
_THREADS = 32
"""How many agents a worker process runs at a time; they wait for most of their time."""
_CONNECTED_WITHIN = 10
"""Seconds within which a scheduler has to answer."""
_DASK: dict[str, Any] = {
    # Dask always starts web servers; these have nothing to show.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # It looks at what each thread does every 10 ms, for pages that nobody sees.
    "distributed.worker.profile.enabled": False,
}
"""Dask's settings for a cluster of our own."""


@contextlib.asynccontextmanager
async def connected(
    scheduler: str | None, workers: int | None, *, patience: Callable[[], float]
) -> AsyncGenerator[Any]:
    """A client of the cluster, for the thread and the loop that it is entered in; afterwards nothing of it is left.

    Args:
        scheduler: the address of a scheduler; None starts a cluster of our own.
        workers: how many processes that one has; None leaves it to us.
        patience: tells at the end how many seconds these get to end by themselves.

    Raises:
        MissingExtra: Dask is not installed.
        UsageError: what is given is no address.
        SchedulerUnreachable: nobody answers there.
        SystemProblem: worker processes could not be started.
    """
    _keep_interrupts()
    distributed = _distributed()
    with contextlib.ExitStack() as quiet:
        quiet.callback(_end_idle_thread, distributed)
        quiet.enter_context(_silenced())
        if scheduler is None:
            async with _own_cluster(distributed, workers or WORKERS) as cluster:
                async with _client(distributed, cluster) as client:
                    yield client
                await asyncio.gather(*(nanny.close(timeout=patience()) for nanny in cluster.workers.values()))
            return
        try:
            await _knock(distributed, scheduler)
            client = await _client(distributed, scheduler)
        except OSError as error:
            raise unreachable(scheduler) from error
        async with client:
            yield client


def unreachable(scheduler: str | None) -> SchedulerUnreachable:
    """What to raise when a scheduler does not answer, or no longer; None is that of a cluster of our own."""
    address = scheduler or "on this machine"
    return SchedulerUnreachable(
        f"the Dask scheduler {address} does not answer",
        address=address,
        fix="see that it runs, or leave out --scheduler to use worker processes on this machine",
    )


def _client(distributed: Any, cluster: Any) -> Any:
    return distributed.Client(cluster, asynchronous=True, set_as_default=False, timeout=_CONNECTED_WITHIN)


@contextlib.asynccontextmanager
async def _own_cluster(distributed: Any, workers: int) -> AsyncGenerator[Any]:
    """Worker processes on this machine, for nobody but us.

    Whoever can talk to a scheduler can run code as its user. So ours listens on this machine only, and the key without
    which it does not talk, not even to another user of the machine, never leaves this process and its workers.

    Dask would by itself run again, on the other workers, what a worker was doing when it was killed: these could die of
    it too, and the engine, which counts how often something is tried, would not know.
    """
    try:
        with distributed.dask.config.set(_DASK):
            cluster = await distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=_THREADS,
                host="127.0.0.1",
                protocol="tls://",
                security=True,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
                asynchronous=True,
                memory_limit=None,
                scheduler_kwargs={"allowed_failures": 0, "dashboard": False},
            )
    except (OSError, RuntimeError) as error:
        raise SystemProblem(f"worker processes could not be started: {error}") from error
    async with cluster:
        yield cluster


async def _knock(distributed: Any, address: str) -> None:
    """See whether anybody listens there, since Dask tries it again and again before it says so.

    Raises:
        UsageError: it is no address of a scheduler.
        OSError: nobody does.
    """
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("tcp", "tls") or host is None or port is None:
        raise UsageError(f"'{address}' is no address of a Dask scheduler", fix="write it as tcp://HOST:PORT")
    if parts.scheme == "tls" and distributed.Security().get_connection_args("client")["ssl_context"] is None:
        raise UsageError(f"Dask has no keys for {address}", fix="name them in Dask's settings, distributed.comm.tls")
    _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _CONNECTED_WITHIN)
    writer.close()


@contextlib.contextmanager
def _silenced() -> Generator[None]:
    """Within, Dask's log says nothing: what is wrong with a worker is told of the attempts that it had."""
    logger = logging.getLogger("distributed")
    before, passes_on = logger.handlers[:], logger.propagate
    logger.handlers[:], logger.propagate = [logging.NullHandler()], False
    try:
        yield
    finally:
        logger.handlers[:], logger.propagate = before, passes_on


def _keep_interrupts() -> None:
    """Let Ctrl-C be for this process, which then ends its workers: they inherit what this thread does not hear."""
    # Started on the way to a first process, it would let this thread hear again.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _distributed() -> Any:
    try:
        import_module("cryptography")
        return import_module("distributed")
    except ModuleNotFoundError:
        raise MissingExtra("dask", needed_for="the executor 'dask'") from None


def _end_idle_thread(distributed: Any) -> None:
    """End the thread that Dask keeps for later, for which the interpreter would wait; a later cluster gets another."""
    pool = "_offload_executor"
    idle: ThreadPoolExecutor = getattr(distributed.utils, pool)
    setattr(distributed.utils, pool, ThreadPoolExecutor(1, "Dask-Offload"))
    idle.shutdown()
