"""How this application sits in Django."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """The application ``chat``."""

    name = "chat"
