"""Weights of words as evidence of the shares of a document, from the topics of the training documents.

Axes: D documents, V words, K topics.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal
from neuraltopic.estimators.counts.document_inference import FittedDocuments
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.reading.vectors.embeddings import Embeddings
from neuraltopic.topics.documents.word_information import documents_with_words, word_information
from neuraltopic.topics.row_blocks import blocks

# Documents, evenly spaced in a larger corpus, from which the weights are computed.
_DOCUMENTS = 1 << 16


class Earlier(NamedTuple):
    """The topics of the documents of a fit and its updates so far.

    Attributes
    ----------
    documents : (K, V)
        Number of documents in which each topic accounts for each word.
    share : (K,)
        Mean shares.
    n_documents : int
    """

    documents: NDArray[np.floating]
    share: NDArray[np.floating]
    n_documents: int


def weigh_words(
    model: FittedDocuments, counts: Counts, embeddings: Embeddings | None, earlier: Earlier | None = None
) -> None:
    """Set the evidence of each word, if the latent refines documents by it: see `word_information`.

    The shares of the documents are those of the encoder alone, since refined ones depend on the evidence.
    """
    decoder = model.vae_.decoder
    if not (isinstance(decoder, SimplexEnergySoftmax) and isinstance(model.vae_.latent, RefinedLogisticNormal)):
        return
    sample = np.unique(np.linspace(0, len(counts) - 1, min(len(counts), _DOCUMENTS)).astype(np.int64))
    K, V = model.components_.shape
    total = np.zeros(K)

    def parts() -> Iterator[tuple[NDArray[np.floating], Counts]]:
        for rows in blocks(len(sample)):
            block = counts.rows(sample[rows])
            of_block = None if embeddings is None else embeddings.of(sample[rows])
            shares = model.amortised_shares(block, of_block)
            total[:] += shares.sum(0, dtype=np.float64)
            yield shares, block

    scale = len(counts) / len(sample)
    documents, n_documents = scale * documents_with_words(parts(), K, V), len(counts)
    share = total / len(sample)
    if earlier is not None:
        n_documents += earlier.n_documents
        documents = documents + earlier.documents
        share = share + (earlier.share - share) * earlier.n_documents / n_documents
    decoder.weigh(torch.from_numpy(word_information(documents, share / share.sum())))
