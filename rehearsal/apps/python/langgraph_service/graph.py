"""The agents: a LangGraph graph of route -> answer | book. Keywords stand for the model; nothing is called."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal, TypedDict
from uuid import UUID

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

KEYWORDS: dict[str, tuple[str, ...]] = {
    "booking": ("book", "appointment", "schedule", "calendar", "meeting"),
    "sales": ("price", "cost", "quote", "buy", "discount", "offer"),
    "support": ("help", "problem", "broken", "invoice", "refund", "cancel"),
}
AGENTS = tuple(KEYWORDS)
DEFAULT_AGENT = "support"
#: Threads kept in this process; the oldest is forgotten first.
MAX_THREADS = 2000


class State(TypedDict, total=False):
    """Lives per thread (contact) in the checkpointer; `agent` and `turn` carry over from message to message."""

    body: str
    fault: str
    agent: str
    turn: int
    routing: Literal["ok", "failed"]
    booking: Literal["booked", "declined", "failed", "none"]
    reply: str


@dataclass(frozen=True)
class Result:
    """What one run decided."""

    agent: str
    turn: int
    routing: Literal["ok", "failed"]
    booking: Literal["booked", "declined", "failed", "none"]
    reply: str

    @property
    def lead_qualified(self) -> bool | None:
        """Only the sales agent qualifies a lead."""
        return True if self.agent == "sales" else None


def pick_agent(body: str, last: str | None) -> str:
    """The agent whose keyword comes first in the text; without any, the conversation stays with its last agent."""
    text = body.lower()
    hits = [(text.find(word), agent) for agent, words in KEYWORDS.items() for word in words if word in text]
    return min(hits)[1] if hits else last or DEFAULT_AGENT


async def _route(state: State) -> State:
    agent = pick_agent(state["body"], state.get("agent"))
    failed = state.get("fault") == "routing"
    if failed:
        agent = AGENTS[(AGENTS.index(agent) + 1) % len(AGENTS)]
    return {"agent": agent, "turn": state.get("turn", 0) + 1, "routing": "failed" if failed else "ok"}


async def _answer(state: State) -> State:
    return {"booking": "none", "reply": f"The {state['agent']} team is on it."}


async def _book(state: State) -> State:
    if state.get("fault") == "booking":
        return {"booking": "failed", "reply": "We could not reach the calendar; a colleague will call you."}
    if "not " in state["body"].lower():
        return {"booking": "declined", "reply": "All right, no appointment was made."}
    return {"booking": "booked", "reply": "Your appointment is booked."}


async def _next(state: State) -> Literal["book", "answer"]:
    return "book" if state["agent"] == "booking" else "answer"


class Agents:
    """The compiled graph with its checkpointer, keyed by thread id.

    The checkpointer lives in this process: with several tasks, or after a restart, a thread starts afresh. In production
    it would be langgraph-checkpoint-postgres on a direct or session-pooler connection.
    """

    def __init__(self, max_threads: int = MAX_THREADS) -> None:
        graph = StateGraph(State)
        graph.add_node("route", _route)
        graph.add_node("answer", _answer)
        graph.add_node("book", _book)
        graph.add_edge(START, "route")
        graph.add_conditional_edges("route", _next, {"answer": "answer", "book": "book"})
        graph.add_edge("answer", END)
        graph.add_edge("book", END)
        self._saver = InMemorySaver()
        self._graph = graph.compile(checkpointer=self._saver)
        self._threads: OrderedDict[str, asyncio.Lock] = OrderedDict()
        self._max_threads = max_threads

    async def run(self, body: str, *, thread_id: str, run_id: str, fault: str | None = None) -> Result:
        """Runs one message through the graph on its thread."""
        config: Any = {"configurable": {"thread_id": thread_id}, "run_id": UUID(run_id)}
        async with self._lock(thread_id):  # two messages of one contact: one after the other
            # "exit": one checkpoint a run. What must survive a crash is the row; it is simply run again.
            state = await self._graph.ainvoke({"body": body, "fault": fault or ""}, config, durability="exit")
        return Result(state["agent"], state["turn"], state["routing"], state["booking"], state["reply"])

    def forget(self, thread_id: str) -> None:
        """Drops a thread's checkpoints."""
        self._threads.pop(thread_id, None)
        self._saver.delete_thread(thread_id)

    def _lock(self, thread_id: str) -> asyncio.Lock:
        lock = self._threads.setdefault(thread_id, asyncio.Lock())
        self._threads.move_to_end(thread_id)
        if len(self._threads) > self._max_threads:
            oldest = next(iter(self._threads))
            if not self._threads[oldest].locked():
                self.forget(oldest)
        return lock
