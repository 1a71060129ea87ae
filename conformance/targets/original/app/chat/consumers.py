"""
The consumers: what happens when a socket opens, speaks and closes, and for each command.

``channel_session`` is a Django session of the socket itself. It holds the log-in, copied
when the socket opens, and under ``rooms`` the ids of the rooms that the socket is in.
Nothing here catches malformed input. What it raises is logged by the worker, the socket
stays open and is told nothing: that is the recorded behaviour.
"""

import json

from channels import Channel, Group
from channels.auth import channel_session_user, channel_session_user_from_http

from .commands import Refused, answers_refusals, find_room, reply
from .models import ENTER, LEAVE


@channel_session_user_from_http
def ws_connect(message):
    """Start a socket in no room."""
    message.channel_session["rooms"] = []


def ws_receive(message):
    """Decode a frame and pass it on as a command."""
    command = json.loads(message["text"])
    command["reply_channel"] = message.content["reply_channel"]
    Channel("chat.receive").send(command)


@channel_session_user
def ws_disconnect(message):
    """Take a closed socket out of its rooms; the others are told nothing."""
    for room_id in message.channel_session.get("rooms", []):
        Group("room-%d" % room_id).discard(message.reply_channel)


@channel_session_user
@answers_refusals
def chat_join(message):
    """Announce the user, add the socket, answer: in this order."""
    room = find_room(message)
    room.send_notice(message.user, ENTER)
    room.members.add(message.reply_channel)
    joined = set(message.channel_session["rooms"])
    message.channel_session["rooms"] = sorted(joined | {room.id})
    reply(message, join=str(room.id), title=room.title)


@channel_session_user
@answers_refusals
def chat_leave(message):
    """Announce, the leaver included; then remove the socket and answer."""
    room = find_room(message)
    room.send_notice(message.user, LEAVE)
    room.members.discard(message.reply_channel)
    joined = set(message.channel_session["rooms"])
    message.channel_session["rooms"] = sorted(joined - {room.id})
    reply(message, leave=str(room.id))


@channel_session_user
@answers_refusals
def chat_send(message):
    """Pass a message on to the room; membership is looked at before all else."""
    if int(message["room"]) not in message.channel_session["rooms"]:
        raise Refused("ROOM_ACCESS_DENIED")
    room = find_room(message)
    room.send_message(message["message"], message.user)
