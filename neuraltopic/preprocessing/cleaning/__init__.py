"""Prose out of texts as they were gathered: markup, messages, addresses and damaged characters."""
