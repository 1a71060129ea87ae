"""
What can end a story before its end.

::

    StoryEnded
    ├── Violation     the target broke a clause
    ├── NotTested     something is missing, or the target is gone
    └── HarnessError  the suite or a hook went wrong; nothing is said of the target
"""

from multichat_conformance.events import Finding

__all__ = ["HarnessError", "NotTested", "StoryEnded", "TargetGone", "Violation"]


class StoryEnded(Exception):
    """A story cannot go on."""


class Violation(StoryEnded):
    """
    The target broke a clause.

    Attributes:
        finding: What was wrong.
        hopeless: Whether nothing at all can be tested with a target that does this: it lets
            nobody in, does not answer, or floods.

    """

    def __init__(self, finding: Finding, *, hopeless: bool = False) -> None:
        super().__init__(finding.summary)
        self.finding = finding
        self.hopeless = hopeless


class NotTested(StoryEnded):
    """The story needs something that is not there; the text says what and how to get it."""


class TargetGone(StoryEnded):
    """The target takes no connections any more; the text says what was seen."""


class HarnessError(StoryEnded):
    """A hook failed or the suite cannot do its part; the text says what to look at."""
