"""What a check is given that makes up its stories itself."""

from collections.abc import Awaitable, Callable
from functools import partial

import trio

from multichat_conformance.catalogue import Check
from multichat_conformance.context import Context
from multichat_conformance.events import Attempt
from multichat_conformance.running.telling import Told, tell
from multichat_conformance.stage import Stage

__all__ = ["Workshop"]


class Workshop:
    """
    Tells stories one after the other, each in a Trio run of its own.

    Args:
        check: In whose name.
        context: What is known of the run.

    Attributes:
        attempts: What the report shows: the search puts the tellings of the story there that it
            has come down to, when it has found one that fails. Empty if it has found none.
        trouble: What went wrong with the suite or a hook; empty if nothing did.
        notes: What the report says of the check.

    """

    def __init__(self, check: Check, context: Context) -> None:
        self.check = check
        self.context = context
        self.attempts: list[Attempt] = []
        self.trouble = ""
        self.notes: list[str] = []

    def tell(self, story: Callable[[Stage], Awaitable[None]]) -> Told:
        """Tell a story once and return what came of it."""
        return trio.run(partial(tell, self.check, self.context, story=story))
