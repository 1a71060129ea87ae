"""Commands for ``manage.py``, one a module."""
