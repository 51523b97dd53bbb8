"""What GoHighLevel sends, as one type: the workflow step's custom data and the marketplace app's event."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

MAX_ID = 64


class PayloadError(Exception):
    """The request is not a message. Its text is the answer; it repeats no content."""


@dataclass(frozen=True)
class Message:
    """A message as it goes into message_queue."""

    location_id: str
    contact_id: str
    #: De-duplication key, at most 64 characters: the sender's message id, else a hash (see `deduplication_key`).
    key: str
    body: str
    type: str

    @property
    def thread_id(self) -> str:
        """The conversation: the same contact always has the same thread, in every task."""
        return f"ghl:{self.location_id}:{self.contact_id}"


def parse(
    raw: object, *, contact_header: str | None, default_location: str, now: datetime, key_header: str | None = None
) -> Message:
    """Reads a payload; fields are looked for at the top, in `customData` and in `message`. Raises PayloadError.

    `key_header` is x-cutover-message-key: the key of a message without an id that waited in the inbox since its minute.
    """
    if not isinstance(raw, Mapping):
        raise PayloadError("expected a JSON object")
    contact = _find(raw, "contactId", "contact_id") or (contact_header or "").strip()
    location = _find(raw, "locationId", "location_id") or _nested_id(raw.get("location")) or default_location
    for name, value in (("contactId", contact), ("locationId", location)):
        if not 0 < len(value) <= MAX_ID:
            raise PayloadError(f"expected {name} with 1 to {MAX_ID} characters")
    body = _find(raw, "body", "messageBody", "message_body")
    kind = _find(raw, "messageType", "message_type") or "SMS"
    given = _find(raw, "messageId", "message_id", "ghlMessageId") or (key_header or "")[:MAX_ID]
    return Message(location, contact, deduplication_key(given, contact, body, now), body, kind[:20])


def deduplication_key(message_id: str, contact: str, body: str, now: datetime) -> str:
    """The sender's message id; without one, contact + text + minute of arrival, so that a redelivery is one message."""
    if 0 < len(message_id) <= MAX_ID:
        return message_id
    seed = message_id or f"{contact}\n{body}\n{now:%Y-%m-%dT%H:%M}"
    return "h:" + hashlib.sha256(seed.encode()).hexdigest()[: MAX_ID - 2]


def _find(raw: Mapping[object, object], *names: str) -> str:
    places: list[object] = [raw, raw.get("customData"), raw.get("message")]
    for place in places:
        if isinstance(place, Mapping):
            for name in names:
                value = place.get(name)
                if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
                    return _storable(str(value))
    return ""


def _nested_id(value: object) -> str:
    found = value.get("id") if isinstance(value, Mapping) else None
    return _storable(found) if isinstance(found, str) else ""


def _storable(text: str) -> str:
    """Without what a Postgres text can't hold: the zero character and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf8", "replace").decode("utf8")
