"""The ``multichat`` command line."""
