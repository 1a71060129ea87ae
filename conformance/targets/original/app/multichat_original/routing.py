"""
Which consumer handles which channel.

Two steps: what a socket sends arrives on ``websocket.receive`` and is put, decoded, on
``chat.receive``, where the value of ``command`` picks the consumer. The order of the two
groups is part of the recorded behaviour: a command with a ``path`` member is first tried
against the socket's path, so one that is no string ends the worker there.
"""

from channels import include, route

socket_routing = [
    route("websocket.connect", "chat.consumers.ws_connect"),
    route("websocket.receive", "chat.consumers.ws_receive"),
    route("websocket.disconnect", "chat.consumers.ws_disconnect"),
]
command_routing = [
    route("chat.receive", "chat.consumers.chat_join", command=r"^join$"),
    route("chat.receive", "chat.consumers.chat_leave", command=r"^leave$"),
    route("chat.receive", "chat.consumers.chat_send", command=r"^send$"),
]
channel_routing = [include(socket_routing, path=r"^/chat/stream"), include(command_routing)]
