"""``manage.py announce ROOM TYPE TEXT``: a message that no command can send."""

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from chat.models import Room


class Command(BaseCommand):
    """Send to a room from the server's side."""

    help = "Sends TEXT to the members of ROOM with msg_type TYPE (1 warning, 2 alert, 3 muted)."

    def add_arguments(self, parser):
        """Take room, type, text and who it is from."""
        parser.add_argument("room", type=int)
        parser.add_argument("msg_type", type=int)
        parser.add_argument("text")
        parser.add_argument("--username", default="admin")

    def handle(self, *_, **options):
        """Send it once."""
        user = User.objects.get(username=options["username"])
        room = Room.objects.get(pk=options["room"])
        room.send_message(options["text"], user, options["msg_type"])
