"""How this application sits in Django, and how it opens SQLite."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


def prepare_sqlite(connection, **_):
    """
    Make a newer SQLite behave as in 2016, and not wait for the disk.

    Since 3.26 a renamed table drags the references to it along, which leaves tables made by
    this Django pointing at names that are gone. The database is thrown away at the end, so
    nothing is lost by leaving the writing to the system; a slow disk was seen to delay the
    answers to join and leave by most of a second.
    """
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA legacy_alter_table = ON")
        cursor.execute("PRAGMA synchronous = OFF")


class ChatConfig(AppConfig):
    """The application ``chat``."""

    name = "chat"

    def ready(self):
        """Set up each connection to the database when it is made."""
        connection_created.connect(prepare_sqlite, dispatch_uid="chat.prepare_sqlite")
