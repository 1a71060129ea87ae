"""Something that somebody waits for: it succeeds or fails once."""

from collections.abc import Callable
from typing import Generic, TypeVar, cast

from multichat_proto.exceptions import MultichatError

__all__ = ["Operation"]

T = TypeVar("T")


class Operation(Generic[T]):
    """
    What a user asked of the session, and what came of it.

    Attributes:
        is_done: Whether there is a result.
        on_done: Called when there is; look at :attr:`is_done` before setting it. It must do
            no more than wake somebody up.

    """

    __slots__ = ("_error", "_value", "is_done", "on_done")

    def __init__(self) -> None:
        self.is_done = False
        self.on_done: Callable[[], None] | None = None
        self._value: T | None = None
        self._error: MultichatError | None = None

    def result(self) -> T:
        """
        Return what came of it.

        Raises:
            MultichatError: It failed.

        """
        if not self.is_done:
            raise AssertionError("the operation is not done yet")
        if self._error is not None:
            # Raised by each who waits, each with its own traceback.
            raise self._error.with_traceback(None)
        return cast("T", self._value)

    def succeed(self, value: T) -> None:
        """Set the result, for the session; what is done already stays as it is."""
        if not self.is_done:
            self._value = value
            self._finish()

    def fail(self, error: MultichatError) -> None:
        """Set the error, for the session; what is done already stays as it is."""
        if not self.is_done:
            self._error = error
            self._finish()

    def _finish(self) -> None:
        self.is_done = True
        if self.on_done is not None:
            self.on_done()
