"""Environment of the service, read once; all problems are reported together."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from .clock import Clock

#: The plan's appendix, "Environment Variables Migration": seven shared with Node and one new.
REQUIRED = (
    "OPENAI_API_KEY",
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "GHL_API_TOKEN",
    "GHL_LOCATION_ID",
    "GHL_CALENDAR_ID",
    "GHL_ASSIGNED_USER_ID",
    "WEBHOOK_SECRET",
)


class SettingsError(Exception):
    """The environment can't be used. The text names variables, never their values."""


@dataclass(frozen=True)
class Settings:
    """What the service needs to know. Times are real seconds."""

    database_url: str = field(repr=False)
    location_id: str
    #: Accepted values of x-webhook-secret: the current one and, during a rotation, the previous one.
    webhook_secrets: tuple[str, ...] = field(repr=False)
    clock: Clock
    host: str = "127.0.0.1"
    port: int = 8080
    pool_size: int = 4
    #: A row in work whose claim was not renewed for so long is taken over by another task of this engine.
    claim_lease: float = 10.0
    #: How long new requests are still served after SIGTERM, while the load balancer takes the task out.
    linger: float = 0.5
    #: How long requests, and after them messages in work, may take to end after that.
    drain: float = 4.0
    fault_file: str | None = None
    max_concurrent: int | None = None
    #: Emulated service time of one accept, in seconds: makes `max_concurrent` a rate.
    work: float = 0.0

    @staticmethod
    def from_env(env: Mapping[str, str] = os.environ) -> "Settings":
        """Reads and checks the environment; raises SettingsError with every problem found."""
        problems = [f"{name} is not set" for name in REQUIRED if not env.get(name)]
        url = env.get("SUPABASE_URL", "")
        if url and not url.startswith(("postgresql://", "postgres://")):
            problems.append("SUPABASE_URL: expected a postgresql:// URL (the rehearsal emulates no PostgREST)")
        read = _Numbers(env, problems)
        clock = Clock()
        try:
            clock = Clock.from_env(env.get("CUTOVER_CLOCK", ""))
        except ValueError as error:
            problems.append(str(error))
        settings = Settings(
            database_url=url,
            location_id=env.get("GHL_LOCATION_ID", ""),
            webhook_secrets=tuple(
                value for name in ("WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS") if (value := env.get(name))
            ),
            clock=clock,
            host=env.get("HOST") or "127.0.0.1",
            port=int(read.number("PORT", 8080, low=1, high=65535)),
            pool_size=int(read.number("DATABASE_POOL_SIZE", 4, low=2, high=50)),
            claim_lease=read.number("CLAIM_LEASE_SECONDS", 10.0, low=1, high=300),
            linger=read.number("SHUTDOWN_LINGER_SECONDS", 0.5, low=0, high=30),
            drain=read.number("SHUTDOWN_DRAIN_SECONDS", 4.0, low=0.1, high=110),
            fault_file=env.get("REHEARSAL_FAULT_FILE") or None,
            max_concurrent=int(read.number("REHEARSAL_MAX_CONCURRENT", 0, low=0, high=100_000)) or None,
            work=read.number("REHEARSAL_WORK_MS", 0, low=0, high=60_000) / 1000,
        )
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise SettingsError(f"The Python service can't start; in its environment:\n{lines}\nSee docs/app-contract.md.")
        return settings


class _Numbers:
    def __init__(self, env: Mapping[str, str], problems: list[str]) -> None:
        self._env = env
        self._problems = problems

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        text = self._env.get(name)
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            self._problems.append(f"{name}: found {text!r}, expected a number from {low:g} to {high:g}")
            return default
        return value
