"""SearchIndex: documents in a folder, found by their words, topics and embeddings."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.estimators.fitting import require_whole
from neuraltopic.estimators.state import CONFIG
from neuraltopic.estimators.texts.counted_documents import Documents
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import Corpus
from neuraltopic.search.additions import settle_ids
from neuraltopic.search.answering import Answering
from neuraltopic.search.answers import Answer
from neuraltopic.search.directions import complete_directions, learn_embedding_topics, open_embedding_topics
from neuraltopic.search.documents import IndexedDocuments
from neuraltopic.search.fields import OWN, free_names
from neuraltopic.search.folder import Generation, writing
from neuraltopic.search.indexing import Indexed, takes_embeddings, write_segment
from neuraltopic.search.query_encoder import QueryEncoder, dimensions_of, embedder_of
from neuraltopic.search.rewriting import rewrite
from neuraltopic.search.segments import Segment, open_segment, write_ids
from neuraltopic.search.texts import damaged, open_array
from neuraltopic.storage.atomic import atomic_folder, sync_tree
from neuraltopic.storage.formats import MODEL_KIND, MODEL_SCHEMA_VERSION
from neuraltopic.storage.manifest import verify_manifest
from neuraltopic.storage.outputs import INDEX, check_output
from neuraltopic.topics.retrieval.embedding_topics import EmbeddingTopics

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.progress import Progress

# Segments beyond which a change writes all documents as one.
_MOST_SEGMENTS = 8
# Reading again where a writer removed an earlier generation between two steps.
_ATTEMPTS = 5


class SearchIndex:
    """Documents in a folder, found by their words, topics and, where they have some, embeddings.

    An index that is open keeps the documents that it had when it was opened, whatever others write meanwhile. Use
    `build` to make one and `open` to read one.

    Attributes
    ----------
    folder : Path
    model : TopicModel
        What documents and queries are read with.
    encoder : QueryEncoder or None
        Embeds the queries; None where no model for them is known.

    Examples
    --------
    >>> from neuraltopic import TopicModel
    >>> from neuraltopic.search import SearchIndex
    >>> model = TopicModel(n_components=50, random_state=0).fit("corpus/")  # doctest: +SKIP
    >>> index = SearchIndex.build("index", model, "corpus/")  # doctest: +SKIP
    >>> index.search("space flight", where="label = 'sci.space'")  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: Path,
        generation: Generation,
        model: TopicModel,
        segments: Sequence[Segment],
        encoder: QueryEncoder | None,
        embedding_topics: EmbeddingTopics | None,
    ) -> None:
        self.folder = folder
        self.model = model
        self.generation = generation
        self.segments = tuple(segments)
        self._documents = IndexedDocuments(segments, model)
        self.encoder = encoder
        self._embedding_topics = embedding_topics
        self._answering = Answering(self._documents, encoder, embedding_topics)

    @classmethod
    def build(
        cls,
        folder: str | Path,
        model: TopicModel,
        documents: Documents,
        *,
        embeddings: Any = None,
        text: bool = True,
        corpus_sha256: str | None = None,
        force: bool = False,
        progress: "Progress | None" = None,
    ) -> Self:
        """Write an index of documents, whole or not at all, and open it.

        Parameters
        ----------
        folder : path
            Must not exist, unless `force` and it is an earlier index.
        model : TopicModel
            A fitted one.
        documents : sequence of str, data frame, path, or Corpus
            As `TopicModel.fit` takes them; the ids of a sequence are its positions, those of a frame its column id.
            Rows without a word of the model are indexed too; copies are documents.
        embeddings : array of shape (N, C) or EmbeddingSource, optional
            Of the documents, by a pre-trained model, for any recipe: they are kept, and a query is compared with them
            too. Of `EmbeddingsByModel` the model is noted, which then embeds the queries.
        text : bool
            Whether to keep the texts, for snippets.
        corpus_sha256 : str, optional
            What the documents must be, see `preparation.corpus_sha256`.
        force : bool
        progress : callable of (stage, done, total), optional

        Raises
        ------
        sklearn.exceptions.NotFittedError
            When the model is not fitted; of `add` and `update` too.
        UsageError
            When the folder may not be written, or an argument is wrong.
        NeuralTopicError
            When no row can be read, or the documents are not those of `corpus_sha256`.
        """
        _require_fitted(model)
        folder = Path(folder)
        corpus = documents if isinstance(documents, Corpus) else open_corpus(documents)
        check_output(folder, INDEX, force=force, source=corpus.path)
        if takes_embeddings(model):
            model.document_vae_.require_embeddings_given(embeddings)
        generation = Generation(
            number=1,
            model="model-1",
            n_words=len(model.vocabulary_),
            n_topics=model.document_vae_.n_components,
            keeps_text=text,
            n_dimensions=dimensions_of(embeddings),
            embedder=embedder_of(embeddings),
        )
        with atomic_folder(folder, force=force, why_not=INDEX.why_not) as unfinished:
            model.save(unfinished / generation.model)
            (unfinished / "segment-1").mkdir()
            indexed = write_segment(
                unfinished / "segment-1",
                model,
                corpus,
                embeddings=embeddings,
                keeps_text=text,
                n_dimensions=generation.n_dimensions,
                progress=progress,
            )
            _require_unchanged(corpus, indexed, corpus_sha256)
            generation = replace(generation, segments={"segment-1": indexed.n_documents})
            generation = _with_embedding_topics(unfinished, generation)
            generation.with_files(unfinished, generation.in_use()).write(unfinished)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | Path, *, device: str = "cpu", embed_with: str | Path | None = None) -> Self:
        """Open an index, every file of which is verified first.

        Parameters
        ----------
        folder : path
        device : str
        embed_with : path, optional
            Of the model that embeds the queries; by default where it was when the documents were embedded.

        Raises
        ------
        UsageError
            When the folder is no index, or the model is another than that of its documents.
        NeuralTopicError
            When a file is not as it was written.
        """
        folder = Path(folder)
        for attempt in range(_ATTEMPTS):
            generation = Generation.read(folder)
            try:
                generation.verify(folder)
                model = TopicModel.load(folder / generation.model, device=device)
                encoder = QueryEncoder.of(generation, embed_with)
                segments, topics = _segments(folder, generation, model), _embedding_topics(folder, generation)
                return cls(folder, generation, model, segments, encoder, topics)
            except (NeuralTopicError, OSError):
                # A writer may have replaced the generation since it was read.
                if attempt + 1 == _ATTEMPTS or Generation.read(folder).number == generation.number:
                    raise
        raise AssertionError("unreachable")

    def __len__(self) -> int:
        """The number of documents that are not deleted."""
        return self._documents.ranking.n_live

    def __contains__(self, id: object) -> bool:
        """Whether a document with this id is in the index."""
        return isinstance(id, str) and self._documents.find(id) is not None

    @property
    def columns(self) -> list[str]:
        """The columns that filters may name: id, topic, n_tokens and the metadata of the documents."""
        return self._documents.columns

    def search(self, query: str | None = None, n: int = 10, **options: Any) -> "pd.DataFrame":
        """The documents that a query finds, best first: rank, score, id, topic, label, snippet, words, topics.

        words and topics say what each adds to the score, and sum to it. Parameters and errors are those of `answer`.
        """
        return self.answer(query, n, **options).to_frame()

    def similar_documents(self, id: str, n: int = 10, **options: Any) -> "pd.DataFrame":
        """The documents most like one of the index, as `search` gives them."""
        return self.answer(None, n, like=id, **options).to_frame()

    def similar_topics(self, topic: int, n: int = 5) -> "pd.DataFrame":
        """See `TopicModel.similar_topics`."""
        return self.model.similar_topics(topic, n)

    def find_topics(self, query: str, n: int = 5) -> "pd.DataFrame":
        """See `TopicModel.find_topics`."""
        return self.model.find_topics(query, n)

    def answer(
        self,
        query: str | None = None,
        n: int = 10,
        *,
        by: str = "hybrid",
        like: str | None = None,
        topic: int | None = None,
        where: str | None = None,
        skip: int = 0,
        embedding: Any = None,
    ) -> Answer:
        """Find documents by a text, by a document that they are similar to, or by a topic.

        Parameters
        ----------
        query : str, optional
        n : int
            Hits, at most.
        by : {"hybrid", "words", "topics", "embeddings"}
            See `neuraltopic.topics.retrieval.hybrid_ranking`; by words a document has at least one word of the query.
        like : str, optional
            In place of a query, the id of a document; it is no hit itself.
        topic : int, optional
            In place of a query, a topic; the score is its share in a document.
        where : str, optional
            A filter, see `neuraltopic.search.filters`.
        skip : int
            Hits to pass over: the second page of ten begins at 10.
        embedding : array of shape (C,), optional
            Of the query, where the index has embeddings; by default the model that embedded the documents makes it.

        Raises
        ------
        UsageError
            When not exactly one of query, like and topic is given, or an argument is wrong.
        """
        _require_request(query, like, topic, n, skip)
        n, skip = int(n), int(skip)
        allowed = None if where is None else self._documents.matching(where)
        if topic is not None:
            return self._answering.of_topic(topic, n, skip, allowed)
        if like is not None:
            return self._answering.like(like, n, skip, by, allowed)
        assert query is not None
        return self._answering.of_query(query, n, skip, by, allowed, embedding)

    def add(
        self,
        documents: Documents,
        *,
        embeddings: Any = None,
        model: TopicModel | None = None,
        progress: "Progress | None" = None,
    ) -> "SearchIndex":
        """Add documents, and return the index with them; this one stays as it is.

        A document that is in the index already, with the same id and text, stays once. The numbered rows of a file get
        ids that begin with its name where the index has other documents under these numbers. Where documents have
        embeddings, which topics these suggest is learned anew when most documents are others than those from which it
        was learned.

        Parameters
        ----------
        documents, embeddings, progress
            As for `build`.
        model : TopicModel, optional
            As for `update`: the documents of the index are embedded anew in the same step.

        Raises
        ------
        UsageError
            When the model does not fit, or another process is changing the index.
        NeuralTopicError
            When no row can be read, or a document has the id of another in the index; nothing is changed.
        """
        if model is not None:
            _require_fitted(model)
        corpus = documents if isinstance(documents, Corpus) else open_corpus(documents)
        with self._changing() as (now, number):
            now._require_embeddings_as_before(embeddings)
            name = f"segment-{number}"
            (self.folder / name).mkdir()
            indexed = write_segment(
                self.folder / name,
                now.model if model is None else model,
                corpus,
                embeddings=embeddings,
                keeps_text=now.generation.keeps_text,
                n_dimensions=now.generation.n_dimensions,
                progress=progress,
            )
            ids, same = settle_ids(now._documents, self.folder / name, corpus, indexed.ids)
            if ids != indexed.ids:
                write_ids(self.folder / name, ids)
            earlier = replace(now.generation, number=number)
            anew = model is not None or len(now.segments) >= _MOST_SEGMENTS or now._outgrown_by(len(ids) - len(same))
            if anew:
                earlier = now._rewritten(number, model, progress)
            if len(same) < len(ids):
                earlier = replace(earlier, segments={**earlier.segments, name: indexed.n_documents})
                if same:
                    places = np.column_stack([np.full(len(same), len(earlier.segments) - 1), same])
                    earlier = now._with_deleted(earlier, places)
                if not anew:
                    _complete(self.folder, earlier, name)
            if anew:
                earlier = _with_embedding_topics(self.folder, earlier)
            now._write(earlier)
        return self._opened_again()

    def delete(self, ids: Iterable[str]) -> "SearchIndex":
        """Delete documents, and return the index without them; this one stays as it is.

        Parameters
        ----------
        ids : iterable of str, or str

        Raises
        ------
        UsageError
            When an id is not in the index, or another process is changing it; nothing is changed.
        """
        with self._changing() as (now, number):
            gone = {now._documents.required(id) for id in ([ids] if isinstance(ids, str) else ids)}
            if len(gone) == len(now):
                raise UsageError(
                    "ids",
                    expected="at least one document left in the index",
                    got="all of them",
                    hint="Remove the folder instead",
                )
            now._write(now._with_deleted(replace(now.generation, number=number), now._places(sorted(gone))))
        return self._opened_again()

    def update(self, model: TopicModel, *, progress: "Progress | None" = None) -> "SearchIndex":
        """Embed the documents anew with a model of the same vocabulary, such as the index's own after an update, and
        learn anew which topics their embeddings suggest, if they have some.

        Raises
        ------
        UsageError
            When the model has another vocabulary or takes embeddings that the index does not have, or another process
            is changing the index.
        """
        _require_fitted(model)
        with self._changing() as (now, number):
            now._write(_with_embedding_topics(self.folder, now._rewritten(number, model, progress)))
        return self._opened_again()

    def read_with(self, model: TopicModel) -> "SearchIndex":
        """The same documents with the topics of a model that differs in its edits alone; nothing is written.

        Raises
        ------
        UsageError
            When the model is another.
        """
        if model.topics_sha256() != self.model.topics_sha256() or model.vocabulary_ != self.model.vocabulary_:
            raise UsageError(
                "index",
                expected="one of the model of the run",
                got=f"{self.folder}, of another",
                hint="Build it again with neuraltopic index",
            )
        return type(self)(self.folder, self.generation, model, self.segments, self.encoder, self._embedding_topics)

    def is_read_with(self, model_folder: Path) -> bool:
        """Whether a model folder holds the model of this index: its weights, words and topics are the same."""
        written: list[Any] = []
        for folder in (self.folder / self.generation.model, model_folder):
            manifest: Any = verify_manifest(folder, kind=MODEL_KIND, schema_version=MODEL_SCHEMA_VERSION, content=False)
            # The device is in the other file.
            written.append({name: facts for name, facts in manifest["files"].items() if name != CONFIG})
        return bool(written[0] == written[1])

    def document(self, id: str) -> dict[str, Any]:
        """What is kept of a document, as JSON holds it: id, topic, label, text where it is kept, and fields.

        Raises
        ------
        UsageError
            When the index has no such document.
        """
        segment, place = self._documents.locate(self._documents.required(id))
        topic = int(self.topics_of(segment)[place])
        fields = json.loads(
            segment.fields().iloc[[place]].to_json(orient="records", date_format="iso", double_precision=15)
        )[0]
        found = {"id": id, "topic": topic, "label": self.topic_labels[topic] if topic >= 0 else "", "fields": fields}
        return found if segment.texts is None else found | {"text": segment.texts[place]}

    def text(self, id: str) -> str:
        """The text of a document; empty where texts are not kept.

        Raises
        ------
        UsageError
            When the index has no such document.
        """
        segment, place = self._documents.locate(self._documents.required(id))
        return "" if segment.texts is None else segment.texts[place]

    def topics_of(self, segment: Segment) -> NDArray[np.integer]:
        """The topic that each document of a segment is assigned to, -1 for none, as edits left them, (D,)."""
        return self._documents.topics_of(segment)

    def batches(self, size: int) -> Iterator["pd.DataFrame"]:
        """The live documents in the order of the index, some at a time.

        Columns: id, topic, the metadata, text, vector (an array of K numbers), embedding (of C). There is no text where
        texts are not kept, and no embedding where the index has none. Metadata under one of these names, or under
        fingerprint, has _ after its name.
        """
        for segment in self.segments:
            rows = np.flatnonzero(segment.live)
            fields = segment.fields()
            fields = fields.rename(columns=free_names(fields.columns.tolist(), OWN))
            for start in range(0, len(rows), size):
                some = rows[start : start + size]
                table = fields.iloc[some].reset_index(drop=True)
                table.insert(0, "id", [segment.ids[row] for row in some.tolist()])
                table.insert(1, "topic", self.topics_of(segment)[some])
                if segment.texts is not None:
                    table["text"] = [segment.texts[row] for row in some.tolist()]
                table["vector"] = list(np.asarray(segment.vectors[some]))
                if segment.documents.embeddings is not None:
                    table["embedding"] = list(np.asarray(segment.documents.embeddings[some]))
                yield table

    @property
    def topic_labels(self) -> list[str]:
        """What each topic is called."""
        return self._answering.labels

    def _opened_again(self) -> "SearchIndex":
        return type(self).open(self.folder, embed_with=None if self.encoder is None else self.encoder.folder)

    def _require_embeddings_as_before(self, embeddings: Any) -> None:
        """Raise a UsageError unless documents that are added have embeddings if and only if those of the index do, by
        the same model."""
        generation = self.generation
        if takes_embeddings(self.model):
            self.model.document_vae_.require_embeddings_given(embeddings)
        elif (embeddings is None) != (generation.n_dimensions is None):
            raise UsageError(
                parameter("embeddings"),
                expected="none, as in the index" if generation.n_dimensions is None else "a row per document",
                got="none" if embeddings is None else "some",
                hint="Build the index again with --embed-with or --embeddings"
                if generation.n_dimensions is None
                else "Embed the new documents by the model of the others, with --embed-with or --embeddings",
            )
        made_by, known = embedder_of(embeddings), generation.embedder
        if made_by is not None and known is not None and made_by["sha256"] != known["sha256"]:
            raise UsageError(
                parameter("embed_with"),
                expected=f"the model of the index, {known['model']}",
                got=f"another one, {made_by['model']}",
                hint="Name that of the index, or build the index again",
            )

    @contextmanager
    def _changing(self) -> Iterator[tuple["SearchIndex", int]]:
        """The index as it is now, kept from other writers, and the number of the next generation."""
        with writing(self.folder):
            now = type(self).open(self.folder)
            yield now, now.generation.number + 1

    def _places(self, documents: Sequence[int] | NDArray[np.intp]) -> NDArray[np.int64]:
        """The segment of each document, by its number, and the place there, (n, 2)."""
        starts = self._documents.ranking.starts
        of_segment = np.searchsorted(starts, documents, side="right") - 1
        return np.column_stack([of_segment, np.asarray(documents) - starts[of_segment]]).astype(np.int64)

    def _with_deleted(self, generation: Generation, places: NDArray[np.int64]) -> Generation:
        """A generation, not yet written, without the documents at these places, (n, 2), nor those deleted until now."""
        until_now = self._places(np.flatnonzero(~self._documents.ranking.live))
        dead = [until_now, places] if generation.deleted is not None else [places]
        name = f"deleted-{generation.number}.npy"
        np.save(self.folder / name, np.concatenate(dead))
        return replace(generation, deleted=name)

    def _write(self, generation: Generation) -> None:
        """Make a generation the one of the folder, if it has files that this one does not have."""
        new = sorted(generation.in_use() - self.generation.in_use())
        for name in new:
            sync_tree(self.folder / name)
        if new:
            generation.with_files(self.folder, new).write(self.folder)

    def _rewritten(self, number: int, model: TopicModel | None, progress: "Progress | None") -> Generation:
        """A generation, not yet written, of the live documents in one new segment, embedded with a model where one is
        given, with directions by words alone."""
        if model is not None:
            if model.vocabulary_ != self.model.vocabulary_:
                raise UsageError(
                    "model",
                    expected="the vocabulary of the index",
                    got=f"{len(model.vocabulary_):,} words, not all the same",
                    hint="Build a new index with it",
                )
            if takes_embeddings(model) and self.generation.n_dimensions is None:
                model.document_vae_.require_embeddings_given(None)
        name = f"segment-{number}-rewritten"
        (self.folder / name).mkdir()
        n_documents = rewrite(
            self.folder / name, self.segments, model or self.model, anew=model is not None, progress=progress
        )
        generation = replace(self.generation, number=number, segments={name: n_documents}, deleted=None)
        if model is None:
            return generation
        generation = replace(generation, model=f"model-{number}", n_topics=model.document_vae_.n_components)
        model.save(self.folder / generation.model)
        return generation

    def _outgrown_by(self, n_documents: int) -> bool:
        """Whether with so many more documents most are others than those from which embedding topics were learned."""
        generation = self.generation
        total = sum(generation.segments.values()) + n_documents
        return generation.n_dimensions is not None and n_documents > 0 and total > 2 * generation.learned_from


def _require_unchanged(corpus: Corpus, indexed: Indexed, corpus_sha256: str | None) -> None:
    if corpus_sha256 is not None and indexed.corpus_sha256 != corpus_sha256:
        raise NeuralTopicError(
            f"documents in {corpus.name}",
            expected="the documents of the fit, unchanged",
            got="other documents",
            hint="Name the documents to index",
        )


def _segments(folder: Path, generation: Generation, model: TopicModel) -> list[Segment]:
    dead = np.zeros((0, 2), np.int64)
    if generation.deleted is not None:
        path = folder / generation.deleted
        dead = open_array(path, np.int64, 2)
        sizes = np.array(list(generation.segments.values()))
        in_range = dead.shape[1] == 2 and ((dead >= 0).all() and (dead[:, 0] < len(sizes)).all())
        if not in_range or (dead[:, 1] >= sizes[dead[:, 0]]).any():
            raise damaged(path, "places of documents", "others")
    of_nothing = model.document_vae_.empty_document_vector()
    return [
        open_segment(
            folder / name,
            (n_documents, generation.n_words, generation.n_topics),
            generation.n_dimensions,
            of_nothing,
            dead[dead[:, 0] == number, 1],
        )
        for number, (name, n_documents) in enumerate(generation.segments.items())
    ]


def _with_embedding_topics(folder: Path, generation: Generation) -> Generation:
    """A generation of new segments, not yet written, with what their embeddings suggest, if they have some."""
    if generation.n_dimensions is None:
        return generation
    name = f"embedding_topics-{generation.number}.npy"
    learn_embedding_topics([folder / segment for segment in generation.segments], folder / name)
    return replace(generation, embedding_topics=name, learned_from=sum(generation.segments.values()))


def _complete(folder: Path, generation: Generation, segment: str) -> None:
    """Write the directions of a new segment anew by what embeddings suggest in a generation."""
    if (found := _embedding_topics(folder, generation)) is not None:
        complete_directions(folder / segment, found)


def _embedding_topics(folder: Path, generation: Generation) -> EmbeddingTopics | None:
    if generation.embedding_topics is None or generation.n_dimensions is None:
        return None
    return open_embedding_topics(folder / generation.embedding_topics, generation.n_dimensions, generation.n_topics)


def _require_fitted(model: object) -> None:
    if not isinstance(model, TopicModel):
        raise UsageError(
            "model",
            expected="a fitted TopicModel",
            got=type(model).__name__,
            hint="Load one from its folder with TopicModel.load",
        )
    check_is_fitted(model)


def _require_request(query: str | None, like: str | None, topic: int | None, n: int, skip: int) -> None:
    given = [name for name, value in (("query", query), ("like", like), ("topic", topic)) if value is not None]
    if len(given) != 1:
        raise UsageError(
            "search",
            expected="one of a query, a document that others are like, and a topic",
            got=" and ".join(given) or "none",
            hint="Give one of query, like and topic",
        )
    require_whole("n", n)
    require_whole("skip", skip, 0)
