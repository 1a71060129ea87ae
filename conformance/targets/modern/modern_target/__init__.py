"""What sets up and supervises the application on today's Django and Channels."""
