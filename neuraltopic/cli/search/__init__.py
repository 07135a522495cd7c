"""The commands that build, search and serve an index."""
