"""State of `neuraltopic explore`: page, search index and edits of a run."""

import secrets
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.recipes import find_recipe
from neuraltopic.report.content import Sources, page_content
from neuraltopic.report.page import page_of, policy_of
from neuraltopic.runs.editing import corpus_of, edit_run, embeddings_of, open_with_documents
from neuraltopic.runs.facts import read_run_facts
from neuraltopic.search.index import SearchIndex
from neuraltopic.storage.edit_log import EDIT_LOG


class Explorer:
    """Page, search and edits of a run, kept in step with the edit log on disk.

    Parameters
    ----------
    run : Path
        Run folder of documents.
    sources : Sources
        As for `page_content`.
    index : SearchIndex, optional
        Index of the run's model; without it the page searches only what it contains.
    why : str
        Why there is no index; shown on the page.

    Attributes
    ----------
    token : str
        Secret that every edit request must send; only the page has it.

    Raises
    ------
    UsageError
        If the index is of another model, or `run` is not a run folder of documents.
    """

    def __init__(self, run: Path, sources: Sources, index: SearchIndex | None = None, why: str = "") -> None:
        self.run = Path(run)
        self.token = secrets.token_urlsafe(32)
        self._sources = sources
        self._lock = Lock()
        self._index, self._why = index, why
        self._page, self._policy, self._written = b"", "", (0, 0)
        self.page()

    def page(self) -> tuple[bytes, str]:
        """The page and its content policy, rebuilt after the edit log has changed."""
        with self._lock:
            written = self._log_written()
            if not self._page or written != self._written:
                self._make()
                self._written = written
            return self._page, self._policy

    @property
    def index(self) -> SearchIndex | None:
        """Search index with the topics that the page shows."""
        return self._index

    def edit(self, operations: list[Any], known: int) -> TopicModel:
        """Apply `edit_run` to the topics after `known` entries of the log."""
        return edit_run(self.run, operations, corpus=self._sources.corpus, known=known)

    def _make(self) -> None:
        model = open_with_documents(self.run)
        index = None if self._index is None else self._index.read_with(model)
        content = page_content(self.run, self._sources, model)
        content["served"] = {
            "token": self.token,
            "log": len(model.edit_entries(with_coordinates=False)),
            "edits": model.edits_,
            "documents": None if index is None else len(index),
            "why_no_search": self._why,
        }
        self._page, self._policy = page_of(content).encode("utf-8"), policy_of(content)
        self._index = index

    def _log_written(self) -> tuple[int, int]:
        """Modification time and inode of the log, which change at every write."""
        try:
            found = (self.run / EDIT_LOG).stat()
        except FileNotFoundError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)


def indexed(run: Path, sources: Sources, folder: Path, progress: Any = None) -> tuple[SearchIndex | None, str]:
    """Build an index of the documents of a run in a new folder; if that fails, return the reason.

    Recipes of embeddings use the embeddings of the fit, or the model that made them, if still available.

    Raises
    ------
    UsageError
        If `run` is not a run folder of documents.
    """
    model = open_with_documents(run)
    try:
        corpus = sources.corpus or corpus_of(run)
        digest = read_run_facts(run)["run"]["corpus_sha256"]
        options: dict[str, Any] = {"corpus_sha256": digest, "progress": progress}
        if find_recipe(model.recipe).takes("embeddings"):
            options["embeddings"] = embeddings_of(run, corpus)
        return SearchIndex.build(folder, model, corpus, **options), ""
    except (NeuralTopicError, OSError) as error:
        return None, str(error)


def with_texts_of(sources: Sources, index: SearchIndex) -> Sources:
    """The sources, with texts from an index of the same documents."""
    return replace(sources, text_of=index.text)
