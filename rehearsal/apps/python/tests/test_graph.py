import unittest
from uuid import uuid4

from langgraph_service.graph import Agents, Result, pick_agent


class RoutingTest(unittest.TestCase):
    def test_takes_the_first_keyword(self) -> None:
        self.assertEqual(pick_agent("Can I BOOK a meeting about the price?", None), "booking")
        self.assertEqual(pick_agent("What is the price of a booking?", None), "sales")
        self.assertEqual(pick_agent("my invoice is wrong", "sales"), "support")

    def test_stays_with_the_last_agent(self) -> None:
        self.assertEqual(pick_agent("yes please", "sales"), "sales")
        self.assertEqual(pick_agent("yes please", None), "support")


class GraphTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.agents = Agents(max_threads=3)

    async def run_one(self, body: str, thread: str = "t", fault: str | None = None) -> Result:
        return await self.agents.run(body, thread_id=thread, run_id=str(uuid4()), fault=fault)

    async def test_books_or_answers(self) -> None:
        booked = await self.run_one("book me in")
        self.assertEqual((booked.agent, booked.booking, booked.lead_qualified), ("booking", "booked", None))
        self.assertEqual((await self.run_one("do not book")).booking, "declined")
        sold = await self.run_one("price?")
        self.assertEqual((sold.agent, sold.booking, sold.lead_qualified), ("sales", "none", True))

    async def test_keeps_the_conversation_by_thread(self) -> None:
        await self.run_one("price?", "a")
        self.assertEqual((await self.run_one("yes", "a")).agent, "sales")
        self.assertEqual((await self.run_one("yes", "a")).turn, 3)
        self.assertEqual((await self.run_one("yes", "b")).agent, "support")

    async def test_a_fault_does_not_stick_to_the_thread(self) -> None:
        failed = await self.run_one("price?", fault="routing")
        self.assertEqual((failed.agent, failed.routing), ("support", "failed"))
        self.assertEqual((await self.run_one("price?")).routing, "ok")
        self.assertEqual((await self.run_one("book", fault="booking")).booking, "failed")
        self.assertEqual((await self.run_one("book")).booking, "booked")

    async def test_forgets_the_oldest_thread(self) -> None:
        for thread in ("a", "b", "c", "d"):
            await self.run_one("price?", thread)
        self.assertEqual((await self.run_one("yes", "d")).turn, 2)
        self.assertEqual((await self.run_one("yes", "a")).turn, 1)
