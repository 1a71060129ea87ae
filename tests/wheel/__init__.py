"""What is shipped: the archives, and the wheel in clean environments."""
