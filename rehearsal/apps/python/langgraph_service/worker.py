"""The background worker: claims this engine's rows, runs the graph, writes the result."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import psycopg_pool

from .events import Events
from .faults import SLOW_SECONDS, Faults
from .settings import Settings
from .store import Store, Work

if TYPE_CHECKING:  # langgraph takes seconds to import: service.py does it when it starts
    from .graph import Agents, Result

DATABASE_ERRORS = (psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed, OSError)
#: Messages in work at once in one task.
MAX_IN_WORK = 200
BATCH = 20
#: Real seconds after which the table is looked at although nothing was accepted here.
POLL = 1.0


class Worker:
    """One a process. `wake` after an accept; `stop` finishes or returns what is in work."""

    def __init__(self, settings: Settings, store: Store, agents: Agents, events: Events, faults: Faults) -> None:
        self._settings = settings
        self._store = store
        self._agents = agents
        self._events = events
        self._faults = faults
        self._wake = asyncio.Event()
        self._stopping = False
        self._in_work: dict[asyncio.Task[None], Work] = {}
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._loops = [asyncio.create_task(self._claim_loop()), asyncio.create_task(self._lease_loop())]

    def wake(self) -> None:
        self._wake.set()

    async def stop(self) -> None:
        """Claims no more, waits for what is in work (`settings.drain`), returns the rest to pending."""
        self._stopping = True
        self._wake.set()
        if self._loops:
            await asyncio.wait(self._loops[:1])  # the claim that may be under way belongs to what is in work
        if self._in_work:
            await asyncio.wait(list(self._in_work), timeout=self._settings.drain)
        left = dict(self._in_work)
        for task in [*left, *self._loops[1:]]:
            task.cancel()
        await asyncio.gather(*left, *self._loops[1:], return_exceptions=True)
        if left:
            with contextlib.suppress(*DATABASE_ERRORS):
                await self._store.give_back(list(left.values()))
        self._events.write("worker_stopped", returned=len(left))

    async def _claim_loop(self) -> None:
        while not self._stopping:
            self._wake.clear()
            free = MAX_IN_WORK - len(self._in_work)
            claimed: list[Work] = []
            try:
                if free > 0:
                    claimed = await self._store.claim(min(BATCH, free))
            except DATABASE_ERRORS as error:
                self._events.write("worker_error", error=type(error).__name__)
                await asyncio.sleep(0.5)
            for work in claimed:
                task = asyncio.create_task(self._process(work))
                self._in_work[task] = work
                task.add_done_callback(self._done)
            if len(claimed) == BATCH:
                await asyncio.sleep(0)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_work.pop(task, None)
        if len(self._in_work) == MAX_IN_WORK - 1:
            self._wake.set()

    async def _lease_loop(self) -> None:
        while True:
            try:
                if self._in_work:
                    await self._store.renew(list(self._in_work.values()))
                for row in await self._store.recover():
                    self._events.write("message_recovered", messageId=row.message_id, status=row.status)
                    if row.status == "failed":
                        self._events.message_processed(row.message_id, "failed", row.latency_ms, row.synthetic)
                    else:
                        self._wake.set()
            except DATABASE_ERRORS as error:
                self._events.write("worker_error", error=type(error).__name__)
            await asyncio.sleep(self._settings.claim_lease / 3)

    async def _process(self, work: Work) -> None:
        try:
            if self._faults.hits("slow"):
                await asyncio.sleep(SLOW_SECONDS)
            fault = self._faults.hits("routing", "booking")
            result = await self._agents.run(
                work.body, thread_id=work.thread_id, run_id=work.run_id or str(uuid4()), fault=fault
            )
            latency = await self._store.finish(work, result)
        except DATABASE_ERRORS as error:
            # The lease runs out and the row is taken up again, here or by another task.
            self._events.write("worker_error", error=type(error).__name__, messageId=work.message_id)
            return
        except Exception as error:  # whatever the graph raises is this message's failure, not the worker's
            await self._failed(work, error)
            return
        if latency is None:
            self._events.write("claim_lost", messageId=work.message_id)
            return
        report(self._events, work.message_id, result, latency, work.synthetic)

    async def _failed(self, work: Work, error: Exception) -> None:
        self._events.write("message_error", messageId=work.message_id, error=type(error).__name__)
        with contextlib.suppress(*DATABASE_ERRORS):
            end = await self._store.give_up(work, f"{type(error).__name__}: {error}")
            if end and end[0] == "failed":
                self._events.message_processed(work.message_id, "failed", end[1], work.synthetic)


def report(events: Events, message_id: str, result: Result, latency_ms: float, synthetic: bool) -> None:
    """The three events of a message that was worked on."""
    events.agent_routed(message_id, result.agent, result.routing, synthetic)
    if result.booking != "none":
        events.appointment_booking(message_id, result.booking, synthetic)
    events.message_processed(message_id, "completed", latency_ms, synthetic)
