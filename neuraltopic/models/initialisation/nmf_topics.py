"""Initial values from the counts: the topics of a non-negative factorisation.

From a random start, an energy softmax with z on the simplex needs many epochs to separate its topics, and some topics
stay alike.

Axes: D documents, V words, K topics.
"""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuraltopic.models.initialisation.factorisation import descend
from neuraltopic.preprocessing.counts import Counts

# Documents that are factorised, drawn at random from a larger corpus: so many for each distinct word of an average one,
# within limits. More are a better start for long documents, and a worse one for short ones. See
# tests/benchmarks/README.md.
_DOCUMENTS_A_WORD, _FEW_DOCUMENTS, _MOST_DOCUMENTS = 1_000, 20_000, 100_000
# Steps of the factorisation of up to `_FEW_DOCUMENTS`: with more it is a better fit, but no better start. Of more
# documents it takes as many times fewer, so that the time is the same, but not fewer than the last number.
_STEPS, _FEWEST_STEPS = 60, 15
# Share of the unigram in each starting topic, and the largest distance of a word from it, in nats.
_UNIGRAM = 0.1
_LOWEST, _HIGHEST = -3.0, 8.0


def factorised(n_documents: int, n_distinct: float) -> tuple[int, int]:
    """How many of so many documents of so many distinct words each are factorised, and in how many steps."""
    limit = round(min(max(_FEW_DOCUMENTS, _DOCUMENTS_A_WORD * n_distinct), _MOST_DOCUMENTS))
    found = min(n_documents, limit)
    return found, max(_FEWEST_STEPS, min(_STEPS, round(_STEPS * _FEW_DOCUMENTS / found)))


def nmf_topics(counts: Counts, n_components: int, generator: torch.Generator) -> NDArray[np.float32]:
    """Topics of the tf-idf of the counts by non-negative matrix factorisation (Lee & Seung 1999), (K, V), from a sample
    drawn by `generator` if the corpus is large."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfTransformer

    seed = int(torch.randint(np.iinfo(np.int32).max, (), generator=generator))
    filled = np.flatnonzero(np.diff(counts.indptr))
    n_documents, n_steps = factorised(len(filled), counts.nnz / len(filled))
    if len(filled) > n_documents:
        chosen = torch.randperm(len(filled), generator=generator)[:n_documents].sort().values
        filled = filled[chosen.numpy()]
    weighted = TfidfTransformer().fit_transform(counts.rows(filled).to_scipy().astype(np.float32))
    model = NMF(n_components, random_state=seed, max_iter=1)
    # The squared error of an exact factorisation may round below zero.
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        loadings = model.fit_transform(weighted)
    _, topics = descend(weighted, torch.from_numpy(loadings), torch.from_numpy(model.components_), n_steps - 1)
    return topics.numpy()


def log_lift(topics: NDArray[np.floating], unigram: NDArray[np.floating]) -> Tensor:
    """R transposed (V, K), such that softmax(R_k + log unigram) is topic k mixed with a tenth of the unigram, except
    for words that would start too far from it.

    Parameters
    ----------
    topics : (K, V)
        Non-negative weights of the words.
    unigram : (V,)
        Positive; sums to 1.
    """
    total = topics.sum(1, keepdims=True, dtype=np.float64)
    shares = np.divide(topics, total, out=np.tile(unigram, (len(topics), 1)), where=total > 0)
    lift = (1.0 - _UNIGRAM) * shares / unigram + _UNIGRAM
    return torch.from_numpy(np.clip(np.log(lift), _LOWEST, _HIGHEST).T.astype(np.float32))
