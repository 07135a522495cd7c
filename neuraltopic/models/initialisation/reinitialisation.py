"""Reinitialisation of dead topics during training.

A topic is dead when hardly any document is assigned to it: it may have started at noise, and a topic that explains
nothing gets no gradient. At two points of the fit each dead topic takes over a part of the topic whose division in two
gains most (`split_documents`). This is the split of the split-and-merge moves of mixtures (Ueda, Nakano, Ghahramani &
Hinton 2000); the merge has happened by itself.

The divided topic keeps its row of R, and the new one gets the log lift of the words of its part. Their encoder outputs
start equal, shifted by the linear function of the encoder's features that best separates the two parts.

Axes: D documents, V words, K topics, H features.
"""

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuraltopic.core.threads import in_threads
from neuraltopic.core.training import Trainer
from neuraltopic.core.vae import VAE
from neuraltopic.errors import NeuralTopicWarning, parameter
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.initialisation.nmf_topics import log_lift
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.diagnostics import largest_part
from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.editing.splits import Split, split_documents

# Fractions of the fit after which dead topics are reinitialised. A topic that starts late in the fit has no time to
# learn.
_POINTS = (0.25, 0.5)
# A topic is dead below this share of the documents of an average topic, and below this many documents, if half an
# average topic has as many.
_LEAST_SHARE = 0.1
_LEAST_DOCUMENTS = 5
# Number of documents used, evenly spaced in the corpus.
_DOCUMENTS = 20_000
# Number of the largest topics that may be split, in addition to the number of dead ones.
_TRIED = 10
# Shift of z of the documents of a part by the features, and the ridge on the features as a share of their variance.
_SEPARATION = 1.0
_RIDGE = 0.01
_AT_ONCE = 1024

Shares = Callable[[NDArray[np.floating]], NDArray[np.float32]]


@dataclass(frozen=True)
class Reinitialisation:
    """A callback between the epochs of a fit that reinitialises dead topics.

    Parameters
    ----------
    shares : callable
        Shares of the topics in documents, (D, K), from what the decoder sees of them, (D, K), under the current
        weights: see `TopicInterpretation.shares`.
    proportion_exponent : float
        See `TopicInterpretation.proportion_exponent`.
    token_weight : callable
        Weight of a token of each document, (D,), from the documents' lengths, (D,).
    kept : collection of int
        Topics that are never reinitialised, such as those with seed words.
    """

    shares: Shares
    proportion_exponent: float
    token_weight: Callable[[NDArray[np.floating]], NDArray[np.floating]]
    kept: Collection[int] = ()

    def __call__(self, trainer: Trainer) -> None:
        """Find and reinitialise dead topics, if the fit is at one of the points.

        Warns
        -----
        NeuralTopicWarning
            When most documents are assigned to one topic.
        """
        if trainer.epoch not in points(trainer.max_epochs):
            return
        model, data = trainer.model, trainer.data
        assert isinstance(data, CountBatches)
        K = model.latent.n_components
        sample = np.unique(np.linspace(0, len(data) - 1, min(len(data), _DOCUMENTS)).astype(np.int64))
        counts = data.counts.rows(data.rows[sample])
        shares = self.shares(_seen(model, data, sample))
        topics = DocumentAssignment.of(shares, counts, self.proportion_exponent).most_likely(
            shares, counts, self.proportion_exponent
        )
        n_documents = np.bincount(topics, minlength=K)
        if (part := largest_part(n_documents)) is not None:
            warnings.warn(
                f"after {trainer.epoch} of {trainer.max_epochs} epochs {part:.0%} of the documents are assigned to "
                f"one topic: stop and ask for fewer topics ({parameter('n_components')}), look at the most "
                "frequent words for stop words of another language, or try recipe prodlda",
                NeuralTopicWarning,
                stacklevel=2,
            )
        dead = [topic for topic in dead_topics(n_documents) if topic not in self.kept]
        if dead and self._start_afresh(trainer, data, dead, topics, sample, counts):
            # Weights from before are not kept as the best, however good their held-out bound.
            trainer.forget_best()

    def _start_afresh(
        self,
        trainer: Trainer,
        data: CountBatches,
        dead: list[int],
        topics: NDArray[np.int64],
        sample: NDArray[np.int64],
        counts: Counts,
    ) -> bool:
        """Divide topics for the dead ones, fewest documents first; return whether any could be divided."""
        matrix = counts.to_scipy().tocsr()
        weight = self.token_weight(counts.totals())
        totals = data.counts.word_totals() + 0.5
        unigram = totals / totals.sum()
        K = trainer.model.latent.n_components
        least = least_documents(len(sample), K)
        members = {topic: np.flatnonzero(topics == topic) for topic in range(K) if topic not in dead}
        splits: dict[int, Split | None] = {}
        found = False

        def divided(candidate: int) -> Split | None:
            rows = members[candidate]
            split = split_documents(matrix[rows], weight[rows], unigram)
            return split if split is not None and split.smaller.sum() >= least else None

        for topic in dead:
            largest = sorted(members, key=lambda k: (-len(members[k]), k))[: len(dead) + _TRIED]
            untried = [candidate for candidate in largest if candidate not in splits]
            splits.update(zip(untried, in_threads(divided, untried), strict=True))
            divisible = {candidate: split for candidate, split in splits.items() if split is not None}
            if not divisible:
                break
            source = max(divisible, key=lambda k: (divisible[k].information, -k))
            smaller, rows = divisible[source].smaller, members[source]
            words = matrix[rows[smaller]].sum(0)[None]
            take_over(trainer, topic, source, log_lift(words, unigram)[:, 0])
            separate(trainer.model, topic, source, data, sample[rows], smaller)
            members[topic], members[source] = rows[smaller], rows[~smaller]
            splits.pop(source)
            splits.pop(topic, None)
            found = True
        return found


def points(max_epochs: int) -> frozenset[int]:
    """The numbers of finished epochs at which dead topics are reinitialised, without 0 and the last."""
    return frozenset(round(point * max_epochs) for point in _POINTS) - {0, max_epochs}


def least_documents(n_documents: int, n_topics: int) -> float:
    """Smallest number of documents of a topic that is not dead: a tenth of an average topic's and at least 5, or half
    of an average topic's if that is less than 5."""
    average = n_documents / n_topics
    return min(max(_LEAST_DOCUMENTS, _LEAST_SHARE * average), 0.5 * average)


def dead_topics(n_documents: NDArray[np.integer]) -> list[int]:
    """Topics with fewer documents than `least_documents`, fewest first, from the documents of each, (K,)."""
    least = least_documents(int(n_documents.sum()), len(n_documents))
    return [int(topic) for topic in np.argsort(n_documents, kind="stable") if n_documents[topic] < least]


@torch.no_grad()
def take_over(trainer: Trainer, topic: int, source: int, lift: Tensor) -> None:
    """Set the energies of the words, (V,), of a topic, and copy the encoder outputs of another topic to it."""
    encoder: Any
    decoder: Any
    encoder, decoder = trainer.model.encoder, trainer.model.decoder
    K, optimiser = trainer.model.latent.n_components, trainer.optimiser
    decoder.weight[:, topic] = lift.to(decoder.weight)
    optimiser.copy_moments(decoder.weight, topic, source, dim=1)
    for first in (0, K):  # the mean, then the log variance
        encoder.copy_output(first + topic, first + source)
        norm = encoder.normalisation
        for tensor in (encoder.output.weight, encoder.output.bias, norm.scale, norm.shift):
            optimiser.copy_moments(tensor, first + topic, first + source)


@torch.no_grad()
def separate(
    model: VAE[Any],
    topic: int,
    source: int,
    data: CountBatches,
    rows: NDArray[np.int64],
    of_topic: NDArray[np.bool_],
) -> None:
    """Raise z of `topic` and lower that of `source` for documents of one part, and the other way round for the rest.

    The shift is the linear function of the encoder's features (n, H) that is closest to 1 in one part and -1 in the
    other (ridge regression). The source moves half as far, since it keeps the larger part.

    Parameters
    ----------
    rows : int array of shape (n,)
        The documents of both parts, by their places in `data`.
    of_topic : bool array of shape (n,)
        Those of `topic`.
    """
    features = torch.cat(list(_in_batches(model, data, rows, lambda batch: _features(model, batch))))
    ones = torch.cat([features, features.new_ones(len(features), 1)], 1).double()
    target = torch.from_numpy(np.where(of_topic, _SEPARATION, -_SEPARATION)).to(ones)
    ridge = _RIDGE * len(ones) * (ones.var(0, correction=0) + 1e-6)
    solution = torch.linalg.solve(ones.T @ ones + torch.diag(ridge), ones.T @ target).to(features)
    encoder: Any = model.encoder
    for output, sign in ((topic, 1.0), (source, -0.5)):
        encoder.shift_output(output, sign * solution[:-1], sign * solution[-1])


def _features(model: VAE[Any], batch: Any) -> Tensor:
    encoder: Any = model.encoder
    return encoder.features(batch).float()


def _seen(model: VAE[Any], data: CountBatches, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """What the decoder sees of the encoder's mean, (n, K): without refinement, which would take as long as an epoch."""

    def seen(batch: Any) -> Tensor:
        return model.latent.transform(model.posterior(batch).mean)

    return torch.cat(list(_in_batches(model, data, rows, seen))).cpu().numpy()


def _in_batches(model: VAE[Any], data: CountBatches, rows: NDArray[np.int64], function: Callable[[Any], Tensor]) -> Any:
    """The values of `function` for documents, one batch at a time, in eval mode and without a gradient."""
    was_training = model.training
    model.eval()
    model.latent.train()  # q is the encoder's output
    try:
        with torch.no_grad():
            for batch in torch.from_numpy(rows).split(_AT_ONCE):
                yield function(data.batch(batch))
    finally:
        model.train(was_training)
