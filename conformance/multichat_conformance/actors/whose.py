"""
Whose business a frame is: the story's, or that of others who use the same server.

Other people may be in the rooms, and a server may speak on its own account: it may put a
connection into a room unasked (MC1-MEMB-04), and send messages of further types (MC1-TYPE-03).
None of that may fail a story that is about something else, so it is set aside, and the report
says that it was. Whatever carries a text of the story is the story's, whoever it claims to be of.
"""

from collections.abc import Mapping
from typing import Any, Final

from multichat_conformance.actors.backdrop import FREE_ROOM, Backdrop
from multichat_conformance.patterns import ENTER, LEAVE, MESSAGE
from multichat_conformance.transcript import shorten

__all__ = ["is_the_storys"]

_MOST_NAMES: Final = 1_000
"""Strangers whose names are remembered."""

_LONGEST_NAME: Final = 40


def is_the_storys(frame: Mapping[str, Any], backdrop: Backdrop) -> bool:
    """
    Return whether a frame is the story's business, and take note of it if it is not.

    Args:
        frame: A valid frame of the target.
        backdrop: What the story's actors share.

    """
    if "error" in frame:
        return True
    if "msg_type" not in frame:
        return _is_of_a_known_room(frame, backdrop)
    text = str(frame["message"])
    if backdrop.mark in text:
        return True
    if frame["msg_type"] not in (MESSAGE, ENTER, LEAVE):
        if text in backdrop.said:
            return True
        backdrop.set_aside(f"messages of type {frame['msg_type']} that no story asked for")
        return False
    if frame["room"] in backdrop.unasked_rooms:
        return False
    if frame["username"] in backdrop.usernames or frame["room"] in backdrop.made_rooms:
        return True
    name = str(frame["username"])
    if len(backdrop.strangers) < _MOST_NAMES:
        backdrop.strangers.add(name)
    backdrop.set_aside(f"what {shorten(name, _LONGEST_NAME)!r} did, who is not of the suite")
    return False


def _is_of_a_known_room(frame: Mapping[str, Any], backdrop: Backdrop) -> bool:
    room = frame.get("join", frame.get("leave"))
    known = {FREE_ROOM, backdrop.fence_room, *backdrop.story_rooms, *backdrop.asked_rooms}
    if room in known or any(room == one.id for one in backdrop.target.rooms):
        return True
    backdrop.unasked_rooms.add(str(room))
    backdrop.set_aside(
        f"memberships of room {shorten(str(room), _LONGEST_NAME)} that began unasked"
    )
    return False
