"""Structured log events on standard output, one JSON object a line (docs/app-contract.md, "Log events")."""

import json
import logging
import sys
from typing import Literal

from . import ENGINE
from .clock import Clock


class Events:
    """Writes events. No message text, contact or secret ever goes into one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def write(self, event: str, **fields: object) -> None:
        """One line; `time` is recorded (rehearsal) time."""
        time = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"event": event, "engine": ENGINE, "time": time, **fields}
        sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
        sys.stdout.flush()

    def message_processed(
        self, message_id: str, outcome: Literal["completed", "failed"], latency_ms: float, synthetic: bool
    ) -> None:
        """A message reached its end; latency in real ms from its acceptance."""
        self.write(
            "message_processed",
            messageId=message_id,
            outcome=outcome,
            latencyMs=round(max(0.0, latency_ms), 1),
            synthetic=synthetic,
        )

    def agent_routed(self, message_id: str, agent: str, outcome: Literal["ok", "failed"], synthetic: bool) -> None:
        self.write("agent_routed", messageId=message_id, agent=agent, outcome=outcome, synthetic=synthetic)

    def appointment_booking(
        self, message_id: str, outcome: Literal["booked", "declined", "failed"], synthetic: bool
    ) -> None:
        self.write("appointment_booking", messageId=message_id, outcome=outcome, synthetic=synthetic)


class LogEvents(logging.Handler):
    """Packages' own log records (uvicorn, psycopg) as events, so that every line stays JSON."""

    def __init__(self, events: Events) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        message = record.getMessage().splitlines()[0][:300]
        self._events.write("log", level=record.levelname, logger=record.name, message=message, error=error)
