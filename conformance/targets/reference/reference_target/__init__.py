"""What is around the reference server to make it a target: its data and its hooks."""
