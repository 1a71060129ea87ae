"""Bots: on the real shells and a server in memory, in time that jumps."""
