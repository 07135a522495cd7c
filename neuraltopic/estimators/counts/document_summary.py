"""The statistics of the topics in the training documents of a fitted model of documents.

Axes: D documents, V words, K topics.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from neuraltopic.core.vae import TopicVAE
from neuraltopic.estimators.counts.document_inference import FittedDocuments, unknown_documents
from neuraltopic.estimators.counts.inferred_vectors import InferredVectors
from neuraltopic.models.priors.earlier_topics import topic_precision
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.reading.vectors.embeddings import Embeddings
from neuraltopic.storage.pages import release_pages
from neuraltopic.topics.documents.corpus_summary import CorpusSummary
from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.documents.document_metric import DocumentMetric
from neuraltopic.topics.documents.responsibilities import explained_documents
from neuraltopic.topics.row_blocks import MadeRows, blocks

if TYPE_CHECKING:
    from neuraltopic.cluster.ray_cluster import Cluster
    from neuraltopic.progress import Progress


class SummarisedDocuments(FittedDocuments):
    """The part of `DocumentVAE` that infers the training documents and summarises the topics in them."""

    n_documents_: int
    information_: NDArray[np.float32]
    share_: NDArray[np.floating]
    precision_: NDArray[np.float32] | None

    def restore(
        self,
        vae: TopicVAE,
        *,
        history: list[dict[str, float]],
        summary: CorpusSummary | None = None,
        n_updates: int = 0,
    ) -> None:
        """Set the fitted attributes from a trained network."""
        self.vae_ = vae.eval()
        self.history_ = history
        self.n_iter_ = len(history)
        with torch.no_grad():
            weight, bias = vae.decoder.topics()
        self.components_ = weight.detach().T.contiguous().cpu().numpy()
        self.bias_ = bias.detach().cpu().numpy()
        self.n_features_in_ = self.components_.shape[1]
        self._n_features_out = len(self.components_)
        self.n_updates_ = n_updates
        self._metric = DocumentMetric.of(self.components_, self.bias_) if self._interpretation().by_energies else None
        self.explained_ = self.assignment_ = None
        if summary is not None:
            self._take(summary)

    def summary(self) -> CorpusSummary:
        """Statistics of the training documents, which the model stores."""
        check_is_fitted(self)
        return CorpusSummary(
            self.n_documents_, self.information_, self.share_, self.explained_, self.precision_, self.assignment_
        )

    def _take(self, summary: CorpusSummary) -> None:
        self.n_documents_ = summary.n_documents
        self.information_ = summary.information
        self.share_ = summary.share
        self.explained_ = summary.explained
        self.precision_ = summary.precision
        self.assignment_ = summary.assignment

    def _summarise(
        self,
        counts: Counts,
        progress: "Progress | None",
        given_embeddings: Embeddings | None = None,
        earlier: DocumentAssignment | None = None,
        folder: Path | None = None,
        weights: NDArray[np.floating] | None = None,
        workers: "Cluster | None" = None,
    ) -> tuple[NDArray[np.float32], CorpusSummary]:
        """Vectors of the documents, (D, K), and the statistics of the topics in them, after earlier documents.

        Documents are inferred in blocks; with a folder the vectors are mapped there, and an interrupted inference
        resumes at the last block. `weights` (D,) is how often each document counts in the shares.
        """
        interpretation = self._interpretation()
        inferred = InferredVectors(len(counts), len(self.components_), folder, self._digest(counts))
        if workers is None:
            for rows in inferred.to_do():
                inferred.fill(rows, *self._block(*_piece(counts, given_embeddings, rows), progress, rows, len(counts)))
        else:
            pieces = (_piece(counts, given_embeddings, rows) for rows in inferred.to_do())
            for rows, found in zip(inferred.to_do(), workers.map(_inferred, self, pieces), strict=True):
                inferred.fill(rows, *found)
                if progress:
                    progress("inferring", rows.stop, len(counts))
        vectors = inferred.vectors
        information, share = inferred.pooled(interpretation)
        if weights is not None:
            shares_of, share = self._shares_of(vectors), np.zeros(len(share))
            for rows in blocks(len(counts)):
                share += weights[rows] @ shares_of[rows].astype(np.float64)
            share /= weights.sum()
        explained, precision = self._explained(counts, vectors)
        assignment = None
        if interpretation.proportion_exponent is not None:
            assignment = DocumentAssignment.of(
                self._shares_of(vectors), counts, interpretation.proportion_exponent, earlier
            )
        n_documents = len(counts) if weights is None else round(float(weights.sum()))
        return vectors, CorpusSummary(n_documents, information, share, explained, precision, assignment)

    def _block(
        self,
        counts: Counts,
        embeddings: Embeddings | None,
        progress: "Progress | None" = None,
        rows: slice = slice(0),
        total: int | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.floating], NDArray[np.floating]]:
        """Vectors of the documents that are these rows of `total`, (n, K), and the information and the mean share of
        each topic in them, both (K,)."""
        interpretation = self._interpretation()
        latents, _, variance = self._infer(counts, embeddings, progress, rows.start or 0, total)
        shares = interpretation.shares(latents, self._topic_words())
        information = interpretation.information(latents, variance, shares)
        vectors = self._vectors(latents, unknown_documents(counts, embeddings))
        return vectors, information, shares.mean(0, dtype=np.float64)

    def _explained(
        self, counts: Counts, vectors: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """`explained_documents`, where the interpretation needs them, and `topic_precision`."""
        interpretation, words = self._interpretation(), self._topic_words()
        K, V = self.components_.shape
        explained, precision = np.zeros((K, V), np.float32), np.zeros((K + 1, V), np.float32)
        for rows in blocks(len(counts)):
            block, latents = counts.slice(rows.start, rows.stop), self.latents(vectors[rows])
            precision += topic_precision(latents, block)
            responsibility_prior = interpretation.responsibility_prior(
                latents, interpretation.shares(latents, words), block.totals()
            )
            if responsibility_prior is not None:
                explained += explained_documents(responsibility_prior, self.components_, block)
            release_pages(vectors, counts.indices, counts.data)
        return explained if interpretation.needs_explained else None, precision

    def _shares_of(self, vectors: NDArray[np.float32]) -> MadeRows:
        """Shares of the topics in documents with these vectors, both (D, K)."""
        interpretation, words = self._interpretation(), self._topic_words()
        return MadeRows(vectors, lambda rows: interpretation.shares(self.latents(rows), words))

    def _digest(self, counts: Counts) -> str:
        """Digest of the weights and the sizes of the counts, on which the vectors depend."""
        digest = hashlib.sha256(repr((counts.shape, counts.nnz, self.recipe)).encode())
        for name, tensor in self.vae_.state_dict().items():
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def _piece(counts: Counts, embeddings: Embeddings | None, rows: slice) -> tuple[Counts, Embeddings | None]:
    """Some of the documents, and their embeddings."""
    of_rows = None if embeddings is None else embeddings.of(np.arange(rows.start, rows.stop))
    return counts.slice(rows.start, rows.stop), of_rows


def _inferred(model: SummarisedDocuments, piece: tuple[Counts, Embeddings | None]) -> tuple[NDArray[Any], ...]:
    """The inferences of a worker on a block of documents."""
    return model._block(*piece)
