"""The tests mirror the tree: spec, proto, server, cli; house holds the repository to its rules."""
