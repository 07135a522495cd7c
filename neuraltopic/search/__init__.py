"""Search documents by their words and topics: an index in a folder, queries with reasons, a server, exports."""

import importlib

_PUBLIC = {
    "Answer": "neuraltopic.search.answers",
    "Hit": "neuraltopic.search.answers",
    "SearchIndex": "neuraltopic.search.index",
}

__all__ = ["Answer", "Hit", "SearchIndex"]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'neuraltopic.search' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
