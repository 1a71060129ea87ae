"""Each target of the tree starts, does what its hooks say, and leaves nothing behind."""
