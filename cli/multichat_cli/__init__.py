"""The multichat command line."""
