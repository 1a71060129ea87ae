"""The reference server of the multichat protocol, on Trio."""
