"""Search documents by their words and topics: an index in a folder, queries with reasons, a server, exports."""

from neuraltopic.search.answers import Answer, Hit
from neuraltopic.search.index import SearchIndex

__all__ = ["Answer", "Hit", "SearchIndex"]
