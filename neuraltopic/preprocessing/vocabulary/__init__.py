"""The words and phrases that are counted, learned from a stream of tokens."""
