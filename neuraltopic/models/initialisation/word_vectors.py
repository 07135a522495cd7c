"""Word vectors from the documents, by gensim: words that share documents have similar vectors.

Axes: D documents, V words, E dimensions.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from neuraltopic.preprocessing.counts import Counts

_EPOCHS = 10


class _Bags:
    """Every document's words, in a new random order in each pass."""

    def __init__(self, counts: Counts, seed: int) -> None:
        self._counts = counts
        self._random = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[list[str]]:
        for _, block in self._counts.blocks():
            times = np.ceil(block.data).astype(np.int64)  # counts may be fractions
            for first, last in itertools.pairwise(block.indptr.tolist()):
                tokens = np.repeat(block.indices[first:last], times[first:last])
                yield [str(word) for word in self._random.permutation(tokens)]


def word_vectors(counts: Counts, n_dimensions: int, generator: torch.Generator) -> Tensor:
    """Skip-gram vectors with negative sampling (Mikolov et al. 2013), (V, E); zero for a word that is in no document.

    Counts have no order, so a word's neighbours are words of its document drawn at random: the vectors encode which
    words share documents, as topics do.
    """
    from gensim.models import Word2Vec

    seed = int(torch.randint(np.iinfo(np.int32).max, (), generator=generator))
    model = Word2Vec(vector_size=n_dimensions, sg=1, min_count=1, sample=0, workers=1, seed=seed)
    bags = _Bags(counts, seed)
    model.build_vocab(bags)
    model.train(bags, total_examples=model.corpus_count, epochs=_EPOCHS)
    vectors = torch.zeros(counts.shape[1], n_dimensions)
    words = torch.tensor([int(word) for word in model.wv.index_to_key])
    vectors[words] = torch.from_numpy(model.wv.vectors)
    return vectors
