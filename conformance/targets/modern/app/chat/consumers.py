"""
The consumer: one instance for each socket.

Whatever a socket is told goes through its own channel, the answers to its commands too. So it
gets everything in one order: a message that was sent before a ``leave`` arrives before its
answer, one that was sent after it does not arrive.
"""

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from .models import MessageType, Room


class Refused(Exception):
    """A command that is answered with an error code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """
    A socket.

    Attributes:
        rooms: The rooms that it is in, by id.
        shown: The names of the rooms that the client takes itself to be in: those between a
            *joined* frame and a *left* frame.
    """

    async def connect(self):
        """Accept anybody; who is not logged in is told so by each answer."""
        self.rooms = {}
        self.shown = set()
        await self.accept()

    async def receive_json(self, content):
        """Carry out a command."""
        try:
            match content["command"]:
                case "join":
                    await self.join(content["room"])
                case "leave":
                    await self.leave(content["room"])
                case "send":
                    await self.send_message(content["room"], content["message"])
        except Refused as refused:
            await self.reply(error=refused.code)

    async def disconnect(self, _):
        """Leave all rooms."""
        for room in self.rooms.values():
            await self.channel_layer.group_discard(room.group, self.channel_name)
            await room.asend_notice(self.scope["user"], MessageType.LEAVE)

    async def join(self, room_id):
        """Announce the user, add the socket, answer: in this order."""
        room = await self.find_room(room_id)
        await room.asend_notice(self.scope["user"], MessageType.ENTER)
        await self.channel_layer.group_add(room.group, self.channel_name)
        self.rooms[room.pk] = room
        await self.reply(join=str(room.pk), title=room.title)

    async def leave(self, room_id):
        """Announce, the leaver included; then remove the socket and answer."""
        room = await self.find_room(room_id)
        await room.asend_notice(self.scope["user"], MessageType.LEAVE)
        await self.channel_layer.group_discard(room.group, self.channel_name)
        self.rooms.pop(room.pk, None)
        await self.reply(leave=str(room.pk))

    async def send_message(self, room_id, message):
        """Pass a message on to the room; membership is looked at before all else."""
        if int(room_id) not in self.rooms:
            raise Refused("ROOM_ACCESS_DENIED")
        room = await self.find_room(room_id)
        await room.asend_message(message, self.scope["user"])

    async def find_room(self, room_id):
        """
        Return the room that a command names, having looked again at who the user is.

        Raises:
            Refused: Not logged in, no such room, or not for this user; in this order.
        """
        user = self.scope["user"] = await get_user(self.scope)
        if not user.is_authenticated:
            raise Refused("USER_HAS_TO_LOGIN")
        room = await get_room(room_id)
        if room is None:
            raise Refused("ROOM_INVALID")
        if not room.is_open_to(user):
            raise Refused("ROOM_ACCESS_DENIED")
        return room

    async def reply(self, **frame):
        """Put a frame behind all that is already on its way to this socket."""
        await self.channel_layer.send(self.channel_name, {"type": "chat.frame", "frame": frame})

    async def chat_frame(self, event):
        """Send a frame to the client, unless it is of a room that it is not in."""
        frame = event["frame"]
        if "join" in frame:
            self.shown.add(frame["join"])
        elif "leave" in frame:
            self.shown.discard(frame["leave"])
        elif "room" in frame and frame["room"] not in self.shown:
            return
        await self.send_json(frame)


@database_sync_to_async
def get_room(room_id):
    """Return a room, or ``None`` if there is none of that id."""
    return Room.objects.filter(pk=room_id).first()
