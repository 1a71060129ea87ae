"""Rooms, and how a message gets to their members."""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import models


class MessageType(models.IntegerChoices):
    """
    The values of ``msg_type`` on the wire.

    Clients send the first one; the next three are for code on the server.
    """

    MESSAGE = 0
    WARNING = 1
    ALERT = 2
    MUTED = 3
    ENTER = 4
    LEAVE = 5


class Room(models.Model):
    """A room: its members are the channels in its group."""

    title = models.CharField(max_length=255)
    staff_only = models.BooleanField(default=False)

    def __str__(self):
        return self.title

    @property
    def group(self):
        """The name of the group of the sockets that are in this room."""
        return f"room-{self.pk}"

    def is_open_to(self, user):
        """Say whether a user may be in this room."""
        return user.is_staff or not self.staff_only

    async def asend_message(self, message, user, msg_type=MessageType.MESSAGE):
        """
        Send something to all members.

        Args:
            message: What is said; ``None`` in the notices.
            user: Who it is from.
            msg_type: One of ``MessageType``.
        """
        frame = {
            "room": str(self.pk),
            "message": message,
            "username": user.username,
            "msg_type": int(msg_type),
        }
        layer = get_channel_layer()
        await layer.group_send(self.group, {"type": "chat.frame", "frame": frame})

    async def asend_notice(self, user, msg_type):
        """Tell the members that a user enters or leaves, if notices are on."""
        if settings.NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS:
            await self.asend_message(None, user, msg_type)

    def send_message(self, *args):
        """Do the same from code that is not asynchronous."""
        async_to_sync(self.asend_message)(*args)
