import unittest
from datetime import UTC, datetime

from langgraph_service.payload import Message, PayloadError, parse

NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


def read(raw: object, header: str | None = None, now: datetime = NOON) -> Message:
    return parse(raw, contact_header=header, default_location="loc", now=now)


class PayloadTest(unittest.TestCase):
    def test_reads_the_workflow_step_and_the_app_event(self) -> None:
        event = {"contactId": "c", "locationId": "l", "messageId": "m", "body": "hi", "messageType": "SMS"}
        step = {
            "contact_id": "c",
            "location": {"id": "l"},
            "customData": {"messageId": "m"},
            "message": {"type": 2, "body": "hi"},
        }
        self.assertEqual(read(event), Message("l", "c", "m", "hi", "SMS"))
        self.assertEqual(read(step), read(event))

    def test_falls_back_to_the_header_and_the_own_location(self) -> None:
        message = read({"body": "hi", "messageId": 7}, header="c9")
        self.assertEqual((message.contact_id, message.location_id, message.key), ("c9", "loc", "7"))
        self.assertEqual(message.thread_id, "ghl:loc:c9")

    def test_makes_a_key_that_a_redelivery_shares(self) -> None:
        first = read({"contactId": "c", "body": "hi"})
        self.assertEqual(first.key, read({"contactId": "c", "body": "hi"}, now=NOON.replace(second=59)).key)
        others = (
            read({"contactId": "c", "body": "ho"}),
            read({"contactId": "d", "body": "hi"}),
            read({"contactId": "c", "body": "hi"}, now=NOON.replace(minute=1)),
        )
        self.assertEqual(len({first.key, *(other.key for other in others)}), 4)
        self.assertLessEqual(len(first.key), 64)

    def test_shortens_an_id_that_does_not_fit_without_confusing_two(self) -> None:
        one, two = (read({"contactId": "c", "messageId": "x" * 80 + end}) for end in "ab")
        self.assertLessEqual(len(one.key), 64)
        self.assertNotEqual(one.key, two.key)

    def test_drops_what_postgres_text_can_not_hold(self) -> None:
        self.assertEqual(read({"contactId": "c", "body": "a\0b\ud800c"}).body, "ab?c")

    def test_refuses_what_is_no_message(self) -> None:
        for raw in ([], "text", {"body": "hi"}, {"contactId": "c" * 65}, {"contactId": True}):
            with self.subTest(raw), self.assertRaises(PayloadError):
                read(raw)
