"""
Cells for a notebook, as Jupyter, VS Code and others read them from a Python file.

The shell without async suits a notebook: it keeps connected by threads of its own while no cell
runs, and every call that waits takes a ``timeout``. Where cells may ``await``, the same works
with :mod:`multichat_proto.asyncio`.
"""

# %% Connect. The stack stands for the `with` block that a notebook cannot have.
import os
from contextlib import ExitStack

from multichat_proto import MemberEntered, RoomMessage
from multichat_proto.sync import connect

until_the_end = ExitStack()
chat = until_the_end.enter_context(
    connect(
        os.environ.get("MULTICHAT_URL", "ws://127.0.0.1:8000"),
        credentials=(os.environ["MULTICHAT_USER"], os.environ["MULTICHAT_PASSWORD"]),
    )
)

# %% Look around.
room = chat.join(1)
print(room.title, chat.state)

# %% Say something; what comes back is the message as everybody sees it.
echo = room.send("hello from a notebook")
print(echo.username, "says", echo.text)

# %% Take what has come since the join, until it is quiet.
events = []
stream = iter(room)
try:
    while True:
        events.append(stream.next(timeout=0.5))
except TimeoutError:
    pass
print([event.text for event in events if isinstance(event, RoomMessage)])
print({event.username for event in events if isinstance(event, MemberEntered)})

# %% Go. Without this the notebook stays in the room until its kernel ends.
until_the_end.close()
