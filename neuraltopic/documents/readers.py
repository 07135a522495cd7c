"""Open a corpus, whatever holds it, as rows in input order."""

from neuraltopic.documents.rows import Row

__all__ = ["Row"]
