"""Decoders of bags of words: p(word | z)."""
