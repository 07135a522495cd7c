"""Initial values of a model from the counts."""
