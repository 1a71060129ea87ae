"""Rooms, and how a message gets to their members."""

import json

from channels import Group
from django.conf import settings
from django.db import models

# The values of msg_type on the wire. Only these three are sent by commands; warning (1),
# alert (2) and muted (3) are for code on the server.
MESSAGE, WARNING, ALERT, MUTED, ENTER, LEAVE = range(6)


class Room(models.Model):
    """A room: its members are the sockets in its group."""

    title = models.CharField(max_length=255)
    staff_only = models.BooleanField(default=False)

    def __str__(self):
        return self.title

    @property
    def members(self):
        """The group of the sockets that are in this room."""
        return Group("room-%d" % self.id)

    def send_message(self, message, user, msg_type=MESSAGE):
        """
        Send something to all members.

        Args:
            message: Any JSON value; None in the notices.
            user: Who it is from.
            msg_type: One of the numbers above.
        """
        frame = {
            "room": str(self.id),
            "message": message,
            "username": user.username,
            "msg_type": msg_type,
        }
        self.members.send({"text": json.dumps(frame)})

    def send_notice(self, user, msg_type):
        """Tell the members that a user enters or leaves, if notices are on."""
        if settings.NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS:
            self.send_message(None, user, msg_type)
