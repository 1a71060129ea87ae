"""``multichat conformance``: judge a server, and look up what it is judged by."""
