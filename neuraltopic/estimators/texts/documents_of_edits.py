"""The documents in which merges and splits of topics are measured: those of the fit, or given ones."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.texts.counted_documents import as_corpus
from neuraltopic.estimators.texts.documents_of_fit import DocumentsOfFit, kept_ids
from neuraltopic.estimators.texts.fitted_topics import FittedTopics
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.preparation import Preparation, prepare
from neuraltopic.reading.rows import Corpus
from neuraltopic.topics.editing.edit_findings import Documents, with_findings
from neuraltopic.topics.editing.edit_history import EditHistory, kept_coordinates, without_coordinates
from neuraltopic.topics.editing.edited_topics import EditedTopics
from neuraltopic.topics.editing.edits import Merge, Operation, Split

Texts = Sequence[str] | str | Path | Corpus


class DocumentsOfEdits:
    """The documents of a series of edits, read and inferred when first needed.

    Parameters
    ----------
    model : FittedTopics
    given : texts, path or Corpus, optional
        The documents of the fit, which a loaded model needs for merges and splits, and any model for splits where the
        counts of the fit are not available.
    """

    def __init__(self, model: FittedTopics, given: Texts | None) -> None:
        self._model = model
        self._given = given
        self._of_fit = model._documents
        self._read: Preparation | None = None
        self._inferred: Documents | None = None

    def ask(self, history: EditHistory, operation: Merge | Split) -> Operation:
        """The operation with its findings in the documents."""
        if self._of_fit is None:
            return without_coordinates(with_findings(history.topics, operation, self._of_given(history.topics)))
        counts = self._preparation().counts if isinstance(operation, Split) else None
        documents = inferences(self._model.document_vae_, self._of_fit, counts, history.in_force)
        return with_findings(history.topics, operation, documents)

    def _of_given(self, topics: EditedTopics) -> Documents:
        """Inferences on documents that were given to a loaded model."""
        read, vae = self._preparation(), self._model.document_vae_
        if self._inferred is None:
            vectors = np.asarray(vae.transform(read.counts))
            latents, shares = vae.latents(vectors), vae.document_weights(vectors)
            listed, ids = vae.topics_of(read.counts, vectors), kept_ids(read.ledger)
            none = np.zeros((len(vectors), 0), np.float32)
            self._inferred = Documents(latents, shares, listed, none, ids, read.copies(), read.counts)
        coordinates = topics.coordinates(self._inferred.shares, read.counts)
        return dataclasses.replace(self._inferred, coordinates=coordinates)

    def _preparation(self) -> Preparation:
        """The documents that were given, counted, and compared with those of the fit."""
        if self._read is None:
            if self._given is None:
                raise UsageError(
                    "documents",
                    expected="the documents of the fit, which the model does not keep",
                    got="none",
                    hint="Pass documents=, or name the corpus",
                )
            model = self._model
            self._read = prepare(as_corpus(self._given), model.preprocessor_, workspace=None, progress=None)
            digests = [model.corpus_sha256_, *(update["corpus_sha256"] for update in model.updates_)]
            if self._of_fit is not None and self._read.corpus_sha256 != digests[-1]:
                raise _other_documents("others")
            if not self._read.counts.nnz:
                raise _other_documents("none with a word of the model")
        return self._read


def inferences(
    vae: DocumentVAE, documents: DocumentsOfFit, counts: Counts | None, in_force: Sequence[Operation]
) -> Documents:
    """What edits use of the documents of a fit, after these edits."""
    vectors = documents.vectors
    return Documents(
        vae.latents(vectors),
        vae.document_weights(vectors),
        documents.listed,
        kept_coordinates(in_force, len(vectors)),
        documents.ids,
        documents.copies(),
        counts,
    )


def _other_documents(got: str) -> NeuralTopicError:
    return NeuralTopicError(
        "documents", expected="those that the model was last fitted on", got=got, hint="Name the corpus of the fit"
    )
