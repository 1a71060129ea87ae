"""The conformance suite of the multichat protocol."""
