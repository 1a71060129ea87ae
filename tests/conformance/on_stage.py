"""Tell a story to a target without a run around it."""

from collections.abc import Awaitable, Callable

from multichat_conformance.catalogue import Check, Group, Needs
from multichat_conformance.context import Context
from multichat_conformance.running.telling import Told, tell
from multichat_conformance.secrets import Redactor
from multichat_conformance.stage import Stage
from multichat_conformance.target import Target
from multichat_conformance.target.login import Sessions
from multichat_conformance.timing import RoundTrips

__all__ = ["Story", "context_of", "on_stage"]

Story = Callable[[Stage], Awaitable[None]]


def context_of(target: Target, *, patience: float = 5.0) -> Context:
    """Return what is known of a target at first."""
    redactor = Redactor()
    sessions = Sessions(target, redactor, patience=5.0)
    return Context(target, redactor, sessions, RoundTrips(patience), keeps_order=True)


async def on_stage(
    target: Target, story: Story, *, context: Context | None = None, patience: float = 5.0
) -> Told:
    """Tell a story once, in the name of a check about MC1-SEND-02."""
    check = Check(
        area="test",
        name="story",
        title="A story of a test",
        about="",
        clauses=("MC1-SEND-02",),
        group=Group.SAFE,
        needs=Needs(),
        cause="",
        search=False,
        story=story,
    )
    return await tell(check, context or context_of(target, patience=patience))
