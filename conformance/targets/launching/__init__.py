"""What the targets in this tree share: starting, supervising and stopping, and the hooks."""
