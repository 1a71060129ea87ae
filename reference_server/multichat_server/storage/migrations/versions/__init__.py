"""One module a step. There are no steps back: a backup is the way back."""
