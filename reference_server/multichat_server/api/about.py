"""What a program must know before it asks for anything else: who it is, and what is here."""

from importlib.metadata import version

from multichat_proto.handshake import STREAM_PATH, SUBPROTOCOL
from multichat_server.api.models import Me, MessageType, Server, ServerLimits
from multichat_server.api.operation import Call, Who, operation
from multichat_server.message_types import announcement_types

__all__ = ["get_me", "get_server"]


@operation("GET", "/me", who=Who.USERS)
async def get_me(call: Call) -> Me:
    """Get who one is here."""
    caller = call.known
    user = caller.user
    return Me(str(user.id), user.username, user.is_staff, caller.authenticated_by)


@operation("GET", "/server", who=Who.EVERYBODY)
async def get_server(call: Call) -> Server:
    """Get what one must know to chat here."""
    settings = call.site.settings
    return Server(
        name="multichat",
        version=version("multichat"),
        stream=STREAM_PATH,
        subprotocols=[SUBPROTOCOL],
        limits=ServerLimits(
            **{name: getattr(settings, name) for name in ServerLimits.__struct_fields__}
        ),
        message_types=[
            MessageType(each.number, each.name)
            for each in announcement_types(settings.message_types)
        ],
    )
