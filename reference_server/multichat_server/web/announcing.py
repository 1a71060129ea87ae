"""Announcements, for the admin's page and for the API alike."""

from multichat_server.storage import Actor, RoomRecord
from multichat_server.web.site import Site

__all__ = ["announce"]


async def announce(site: Site, room: RoomRecord, msg_type: int, text: str, *, by: Actor) -> int:
    """
    Say something to everybody in a room (MC1-TYPE-03), in somebody's name; it is in the audit log.

    Returns:
        How many members it has reached.

    Raises:
        StoreUnavailable: It could not be noted, and was therefore not said.

    """
    await site.store.audit.record(
        "room.announce",
        by=by,
        subject=room.title,
        subject_id=room.id,
        details={"msg_type": msg_type, "message": text},
    )
    return site.chat.announce(room.id, msg_type, text, by.name)
