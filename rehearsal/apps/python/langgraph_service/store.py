"""The queue table: accept, claim, finish, give back. Only rows with a thread id are ever touched: those are ours."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from . import ENGINE
from .payload import Message
from .settings import Settings

if TYPE_CHECKING:  # langgraph takes seconds to import: service.py does it when it starts
    from .graph import Result

#: Times a message is begun before it is given up as failed.
MAX_ATTEMPTS = 5
#: Real seconds between two looks whether the migration with claim_receipt() has been applied.
RECEIPTS_RECHECK = 30.0

# updated_at is written as created_at plus the *real* time since then, so that updated_at - created_at is a latency in
# real seconds although created_at is rehearsal time. Without CUTOVER_CLOCK (factor 1, no parameter) this is now().
_NOW = "coalesce(%(now)s::timestamptz, now())"
_STAMP = f"created_at + ({_NOW} - created_at) / %(factor)s::float8"
_CLAIMED = "status = 'processing' AND workflow_state ->> 'claim' = %(claim)s AND langgraph_thread_id IS NOT NULL"

_INSERT = f"""
INSERT INTO message_queue (location_id, contact_id, ghl_message_id, message_body, message_type, created_at, updated_at,
                           langgraph_thread_id, langgraph_run_id, workflow_state)
VALUES (%(location)s, %(contact)s, %(key)s, %(body)s, %(type)s, {_NOW}, {_NOW}, %(thread)s, %(run)s, %(state)s)
ON CONFLICT (ghl_message_id) DO NOTHING
RETURNING id::text
"""

_CLAIM = f"""
UPDATE message_queue SET status = 'processing', updated_at = {_STAMP},
       workflow_state = coalesce(workflow_state, '{{}}') || jsonb_build_object('step', 'running', 'claim', %(claim)s::text)
WHERE id IN (SELECT id FROM message_queue WHERE status = 'pending' AND langgraph_thread_id IS NOT NULL
             ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id::text, coalesce(ghl_message_id, id::text) AS message_id, message_body AS body,
          langgraph_thread_id AS thread_id, coalesce(langgraph_run_id, '') AS run_id,
          coalesce(metadata ->> 'synthetic', '') = 'true' AS synthetic, workflow_state ->> 'claim' AS claim
"""

_FINISH = f"""
UPDATE message_queue SET status = 'completed', processed_by_agent = %(agent)s, appointment_booked = %(booked)s,
       lead_qualified = %(qualified)s, response_text = %(reply)s, error_message = NULL, updated_at = {_STAMP},
       workflow_state = (workflow_state - 'claim') || %(state)s
WHERE id = %(id)s AND {_CLAIMED}
RETURNING extract(epoch FROM updated_at - created_at)::float8 * 1000 AS latency_ms, ghl_message_id AS key
"""
_FINISH_WITH_RECEIPT = f"WITH done AS ({_FINISH}) SELECT latency_ms, public.finish_receipt(key, '{ENGINE}') FROM done"

_GIVE_UP = f"""
UPDATE message_queue SET retry_count = retry_count + 1, error_message = %(error)s, updated_at = {_STAMP},
       status = CASE WHEN retry_count + 1 >= {MAX_ATTEMPTS} THEN 'failed' ELSE 'pending' END,
       workflow_state = (workflow_state - 'claim') || jsonb_build_object('step', 'failed')
WHERE id = %(id)s AND {_CLAIMED}
RETURNING status, extract(epoch FROM updated_at - created_at)::float8 * 1000
"""

_RENEW = f"UPDATE message_queue SET updated_at = {_STAMP} WHERE {_CLAIMED} AND id = ANY(%(ids)s::uuid[])"

_RETURN = f"""
UPDATE message_queue SET status = 'pending', updated_at = {_STAMP},
       workflow_state = (workflow_state - 'claim') || jsonb_build_object('step', 'returned')
WHERE {_CLAIMED} AND id = ANY(%(ids)s::uuid[])
"""

# Rows of a task that died: their claim was not renewed for a lease. Real seconds, as explained at _STAMP.
_RECOVER = f"""
UPDATE message_queue SET retry_count = retry_count + 1, updated_at = {_STAMP},
       status = CASE WHEN retry_count + 1 >= {MAX_ATTEMPTS} THEN 'failed' ELSE 'pending' END,
       error_message = CASE WHEN retry_count + 1 >= {MAX_ATTEMPTS} THEN 'given up: the task died at each attempt' END,
       workflow_state = (coalesce(workflow_state, '{{}}') - 'claim') || jsonb_build_object('step', 'recovered')
WHERE id IN (SELECT id FROM message_queue WHERE status = 'processing' AND langgraph_thread_id IS NOT NULL
               AND ({_NOW} - created_at) / %(factor)s::float8 - (updated_at - created_at) > %(lease)s * interval '1 second'
             FOR UPDATE SKIP LOCKED)
RETURNING coalesce(ghl_message_id, id::text) AS message_id, status,
          extract(epoch FROM updated_at - created_at)::float8 * 1000 AS latency_ms,
          coalesce(metadata ->> 'synthetic', '') = 'true' AS synthetic
"""


@dataclass(frozen=True)
class Work:
    """A claimed row."""

    id: str
    message_id: str
    body: str
    thread_id: str
    run_id: str
    synthetic: bool
    claim: str


@dataclass(frozen=True)
class Recovered:
    """A row taken from a task that died: pending again, or failed after too many attempts."""

    message_id: str
    status: str
    latency_ms: float
    synthetic: bool


class Store:
    """All access to the database. Every method may raise psycopg.Error or psycopg_pool.PoolTimeout."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._receipts: bool | None = None
        self._receipts_looked = 0.0
        self.ever_connected = False
        self._pool = AsyncConnectionPool(
            settings.database_url,
            min_size=2,
            max_size=settings.pool_size,
            timeout=4.0,
            reconnect_timeout=3600,
            open=False,
            configure=self._configure,
            kwargs={
                "autocommit": True,
                "connect_timeout": 3,
                "application_name": "cutover-python",
                "prepare_threshold": None,  # named statements don't survive a transaction pooler
            },
        )

    async def open(self) -> None:
        """Starts connecting; does not wait for the database."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=1)

    async def _configure(self, connection: psycopg.AsyncConnection) -> None:
        # By SQL: a pooler drops start-up parameters.
        await connection.execute("SET statement_timeout = '3s'")
        await connection.execute("SET idle_in_transaction_session_timeout = '10s'")
        self.ever_connected = True

    async def accept(self, message: Message) -> str | None:
        """Commits the row, ours from the start; nothing when the message is known already. Repeated once on a lost connection."""
        try:
            return await self._insert(message)
        except psycopg.OperationalError:
            return await self._insert(message)  # at worst it had been committed: then it is a duplicate, and accepted

    async def try_accept(self, message: Message) -> None:
        """The same statement for a probe, rolled back: proves the connection, the columns and the right to insert."""
        async with self._pool.connection() as connection, connection.transaction(force_rollback=True):
            await connection.execute(_INSERT, self._row(message))

    async def claim(self, limit: int) -> list[Work]:
        """Takes up to `limit` pending rows of this engine, oldest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Work))
            await cursor.execute(_CLAIM, {**self._clock(), "claim": str(uuid4()), "limit": limit})
            return await cursor.fetchall()

    async def finish(self, work: Work, result: Result) -> float | None:
        """Marks a message completed; its latency in real ms, or nothing when another task has taken the row over."""
        state = {"step": "done", "agent": result.agent, "turn": result.turn, "booking": result.booking}
        row = await self._one(
            _FINISH_WITH_RECEIPT if self._receipts else _FINISH,
            id=work.id,
            claim=work.claim,
            agent=result.agent,
            booked=result.booking == "booked",
            qualified=result.lead_qualified,
            reply=result.reply,
            state=Jsonb(state),
        )
        return float(row[0]) if row else None

    async def give_up(self, work: Work, error: str) -> tuple[str, float] | None:
        """After an error: back to pending, or failed after MAX_ATTEMPTS; the new status and the latency in real ms."""
        row = await self._one(_GIVE_UP, id=work.id, claim=work.claim, error=error[:500])
        return (str(row[0]), float(row[1])) if row else None

    async def renew(self, works: list[Work]) -> None:
        """Extends the lease of messages in work."""
        await self._each_claim(_RENEW, works)

    async def give_back(self, works: list[Work]) -> None:
        """Returns messages in work to pending, for another task or the next start."""
        await self._each_claim(_RETURN, works)

    async def recover(self) -> list[Recovered]:
        """Returns rows of this engine whose lease has run out."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Recovered))
            await cursor.execute(_RECOVER, {**self._clock(), "lease": self._settings.claim_lease})
            return await cursor.fetchall()

    async def _insert(self, message: Message) -> str | None:
        async with self._pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(_INSERT, self._row(message))
            row = await cursor.fetchone()
            if row is not None and await self._has_receipts(connection):
                claimed = await connection.execute("SELECT public.claim_receipt(%s, %s)", (message.key, ENGINE))
                receipt = await claimed.fetchone()
                if receipt is not None and receipt[0] is False:
                    raise psycopg.Rollback  # seen before, and its row is gone: not a second time
            return str(row[0]) if row else None
        return None

    async def _has_receipts(self, connection: psycopg.AsyncConnection) -> bool:
        due = time.monotonic() - self._receipts_looked > RECEIPTS_RECHECK
        if self._receipts is None or (not self._receipts and due):
            self._receipts_looked = time.monotonic()
            cursor = await connection.execute(
                "SELECT to_regprocedure('public.claim_receipt(text,text)') IS NOT NULL"
                " AND to_regprocedure('public.finish_receipt(text,text)') IS NOT NULL"
            )
            row = await cursor.fetchone()
            self._receipts = bool(row and row[0])
        return self._receipts

    async def _one(self, sql: str, **parameters: object) -> tuple[object, ...] | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(sql, {**self._clock(), **parameters})
            return await cursor.fetchone()

    async def _each_claim(self, sql: str, works: list[Work]) -> None:
        claims: dict[str, list[str]] = {}
        for work in works:
            claims.setdefault(work.claim, []).append(work.id)
        async with self._pool.connection() as connection:
            for claim, ids in claims.items():
                await connection.execute(sql, {**self._clock(), "claim": claim, "ids": ids})

    def _clock(self) -> dict[str, object]:
        clock = self._settings.clock
        return {"now": clock.parameter(), "factor": clock.factor}

    def _row(self, message: Message) -> dict[str, object]:
        return {
            **self._clock(),
            "location": message.location_id,
            "contact": message.contact_id,
            "key": message.key,
            "body": message.body,
            "type": message.type,
            "thread": message.thread_id,
            "run": str(uuid4()),
            "state": Jsonb({"step": "accepted"}),
        }
