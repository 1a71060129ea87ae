"""What the shells for Trio and asyncio share: all but how a task waits."""

from multichat_proto.async_shell.chat import Chat, Room
from multichat_proto.async_shell.events import Events
from multichat_proto.async_shell.library import AsyncLibrary

__all__ = ["AsyncLibrary", "Chat", "Events", "Room"]
