"""Chat rooms over one WebSocket, as one writes them with today's Channels."""
