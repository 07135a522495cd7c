"""Runs from the topics of other tools, and files that other tools read."""
