"""The shells keep the promises of the seams, for type checkers and for whoever runs them."""

from multichat_proto import asyncio as on_asyncio
from multichat_proto import sync
from multichat_proto.asyncio._transport import WebSocketConnector
from multichat_proto.chat import AsyncChat, AsyncRoom
from multichat_proto.sync._transport import WebSocketConnector as SyncWebSocketConnector
from multichat_proto.transport import AsyncConnector, SyncConnector


def test_the_connectors_are_connectors() -> None:
    """The annotations are the test."""
    of_asyncio: AsyncConnector = WebSocketConnector()
    of_threads: SyncConnector = SyncWebSocketConnector()

    names = {type(connector).__name__ for connector in (of_asyncio, of_threads)}
    assert names == {"WebSocketConnector"}


def test_code_for_any_async_chat_takes_one_of_asyncio() -> None:
    def of_any(chat: AsyncChat, room: AsyncRoom) -> tuple[AsyncChat, AsyncRoom]:
        return chat, room

    def of_asyncio(chat: on_asyncio.Chat, room: on_asyncio.Room) -> tuple[AsyncChat, AsyncRoom]:
        return of_any(chat, room)

    assert of_asyncio.__annotations__["chat"] is on_asyncio.Chat


def test_the_shells_have_the_same_names() -> None:
    def names(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert set(on_asyncio.__all__) == set(sync.__all__) - {"Clock"}
    assert names(on_asyncio.Chat) == names(sync.Chat)
    assert names(on_asyncio.Room) == names(sync.Room)
    assert names(on_asyncio.Events) == names(sync.Events)
