"""What a check is given that makes up its stories itself."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from multichat_conformance.catalogue import Check
from multichat_conformance.context import Context
from multichat_conformance.events import Attempt
from multichat_conformance.running.telling import Told, tell_now
from multichat_conformance.stage import Stage
from multichat_conformance.timing import RoundTrips

__all__ = ["Workshop"]


class Workshop:
    """
    Tells stories one after the other, each in a Trio run of its own.

    Args:
        check: In whose name.
        context: What is known of the run.
        attempts: How often a failure that was come down to is to be told.
        round_trips: What waits are made of; None: those of the run.
        recover: Sees that the target is there after a failure, and says whether it is.

    Attributes:
        attempts: What the report shows: the search puts the tellings of the story there that it
            has come down to, when it has found one that fails. Empty if it has found none.
        trouble: What went wrong with the suite or a hook; empty if nothing did.
        not_tested: Why nothing could be tried; empty if something was.
        saved: Where the failing story was written to; None: there is none.
        notes: What the report says of the check.

    """

    def __init__(
        self,
        check: Check,
        context: Context,
        *,
        attempts: int = 3,
        round_trips: RoundTrips | None = None,
        recover: Callable[[], bool] = lambda: True,
    ) -> None:
        self.check = check
        self.context = context
        self.wanted = attempts
        self.recover = recover
        self._round_trips = round_trips or context.round_trips
        self.attempts: list[Attempt] = []
        self.trouble = ""
        self.not_tested = ""
        self.saved: Path | None = None
        self.notes: list[str] = []

    def tell(
        self,
        story: Callable[[Stage], Awaitable[None]],
        *,
        number: int = 1,
        hurry: float | None = None,
    ) -> Told:
        """
        Tell a story once and return what came of it.

        Args:
            story: The story.
            number: Which attempt it is.
            hurry: Seconds of patience at least, where a failure is told again with the whole
                patience before it counts; None: the whole.

        """
        trips = self._round_trips
        if hurry is not None:
            trips = trips.in_a_hurry(hurry)
        return tell_now(self.check, self.context, number=number, story=story, round_trips=trips)
