"""Starts and stops the service: the graph (a slow import) first, then the listener; an orderly end on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import uvicorn

from .events import Events, LogEvents
from .faults import Faults
from .settings import Settings
from .store import Store
from .web import Web
from .worker import Worker

if TYPE_CHECKING:
    from .graph import Agents


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would end the process by the signal again, and ECS would show a failure."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT; 0 after an orderly end, 1 when it could not start."""
    events = Events(settings.clock)
    logging.basicConfig(level=logging.WARNING, handlers=[LogEvents(events)])
    faults = Faults(settings.fault_file)
    store = Store(settings)
    web = Web(settings, store, events, faults)
    server = _Server(
        uvicorn.Config(
            web.app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            # Longer than the load balancer's idle timeout, or it meets closed connections and answers 502.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, int(settings.drain)),
        )
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await store.open()
    stopped = asyncio.create_task(stop.wait())
    # A load balancer that meets a task too early calls it unhealthy, and then takes longer to trust it.
    started = asyncio.create_task(_start_worker(settings, store, web, events, faults))
    await asyncio.wait([started, stopped], return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        events.write("stopped")
        await store.close()
        return 0
    await started
    listener = asyncio.create_task(_listen(server))
    await asyncio.wait([listener, stopped], return_when=asyncio.FIRST_COMPLETED)
    failed = listener.done()
    await _stop(settings, server, listener, web, events)
    await store.close()
    return 1 if failed else 0


async def _listen(server: _Server) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's answer to a port that is taken
        pass


async def _start_worker(settings: Settings, store: Store, web: Web, events: Events, faults: Faults) -> None:
    """Loads langgraph in a thread, so that a signal is heard meanwhile."""
    started = time.monotonic()
    agents = await asyncio.to_thread(_load_agents)
    web.worker = Worker(settings, store, agents, events, faults)
    web.agents = agents
    web.worker.start()
    events.write("started", port=settings.port, graphMs=round((time.monotonic() - started) * 1000))


def _load_agents() -> Agents:
    from .graph import Agents as Loaded

    return Loaded()


async def _stop(
    settings: Settings,
    server: _Server,
    listener: asyncio.Task[None],
    web: Web,
    events: Events,
) -> None:
    """Health says no, late requests are still served, then no new ones, then the worker ends."""
    events.write("stopping")
    web.stopping = True
    if not listener.done():
        await asyncio.sleep(settings.linger)
        server.should_exit = True
        await listener
    if web.worker:
        await web.worker.stop()
    events.write("stopped")
