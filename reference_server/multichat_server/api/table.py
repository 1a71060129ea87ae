"""Everything that can be asked for, in one table."""

from typing import Final

from msgspec import Raw

from multichat_server.api import about, rooms, users
from multichat_server.api.openapi import described
from multichat_server.api.operation import Call, Operation, Who, operation

__all__ = ["OPERATIONS"]


@operation("GET", "/openapi.json", who=Who.EVERYBODY)
async def get_description(_: Call) -> Raw:
    """Get the description of all of this, in OpenAPI 3.1."""
    return Raw(described(OPERATIONS))


OPERATIONS: Final[tuple[Operation, ...]] = (
    get_description,
    about.get_me,
    about.get_server,
    rooms.list_rooms,
    rooms.add_room,
    rooms.get_room,
    rooms.change_room,
    rooms.delete_room,
    rooms.list_members,
    rooms.put_out,
    rooms.announce,
    users.list_users,
    users.add_user,
    users.get_user,
    users.change_user,
    users.delete_user,
)
