"""The Django project: settings, addresses, channels."""
