"""Rehearsal time for what is recorded (created_at, updated_at, log time). Nothing here changes how long things take."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """`CUTOVER_CLOCK=<originMs>,<factor>`; without it, recorded time is real time and the database's now() is used."""

    origin_ms: float = 0.0
    #: Rehearsal seconds per real second.
    factor: float = 1.0

    @staticmethod
    def from_env(text: str) -> "Clock":
        """Raises ValueError when the text is neither empty nor `<originMs>,<factor>` with a factor of at least 1."""
        if not text:
            return Clock()
        try:
            origin, factor = (float(part) for part in text.split(","))
        except ValueError:
            origin, factor = 0.0, 0.0
        if not 1 <= factor <= 600:
            raise ValueError(f"CUTOVER_CLOCK: found {text!r}, expected <originMs>,<factor from 1 to 600>")
        return Clock(origin, factor)

    @property
    def scaled(self) -> bool:
        return self.origin_ms > 0

    def now(self) -> datetime:
        """The time to record."""
        real_ms = time.time() * 1000
        ms = self.origin_ms + (real_ms - self.origin_ms) * self.factor if self.scaled else real_ms
        return datetime.fromtimestamp(ms / 1000, UTC)

    def parameter(self) -> datetime | None:
        """For SQL `coalesce(%(now)s, now())`: nothing when the database's own clock is to be used."""
        return self.now() if self.scaled else None
