"""The multichat protocol for clients and bots: typed messages, a sans-I/O core, client shells."""
