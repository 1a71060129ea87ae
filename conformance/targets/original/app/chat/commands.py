"""What the command consumers share: refusing, replying, finding the room."""

import functools
import json

from .models import Room


class Refused(Exception):
    """A command that is answered with an error code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def reply(message, **frame):
    """Send one frame to the socket that a command came from."""
    message.reply_channel.send({"text": json.dumps(frame)})


def answers_refusals(consumer):
    """Make a consumer answer ``Refused`` with an error frame."""

    @functools.wraps(consumer)
    def inner(message, *args, **kwargs):
        try:
            consumer(message, *args, **kwargs)
        except Refused as refused:
            reply(message, error=refused.code)

    return inner


def find_room(message):
    """
    Return the room that a command names.

    Raises:
        Refused: Not logged in, no such room, or not for this user; in this order.
        KeyError, TypeError, ValueError, OverflowError: ``room`` is missing or no number.
            These are not answered: the worker logs them and goes on, as recorded.
    """
    if not message.user.is_authenticated():
        raise Refused("USER_HAS_TO_LOGIN")
    try:
        room = Room.objects.get(pk=message["room"])
    except Room.DoesNotExist:
        raise Refused("ROOM_INVALID") from None
    if room.staff_only and not message.user.is_staff:
        raise Refused("ROOM_ACCESS_DENIED")
    return room
