"""The specification's files, for programs."""
