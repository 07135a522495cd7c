"""Copies of an index where others search: files, LanceDB, Qdrant, PostgreSQL with pgvector."""

from neuraltopic.search.exports.targets import export_index

__all__ = ["export_index"]
