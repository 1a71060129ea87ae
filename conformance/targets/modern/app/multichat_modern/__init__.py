"""The Django project: settings, addresses, protocols."""
