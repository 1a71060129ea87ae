"""What the tests of all parts of the server share."""
