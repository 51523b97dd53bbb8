"""The HTTP side: the webhook and the health path."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import ENGINE
from .events import Events
from .faults import SLOW_SECONDS, SLUGGISH_SECONDS, Faults
from .payload import Message, PayloadError, parse
from .settings import Settings
from .store import Store
from .worker import DATABASE_ERRORS, Worker, report

if TYPE_CHECKING:  # langgraph takes seconds to import: service.py does it when it starts
    from .graph import Agents

MAX_BODY = 256 * 1024
#: What a probe without a body stands for.
PROBE = b'{"contactId":"cutover-probe","body":"probe"}'
Handler = Callable[[Request], Awaitable[Response]]


class Web:
    """Handlers over the shared parts. `agents` and `worker` come later than the listener: see service.py."""

    def __init__(self, settings: Settings, store: Store, events: Events, faults: Faults) -> None:
        self._settings = settings
        self._store = store
        self._events = events
        self._faults = faults
        self._busy = 0
        self._secrets = [_digest(secret) for secret in settings.webhook_secrets]
        self.agents: Agents | None = None
        self.worker: Worker | None = None
        self.stopping = False
        routes = [
            Route("/webhooks/ghl", _signed(self._limited(self.webhook)), methods=["POST"]),
            Route("/healthz", _signed(self.health), methods=["GET"]),
        ]
        self.app = Starlette(routes=routes, exception_handlers={404: _refuse, 405: _refuse})

    async def health(self, _request: Request) -> Response:
        """200 when the graph is compiled, the pool has been up and no stop was asked for. Asks nobody remote."""
        if self._faults.current().health and (kind := self._faults.hits("5xx", "slow", "hang")):
            await self._delay(kind)
            if kind != "slow":
                return _answer(500, {"status": "fault"})
        if self.stopping:
            return _answer(503, {"status": "stopping"})
        ready = self.agents is not None and self._store.ever_connected
        return _answer(200 if ready else 503, {"status": "ok" if ready else "starting"})

    async def webhook(self, request: Request) -> Response:
        """2xx means: the message is in the table (or was already there), or the probe's check held."""
        if not self._authentic(request.headers.get("x-webhook-secret", "")):
            return _answer(401, {"error": "x-webhook-secret is missing or wrong"})
        fault = self._faults.hits("5xx", "slow", "sluggish", "hang")
        if fault in ("5xx", "hang"):
            await self._delay(fault)
            return _answer(500, {"error": "rehearsed fault"})
        if self._settings.work:
            await asyncio.sleep(self._settings.work)
        probe = request.headers.get("x-cutover-synthetic")
        try:
            message = await self._read(request, PROBE if probe else b"")
        except PayloadError as error:
            return _answer(400, {"error": str(error)})
        response = await (self._probe(message, probe[:64]) if probe else self._accept(message))
        if fault:
            await self._delay(fault)
        return response

    async def _accept(self, message: Message) -> Response:
        try:
            row = await self._store.accept(message)
        except DATABASE_ERRORS as error:
            self._events.write("accept_error", error=type(error).__name__)
            return _answer(503, {"error": "the message could not be stored"})
        if row and self.worker:
            self.worker.wake()
        return _answer(200, {"accepted": True, "duplicate": row is None, "id": row})

    async def _probe(self, message: Message, probe: str) -> Response:
        """Everything a message goes through, leaving no row: the accepting INSERT rolled back, the graph, the events."""
        started = time.monotonic()
        if self.agents is None:
            return _answer(503, {"error": "starting"})
        unique = f"probe:{uuid4()}"
        probed = Message(message.location_id, message.contact_id, unique, message.body, message.type)
        try:
            await self._store.try_accept(probed)
        except DATABASE_ERRORS as error:
            self._events.message_processed(probe, "failed", _since(started), True)
            return _answer(503, {"error": f"the message could not be stored: {type(error).__name__}"})
        fault = self._faults.hits("routing", "booking")
        result = await self.agents.run(message.body, thread_id=unique, run_id=str(uuid4()), fault=fault)
        self.agents.forget(unique)
        report(self._events, probe, result, _since(started), True)
        return _answer(200, {"accepted": True, "synthetic": True, "agent": result.agent, "routing": result.routing})

    async def _read(self, request: Request, default: bytes) -> Message:
        body = await request.body() or default
        if len(body) > MAX_BODY:
            raise PayloadError(f"expected at most {MAX_BODY} bytes")
        try:
            raw = json.loads(body)
        except ValueError:
            raise PayloadError("expected a JSON object") from None
        return parse(
            raw,
            contact_header=request.headers.get("x-contact-id"),
            default_location=self._settings.location_id,
            now=self._settings.clock.now(),
            key_header=request.headers.get("x-cutover-message-key"),
        )

    def _authentic(self, given: str) -> bool:
        # Digests: equal length whatever was sent, so that the comparison's time tells nothing; no early end either.
        digest = _digest(given)
        return any([hmac.compare_digest(digest, secret) for secret in self._secrets])

    def _limited(self, handler: Handler) -> Handler:
        async def limited(request: Request) -> Response:
            limit = self._settings.max_concurrent
            if limit is not None and self._busy >= limit:
                return _answer(503, {"error": "at capacity"})
            self._busy += 1
            try:
                return await handler(request)
            finally:
                self._busy -= 1

        return limited

    async def _delay(self, fault: str) -> None:
        if fault == "hang":
            await self._faults.hang()
        elif fault == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        elif fault == "sluggish":
            await asyncio.sleep(SLUGGISH_SECONDS)


def _signed(handler: Handler) -> Handler:
    async def signed(request: Request) -> Response:
        try:
            return await handler(request)
        except asyncio.CancelledError:  # the stop's deadline: the sender should hear it
            return _answer(503, {"error": "stopping"})
        except Exception as error:  # the answer must still say who gave it
            return _answer(500, {"error": type(error).__name__})

    return signed


async def _refuse(_request: Request, error: Exception) -> Response:
    return _answer(getattr(error, "status_code", 500), {"error": "not here: POST /webhooks/ghl or GET /healthz"})


def _answer(status: int, body: dict[str, object]) -> Response:
    return JSONResponse({"engine": ENGINE, **body}, status_code=status, headers={"x-served-by": ENGINE})


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf8", "surrogateescape")).digest()


def _since(started: float) -> float:
    return (time.monotonic() - started) * 1000
