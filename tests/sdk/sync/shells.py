"""The asyncio shell and the sync shell, for tests of what both make of the network."""

import asyncio
from collections.abc import Callable
from typing import Any

import multichat_proto.asyncio
import multichat_proto.sync
from multichat_proto import ChatEvent, Options

Visit = Callable[..., list[ChatEvent]]

ONCE = Options(reconnect=False)
"""The first failure is the last."""


def visit_asyncio(
    url: str, until: type[ChatEvent] | None = None, **arguments: Any
) -> list[ChatEvent]:
    """Connect; wait for an event of this class, if one is named; return what there was."""

    async def visit() -> list[ChatEvent]:
        found: list[ChatEvent] = []
        async with multichat_proto.asyncio.connect(url, **arguments) as chat:
            while until is not None and not (found and isinstance(found[-1], until)):
                found.append(await chat.__aiter__().next())
        return found

    return asyncio.run(visit())


def visit_sync(url: str, until: type[ChatEvent] | None = None, **arguments: Any) -> list[ChatEvent]:
    """Connect; wait for an event of this class, if one is named; return what there was."""
    found: list[ChatEvent] = []
    with multichat_proto.sync.connect(url, **arguments) as chat:
        while until is not None and not (found and isinstance(found[-1], until)):
            found.append(iter(chat).next(timeout=10))
    return found


SHELLS: dict[str, Visit] = {"asyncio": visit_asyncio, "sync": visit_sync}
