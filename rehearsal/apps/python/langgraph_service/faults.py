"""The rehearsal's fault switch: a JSON file read again whenever it changes. Absent, or not named: no fault."""

import asyncio
import json
import os
import random
from dataclasses import dataclass

#: Real seconds a "slow" request or message takes longer: above the plan's trigger (3 s), below the sender's limit (10 s).
SLOW_SECONDS = 4.0
#: A "sluggish" answer takes so many real seconds longer: above the success criterion (2 s), below trigger and probe limit (3 s).
SLUGGISH_SECONDS = 2.2
#: A "hang" ends with the fault, or after so many real seconds.
HANG_SECONDS = 60.0


@dataclass(frozen=True)
class Fault:
    """One of none, 5xx, slow, sluggish, hang, routing, booking, for a share (0 to 1) of the requests or messages."""

    kind: str = "none"
    share: float = 0.0
    #: The health path shows it, too.
    health: bool = False


class Faults:
    """Reads the switch. The draw for `share` has a fixed seed a process, so a run can be repeated."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._fault = Fault()
        self._random = random.Random(20_260_101)

    def current(self) -> Fault:
        """The fault as the file says now."""
        if self._path is None:
            return self._fault
        try:
            status = os.stat(self._path)
        except OSError:
            self._stamp, self._fault = None, Fault()
            return self._fault
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            try:
                with open(self._path, encoding="utf8") as file:
                    raw = json.load(file)
                self._fault = Fault(str(raw["kind"]), float(raw.get("share", 1)), bool(raw.get("health", False)))
                self._stamp = stamp
            except (OSError, ValueError, KeyError, TypeError):
                pass  # being written just now: keep the last one, look again at the next request
        return self._fault

    def hits(self, *kinds: str) -> str | None:
        """The kind, when one of these faults is on and the draw falls into its share."""
        fault = self.current()
        if fault.kind in kinds and self._random.random() < fault.share:
            return fault.kind
        return None

    async def hang(self) -> None:
        """Returns when the hang is switched off, at the latest after HANG_SECONDS."""
        for _ in range(int(HANG_SECONDS / 0.25)):
            if self.current().kind != "hang":
                return
            await asyncio.sleep(0.25)
