"""Edits of topics: the operations, their log, and the topics after them."""
