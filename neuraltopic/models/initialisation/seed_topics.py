"""Initial topics from seed words: the words of the documents that contain the seeds.

Axes: D documents, V words, K topics, G of them seeded.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from neuraltopic.models.initialisation.nmf_topics import log_lift
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds

# Number of documents with seeds, drawn at random if there are more.
_DOCUMENTS = 20_000
# Number of distinct seeds that a document must contain, if a topic has as many.
_SEEDS_TOGETHER = 2
# Cosine from which a topic found without seeds and the documents around seeds have the same theme. See
# tests/benchmarks/README.md.
_SAME = 0.5


def seeded_topics(
    topics: NDArray[np.floating], counts: Counts, seeds: Seeds, generator: torch.Generator
) -> NDArray[Any]:
    """Topics (K, V) with the seeded ones at their numbers.

    Each seeded topic is paired with one of `topics`, so that the sum of the cosines of the pairs is largest. If the two
    have the same theme it becomes the mean of both, otherwise it replaces the other.

    Parameters
    ----------
    topics : (K, V)
        Non-negative, as a factorisation of the corpus finds them.
    counts : Counts of shape (D, V)
    seeds : mapping of topic to columns
    generator : torch.Generator
        Draws documents from a large corpus.
    """
    around = _unit(around_seeds(counts, seeds, generator))
    found = _unit(topics)
    cosine = around @ found.T
    group, partner = linear_sum_assignment(-cosine)
    same = cosine[group, partner, None] >= _SAME
    seeded = np.where(same, around[group] + found[partner], around[group])
    out = np.empty_like(found)
    numbers = np.fromiter(seeds, np.int64, len(seeds))
    rest = np.setdiff1d(np.arange(len(found)), numbers)
    out[numbers] = seeded
    # A topic keeps its number where it can.
    free = np.setdiff1d(np.arange(len(found)), partner)
    stay = np.intersect1d(rest, free)
    out[stay] = found[stay]
    out[np.setdiff1d(rest, stay)] = found[np.setdiff1d(free, stay)]
    return out


def around_seeds(counts: Counts, seeds: Seeds, generator: torch.Generator) -> NDArray[np.float64]:
    """Mean tf-idf of the documents that hold several seeds of a topic, (G, V), weighted by the tf-idf of its seeds.

    If no document holds two seeds, documents with one count.
    """
    weighted = _tf_idf_of_holders(counts, seeds, generator)
    rows = []
    for columns in seeds.values():
        of_seeds = weighted[:, list(columns)]
        held = np.diff(of_seeds.indptr)
        together = min(_SEEDS_TOGETHER, int(held.max(initial=0)))
        share = np.where(held >= together, of_seeds.sum(axis=1), 0.0)
        rows.append((share @ weighted) / max(share.sum(), np.finfo(np.float64).tiny))
    return np.array(rows)


def _tf_idf_of_holders(counts: Counts, seeds: Seeds, generator: torch.Generator) -> sparse.csr_array:
    """tf-idf of the documents that hold a seed, in rows of length 1, with the document frequencies of all documents."""
    is_seed = np.zeros(counts.shape[1], bool)
    is_seed[[column for columns in seeds.values() for column in columns]] = True
    holders = [
        start + np.unique(np.repeat(np.arange(len(block)), np.diff(block.indptr))[is_seed[block.indices]])
        for start, block in counts.blocks()
    ]
    rows = np.concatenate(holders)
    if len(rows) > _DOCUMENTS:
        rows = rows[torch.randperm(len(rows), generator=generator)[:_DOCUMENTS].sort().values.numpy()]
    idf = np.log((1.0 + len(counts)) / (1.0 + counts.document_frequency())) + 1.0
    weighted = counts.rows(rows).to_scipy().astype(np.float64)
    weighted.data *= idf[weighted.indices]
    norm = np.sqrt(weighted.power(2).sum(axis=1))
    weighted.data /= np.repeat(norm, np.diff(weighted.indptr))
    return weighted


def raise_seeds(lift: Tensor, seeds: Seeds) -> Tensor:
    """Log lift (V, K), raised to at least `own_lift` for each seed in its topic."""
    least = own_lift(lift.shape[1])
    raised = lift.clone()
    for topic, columns in seeds.items():
        raised[list(columns), topic] = raised[list(columns), topic].clamp_min(least)
    return raised


def seed_log_lift(
    counts: Counts, seeds: Seeds, unigram: NDArray[np.floating], n_components: int, generator: torch.Generator
) -> Tensor:
    """Log lift of the words in the documents around the seeds of each seeded topic, (V, G), the seeds raised."""
    numbers = list(seeds)
    lift = torch.zeros(counts.shape[1], n_components)
    lift[:, numbers] = log_lift(around_seeds(counts, seeds, generator), unigram)
    return raise_seeds(lift, seeds)[:, numbers]


def own_lift(n_components: int) -> float:
    """log K, the log lift of a word that one of K equally large topics has for itself."""
    return math.log(n_components)


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norm, out=np.zeros_like(rows, np.float64), where=norm > 0)
