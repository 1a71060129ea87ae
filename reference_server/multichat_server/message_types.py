"""
Of which types announcements can be: those of v1, and those that the deployment adds.

Clients show a type that they do not know plainly or not at all (MC1-TYPE-04).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from multichat_proto.messages import MsgType

__all__ = ["AnnouncementType", "announcement_types"]

# MC1-TYPE-03: neither what a person says nor who comes and goes.
_OF_V1: Final = (MsgType.WARNING, MsgType.ALERT, MsgType.MUTED)


class AnnouncementType(NamedTuple):
    """
    A type of message that the server sends of its own accord.

    Attributes:
        number: The ``msg_type`` on the wire.
        name: What staff and pages call it.

    """

    number: int
    name: str


def announcement_types(further: Sequence[str]) -> tuple[AnnouncementType, ...]:
    """
    Return the types of announcements that a deployment has, by number.

    Args:
        further: The setting ``message_types``.

    """
    own = (each.partition(":") for each in further)
    return (
        *(AnnouncementType(each.value, each.name.lower()) for each in _OF_V1),
        *sorted(AnnouncementType(int(number), name) for number, _, name in own),
    )
