"""
The errors of bots, a branch of the tree in :mod:`multichat_proto.exceptions`.

::

    MultichatError
    └── BotError
        ├── HandlerInvalid      what was decorated cannot be what it was decorated as
        ├── HandlerTimeout      a handler took too long and was cancelled
        ├── HandlerCancelled    a handler was cancelled, and nobody had cancelled it
        └── UsageError          a command was given words that it does not take
"""

from multichat_proto.exceptions import Fault, MultichatError

__all__ = ["BotError", "HandlerCancelled", "HandlerInvalid", "HandlerTimeout", "UsageError"]


class BotError(MultichatError):
    """The root of a bot's own errors."""

    fault = Fault.USER


class HandlerInvalid(BotError, TypeError):
    """What was decorated cannot be registered; raised by the decorator, at import."""


class HandlerTimeout(BotError, TimeoutError):
    """
    A handler, hook or scheduled function took too long and was cancelled.

    Attributes:
        handler: Its name.
        seconds: How long it was allowed to take.

    """

    def __init__(self, handler: str, seconds: float) -> None:
        super().__init__(f"{handler} took longer than {seconds:g} seconds and was cancelled")
        self.handler = handler
        self.seconds = seconds

    def __reduce__(self) -> tuple[type["HandlerTimeout"], tuple[str, float]]:
        return type(self), (self.handler, self.seconds)


class HandlerCancelled(BotError):
    """A handler ended with a cancellation that nobody asked for: something it waited for did."""


class UsageError(BotError, ValueError):
    """
    A command was given words that it does not take; the room is told, with the usage.

    A command's function may raise it, too: ``raise UsageError("a die has at least two sides")``.
    """
