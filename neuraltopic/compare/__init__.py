"""Comparison of our recipes with common models: the same counts, held-out documents and figures."""
