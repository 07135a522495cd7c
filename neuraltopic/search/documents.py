"""The documents of an index: those of all segments, numbered through."""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.search.filters import columns_of, known_columns, matching, parse_filter
from neuraltopic.search.indexing import RESERVED
from neuraltopic.search.segments import Segment
from neuraltopic.topics.retrieval.hybrid_ranking import HybridRanking

if TYPE_CHECKING:
    import pandas as pd

# Documents whose shares are computed at once.
_AT_ONCE = 1 << 14
# Filters and topics whose documents are remembered: one byte and four bytes per document.
_FILTERS, _TOPICS = 16, 4


class IndexedDocuments:
    """Documents of several segments, each with a number, as a model reads them.

    Parameters
    ----------
    segments : sequence of Segment
    model : TopicModel

    Attributes
    ----------
    ranking : HybridRanking
        What scores them.
    """

    def __init__(self, segments: Sequence[Segment], model: TopicModel) -> None:
        self.segments = tuple(segments)
        self.model = model
        self.ranking = HybridRanking([segment.documents for segment in self.segments])
        self._recently_matching = lru_cache(_FILTERS)(self._matching)
        self._recent_shares = lru_cache(_TOPICS)(self._shares)

    @property
    def n_dimensions(self) -> int | None:
        """C, of the embeddings of the documents; None without."""
        embeddings = self.segments[0].documents.embeddings
        return None if embeddings is None else embeddings.shape[1]

    @cached_property
    def columns(self) -> list[str]:
        """The columns that filters may name: id, topic, n_tokens and the metadata of the documents."""
        names = dict.fromkeys(RESERVED)
        for segment in self.segments:
            names |= dict.fromkeys(segment.field_names())
        return list(names)

    @cached_property
    def _topics(self) -> dict[str, NDArray[np.integer]]:
        if not self.model.edits_:
            return {segment.name: segment.topics for segment in self.segments}
        found = {}
        for segment in self.segments:
            blocks = [
                self.model.assigned_topics(
                    segment.topics[rows], segment.documents.counts.slice(rows.start, rows.stop), segment.vectors[rows]
                )
                for rows in _blocks(len(segment))
            ]
            found[segment.name] = np.concatenate([np.zeros(0, np.int64), *blocks])
        return found

    def topics_of(self, segment: Segment) -> NDArray[np.integer]:
        """The topic that each document of a segment is assigned to, -1 for none, as edits left them."""
        return self._topics[segment.name]

    def locate(self, document: int) -> tuple[Segment, int]:
        """The segment of a document, and its place there."""
        starts = self.ranking.starts
        number = int(np.searchsorted(starts, document, side="right")) - 1
        return self.segments[number], document - int(starts[number])

    def id(self, document: int) -> str:
        """The id of a document."""
        segment, place = self.locate(document)
        return segment.ids[place]

    def text(self, document: int) -> str | None:
        """The text of a document; None where texts are not kept."""
        segment, place = self.locate(document)
        return None if segment.texts is None else segment.texts[place]

    def find(self, id: str) -> int | None:
        """The live document with this id."""
        for segment, start in zip(self.segments, self.ranking.starts.tolist(), strict=False):
            if (place := segment.find(id)) is not None:
                return start + place
        return None

    def required(self, id: str, thing: str = "id") -> int:
        """The same; an error calls the id `thing`.

        Raises
        ------
        UsageError
            When there is none.
        """
        document = self.find(id) if isinstance(id, str) else None
        if document is None:
            raise UsageError(
                thing, expected="the id of a document in the index", got=f"{id!r:.80}", hint="Check the id"
            )
        return document

    def matching(self, where: str) -> NDArray[np.bool_]:
        """Where a filter is true, (D,); not to be written to.

        Raises
        ------
        UsageError
            As `filters.parse_filter` and `filters.matching` do.
        """
        return self._recently_matching(where)

    def shares_of_topic(self, topic: int) -> NDArray[np.float32]:
        """The share of a topic in each document, (D,); not to be written to."""
        return self._recent_shares(topic)

    def _shares(self, topic: int) -> NDArray[np.float32]:
        shares = np.zeros(len(self.ranking.live), np.float32)
        for segment, first in zip(self.segments, self.ranking.starts.tolist(), strict=False):
            for rows in _blocks(len(segment)):
                counts, vectors = segment.documents.counts.slice(rows.start, rows.stop), segment.vectors[rows]
                shares[first + rows.start : first + rows.stop] = self.model.shares_in(counts, vectors)[:, topic]
        return shares

    def _matching(self, where: str) -> NDArray[np.bool_]:
        import pandas as pd

        parsed = parse_filter(where)
        wanted = columns_of(parsed)
        known_columns(self.columns, wanted)
        tables = [self._table(segment, wanted) for segment in self.segments]
        return matching(parsed, pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0])

    def _table(self, segment: Segment, wanted: Sequence[str]) -> "pd.DataFrame":
        """Columns of a segment, missing where it does not have them."""
        import pandas as pd

        stored = [name for name in wanted if name not in RESERVED]
        has = [name for name in stored if name in segment.field_names()]
        # Also without a column a table has its rows.
        table = segment.fields(has) if has else pd.DataFrame(index=range(len(segment)))
        table = table.reindex(columns=stored)
        added: dict[str, Any] = {"id": lambda: list(segment.ids), "topic": lambda: self.topics_of(segment)}
        for name in RESERVED:
            if name in wanted:
                table[name] = added[name]()
        return table


def _blocks(n: int) -> Iterator[slice]:
    """Slices of `_AT_ONCE` documents."""
    return (slice(start, min(start + _AT_ONCE, n)) for start in range(0, n, _AT_ONCE))
