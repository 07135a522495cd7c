"""What a search gives: hits with their reasons, and what is to be said of the query."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Hit:
    """A document that was found.

    Attributes
    ----------
    rank : int
        From 1.
    score : float
        The sum of all parts; see `neuraltopic.topics.retrieval.hybrid_ranking`. With a topic in place of a query its
        share.
    id : str
    topic : int
        The topic that the document is assigned to, -1 for none.
    label : str
        Of that topic.
    snippet : str
        The passage with most words of the query; empty where texts are not kept.
    marked : tuple of (int, int)
        Where the words of the query stand in the snippet.
    words : dict of str to float
        What each word of the query adds to the score.
    topics : dict of int to float
        What each topic adds to it; -1 has the part of topics that were dropped.
    embedding : float
        What the embedding adds to it; 0 without one.
    """

    rank: int
    score: float
    id: str
    topic: int
    label: str
    snippet: str
    marked: tuple[tuple[int, int], ...]
    words: dict[str, float]
    topics: dict[int, float]
    embedding: float

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return vars(self) | {
            "marked": [list(span) for span in self.marked],
            "words": dict(self.words),
            "topics": {str(topic): part for topic, part in self.topics.items()},
        }


@dataclass(frozen=True)
class Answer:
    """What a search gives.

    Attributes
    ----------
    query : str
        The text, or what stood in its place.
    by : str
    n_found : int
        Documents that the query and the filter leave, of which the hits are a page.
    hits : tuple of Hit
    unknown : dict of str to list of str
        Words of the query that the vocabulary does not have, each with near spellings that it has.
    notes : tuple of str
        What is to be said of the query, as sentences.
    """

    query: str
    by: str
    n_found: int
    hits: tuple[Hit, ...]
    unknown: dict[str, list[str]]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return {
            "query": self.query,
            "by": self.by,
            "found": self.n_found,
            "hits": [hit.to_dict() for hit in self.hits],
            "unknown": self.unknown,
            "notes": list(self.notes),
        }

    def to_frame(self) -> "pd.DataFrame":
        """A line a hit: rank, score, id, topic, label, snippet, words, topics, embedding."""
        import pandas as pd

        columns = ["rank", "score", "id", "topic", "label", "snippet", "words", "topics", "embedding"]
        return pd.DataFrame([[getattr(hit, name) for name in columns] for hit in self.hits], columns=columns)
