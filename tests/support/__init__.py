"""What several test modules stand on: a server that does what a test tells it to."""
