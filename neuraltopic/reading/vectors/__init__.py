"""Vectors that a user gives: embeddings of documents and vectors of words."""
