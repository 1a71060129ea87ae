"""Clients of the three shells, which listen and talk while their network falls to pieces."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import trio

import multichat_proto.asyncio
import multichat_proto.sync
import multichat_proto.trio
from multichat_proto import (
    Backoff,
    ChatEvent,
    Cookies,
    DeliveryUnknown,
    NotSent,
    Options,
    RoomMessage,
    ServerUnavailable,
)

__all__ = ["SHELLS", "SPEAKER", "Guest"]

SPEAKER: Final = "carol"
"""Who says what all are to hear."""

_EVERY: Final = 5
"""A guest says something each time that it has heard so many of the speaker's messages."""

_HASTY: Final = Options(
    backoff=Backoff(first=0.05, cap=0.2, long_first=0.05),
    connect_timeout=None,
    open_timeout=2.0,
    answer_timeout=2.0,
    send_timeout=3.0,
    write_timeout=2.0,
    close_timeout=0.5,
    ping_interval=0.5,
    ping_timeout=0.5,
    command_rate=0,
    max_queue=100_000,
)


class Guest:
    """
    One client.

    Args:
        name: Its name here.
        url: The address of the proxy.
        session: Who it is to the server.
        rooms: Where it wants to be.
        ring: Called, by any thread, when it has heard something.

    Attributes:
        events: What its chat's own stream has given.
        outcomes: What came of each text that it said; a text without one was not over.
        left_over: What was still there of tasks when it had ended.

    """

    def __init__(
        self,
        name: str,
        url: str,
        session: Mapping[str, str],
        rooms: list[str],
        ring: Callable[[], None],
    ) -> None:
        self.name = name
        self.arguments: dict[str, Any] = {
            "url": url,
            "credentials": Cookies(session, "alice"),
            "rooms": rooms,
            "options": _HASTY,
        }
        self.events: list[ChatEvent] = []
        self.outcomes: dict[str, str] = {}
        self.left_over: list[str] = []
        self._ring = ring
        self._said = 0

    def hear(self, event: ChatEvent) -> None:
        """Keep an event."""
        self.events.append(event)
        self._ring()

    def answer(self, event: ChatEvent) -> str | None:
        """Return what to say to an event, if anything; always something new."""
        if not isinstance(event, RoomMessage) or event.username != SPEAKER:
            return None
        self._said += 1
        return f"{self.name} {self._said}" if self._said % _EVERY == 0 else None

    # -- On Trio.

    async def on_trio(self, stop: trio.Event) -> None:
        """Be there until ``stop``."""
        async with (
            multichat_proto.trio.connect(**self.arguments) as chat,
            trio.open_nursery() as tasks,
        ):
            tasks.start_soon(self._listen, chat)
            tasks.start_soon(self._talk, chat)
            await stop.wait()
            tasks.cancel_scope.cancel()

    async def _listen(self, chat: Any) -> None:
        async for event in chat:
            self.hear(event)

    async def _talk(self, chat: Any) -> None:
        with chat.subscribe() as events:
            async for event in events:
                text = self.answer(event)
                if text is None:
                    continue
                try:
                    await chat.rooms[event.room].send(text)
                except (NotSent, DeliveryUnknown, ServerUnavailable) as exc:
                    self.outcomes[text] = type(exc).__name__
                else:
                    self.outcomes[text] = "said"

    # -- On asyncio.

    async def on_asyncio(self, stop: threading.Event) -> None:
        """Be there until ``stop``, and see that no task is left."""
        before = asyncio.all_tasks()
        async with multichat_proto.asyncio.connect(**self.arguments) as chat:
            tasks = [asyncio.create_task(self._listen(chat)), asyncio.create_task(self._talk(chat))]
            await asyncio.to_thread(stop.wait)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(result, asyncio.CancelledError), result
        self.left_over = [repr(task) for task in asyncio.all_tasks() - before]

    # -- Without async.

    def on_threads(self, stop: threading.Event) -> None:
        """Be there until ``stop``."""
        with multichat_proto.sync.connect(**self.arguments) as chat:
            threads = [
                threading.Thread(target=function, args=(chat,), name=f"{self.name} {function}")
                for function in (self._listen_in_thread, self._talk_in_thread)
            ]
            for thread in threads:
                thread.start()
            stop.wait()
        for thread in threads:
            thread.join()

    def _listen_in_thread(self, chat: multichat_proto.sync.Chat) -> None:
        for event in chat:
            self.hear(event)

    def _talk_in_thread(self, chat: multichat_proto.sync.Chat) -> None:
        with chat.subscribe() as events:
            for event in events:
                text = self.answer(event)
                if text is None or not isinstance(event, RoomMessage):
                    continue
                try:
                    chat.rooms[event.room].send(text)
                except (NotSent, DeliveryUnknown, ServerUnavailable) as exc:
                    self.outcomes[text] = type(exc).__name__
                else:
                    self.outcomes[text] = "said"


SHELLS: Final = ("trio", "asyncio", "sync")
