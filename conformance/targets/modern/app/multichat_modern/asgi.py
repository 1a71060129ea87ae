"""What daphne serves: Django's pages, and the chat on one path."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "multichat_modern.settings")

# Sets Django up; what uses models is imported behind it.
pages = get_asgi_application()

from chat.consumers import ChatConsumer
from chat.origin import PageOriginValidator

application = ProtocolTypeRouter(
    {
        "http": ASGIStaticFilesHandler(pages),
        "websocket": PageOriginValidator(
            AuthMiddlewareStack(URLRouter([path("chat/stream/", ChatConsumer.as_asgi())]))
        ),
    }
)
