"""What a reader waits for: a class of events, several, or what a function says yes to."""

from collections.abc import Callable
from typing import Any

from multichat_proto.exceptions import LocalProtocolError

__all__ = ["matcher"]


def matcher(what: object) -> Callable[[Any], object]:
    """
    Return the function that tells whether an event is the one.

    Args:
        what: A class, a tuple of classes, or such a function.

    Raises:
        LocalProtocolError: It is none of these.

    """
    given: tuple[object, ...] = what if isinstance(what, tuple) else (what,)
    classes = tuple(each for each in given if isinstance(each, type))
    if classes and len(classes) == len(given):
        return lambda event: isinstance(event, classes)
    if callable(what):
        return what
    raise LocalProtocolError(f"wait for a class, a tuple of classes or a function, not {what!r}")
