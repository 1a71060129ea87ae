"""Say something and print the answer, without async: `ten_lines.py URL ROOM TEXT`."""

import os
import sys

from multichat_proto import RoomMessage
from multichat_proto.sync import connect

_, url, number, text = sys.argv
account = os.environ["MULTICHAT_USER"], os.environ["MULTICHAT_PASSWORD"]
with connect(url, credentials=account) as chat:
    room = chat.join(number)
    room.send(text)
    answers = (event for event in room if isinstance(event, RoomMessage) and not event.is_own)
    print(next(answers).text)
