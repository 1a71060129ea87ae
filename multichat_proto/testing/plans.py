"""What is to happen to somebody's next command, instead of what v1 says."""

from collections import deque
from typing import Final, Literal

import msgspec

from multichat_proto.messages import Command, Join, Leave, Send

__all__ = ["Plan", "Plans", "Verb"]

Verb = Literal["join", "leave", "send"]

_VERBS: Final[dict[type[Command], Verb]] = {Join: "join", Leave: "leave", Send: "send"}


class Plan(msgspec.Struct, frozen=True, eq=False):
    """
    What happens to one command.

    Attributes:
        what: ``refuse`` answers with :attr:`code`, ``ignore`` does nothing, ``tear`` ends the
            connection before the command is carried out, ``cut`` after it.
        verb: Which command it is for; ``None`` is for any frame.
        code: The error code.

    """

    what: Literal["refuse", "ignore", "tear", "cut"]
    verb: Verb | None = None
    code: str = ""


class Plans:
    """The plans for everybody, each used once, oldest first."""

    def __init__(self) -> None:
        self._plans: dict[str | None, deque[Plan]] = {}

    def add(self, username: str, plan: Plan) -> None:
        """Keep a plan for this user's next command of its kind."""
        self._plans.setdefault(username, deque()).append(plan)

    def take(self, username: str | None, command: Command | None) -> Plan | None:
        """Return, and forget, the plan for this command; ``None`` stands for what is none."""
        verb = None if command is None else _VERBS[type(command)]
        plans = self._plans.get(username, deque())
        for plan in plans:
            if plan.verb in (None, verb):
                plans.remove(plan)
                return plan
        return None
