"""An actor without a connection: a test says what it hears, and sees what it sends."""

from collections import deque
from collections.abc import Iterable

from multichat_conformance.actors import Actor, Backdrop
from multichat_conformance.secrets import Redactor
from multichat_conformance.target import Account, Room, Target
from multichat_conformance.timing import RoundTrips
from multichat_conformance.transcript import Transcript

__all__ = ["Puppet", "backdrop"]


def backdrop(*, keeps_order: bool = True, patience: float = 5.0) -> Backdrop:
    """Return what the actors of a story share; alice and bob are of the suite."""
    return Backdrop(
        target=Target("ws://127.0.0.1:9/chat/stream/", rooms=(Room("1"), Room("2"), Room("9"))),
        transcript=Transcript(Redactor(), lambda: 0.0),
        round_trips=RoundTrips(patience),
        clause="MC1-SEND-01",
        mark="mark",
        keeps_order=keeps_order,
        usernames={"alice", "bob"},
        fence_room="9",
    )


class Puppet(Actor):
    """
    An actor that is moved by a test.

    Args:
        answers: What it hears after each message that it sends, in turn.
        shared: What it shares with others; None: a backdrop of its own.
        name: The role, which is the user name, too.
        anonymous: Whether nobody is logged in.

    Attributes:
        sent: The texts that it sent.

    """

    def __init__(
        self,
        *answers: Iterable[str],
        shared: Backdrop | None = None,
        name: str = "alice",
        anonymous: bool = False,
    ) -> None:
        super().__init__(name, None if anonymous else Account(name), shared or backdrop())
        self.sent: list[str] = []
        self._answers = deque(answers)

    async def send_text(self, text: str) -> None:
        self.sent.append(text)
        for answer in self._answers.popleft() if self._answers else ():
            self.heard_text(answer)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        raise AssertionError(f"a puppet has no connection to close with {code} {reason}")

    async def vanish(self) -> None:
        raise AssertionError("a puppet has no connection")
