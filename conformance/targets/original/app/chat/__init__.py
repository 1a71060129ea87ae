"""Chat rooms over one WebSocket, as the 2016 application has them."""

default_app_config = "chat.apps.ChatConfig"
