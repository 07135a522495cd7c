"""Our recipes, as a comparison sees them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from neuraltopic.compare.model import ComparedModel, FloatArray
from neuraltopic.document_vae import DocumentVAE
from neuraltopic.documents.batches import CountBatches
from neuraltopic.documents.counts import Counts
from neuraltopic.topics.document_weights import document_weights, energy_variance
from neuraltopic.topics.ranking import reliable_weights

# Documents scored at once; the answer does not depend on it.
_AT_ONCE = 1024


class RecipeModel(ComparedModel):
    """A `DocumentVAE` with the word lists and shares of a `TopicModel`."""

    packages = ("torch",)

    def __init__(self, recipe: str, n_components: int, seed: int) -> None:
        super().__init__()
        self._vae = DocumentVAE(n_components, recipe=recipe, device="cpu", random_state=seed)
        self.settings = {"class": "neuraltopic.DocumentVAE", **self._vae.get_params()}

    def fit(self, counts: Counts, words: Sequence[str]) -> None:
        """Train, with the recipe's own schedule."""
        self._vae.fit(counts)
        self._word_totals = counts.word_totals()

    def word_scores(self) -> FloatArray:
        """As `TopicModel.word_weights` ranks words."""
        return reliable_weights(self._vae.components_, self._vae.bias_, self._word_totals)

    def vectors(self, counts: Counts) -> FloatArray:
        """Posterior means."""
        return self._vae.transform(counts)

    def shares(self, vectors: FloatArray) -> FloatArray:
        """As `TopicModel.topic_weights` shares a document among topics."""
        return document_weights(vectors, energy_variance(self._vae.components_, self._vae.bias_))

    def log_likelihood(self, vectors: FloatArray, counts: Counts) -> NDArray[np.float64]:
        """Of the decoder (17.14) at the posterior mean."""
        batches = CountBatches(counts, device=torch.device("cpu"))
        result = np.empty(len(counts))
        with torch.no_grad():
            for rows in torch.arange(len(counts)).split(_AT_ONCE):
                z = torch.from_numpy(np.asarray(vectors[rows.numpy()], np.float32))
                result[rows.numpy()] = self._vae.vae_.log_likelihood(z[None], batches.batch(rows))[0].double()
        return result

    def bound(self, counts: Counts) -> NDArray[np.float64]:
        """The ELBO (17.11)."""
        return self._vae.bound(counts)
