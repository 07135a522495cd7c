"""Our recipes, as a comparison sees them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuraltopic.compare.models.protocol import ComparedModel, Embeddings, FloatArray
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts


class RecipeModel(ComparedModel):
    """A `DocumentVAE` that ranks words and assigns documents to topics as a `TopicModel` does."""

    packages = ("torch",)

    def __init__(self, recipe: str, n_components: int, seed: int) -> None:
        super().__init__()
        self.reads_embeddings = find_recipe(recipe).takes("embeddings")
        self._vae = DocumentVAE(n_components, recipe=recipe, device="cpu", random_state=seed)
        self.settings = {"class": "neuraltopic.DocumentVAE", **self._vae.get_params()}

    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Train, with the recipe's own schedule."""
        self._fitted = self._vae.fit_transform(counts, embeddings=self._read(embeddings))
        self._word_totals = counts.word_totals()

    def word_scores(self) -> FloatArray:
        """The recipe's own ranking."""
        return self._vae.word_weights(self._word_totals)

    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """As search takes them."""
        return self._vae.transform(counts, embeddings=self._read(embeddings))

    def topics_of(self, vectors: FloatArray, counts: Counts) -> NDArray[np.int64]:
        """As a `TopicModel` lists them."""
        return self._vae.topics_of(counts, vectors)

    def usage(self, counts: Counts, embeddings: Embeddings = None) -> tuple[FloatArray, NDArray[np.int64]]:
        """By the vectors that the fit gave."""
        topics = self._vae.topics_of(counts, self._fitted)
        return self._vae.share_, np.bincount(topics, minlength=len(self._vae.share_))

    def log_likelihood(self, vectors: FloatArray, counts: Counts) -> NDArray:
        """Of the decoder at the vectors."""
        return self._vae.log_likelihood(counts, vectors)

    def bound(self, counts: Counts, embeddings: Embeddings = None) -> NDArray:
        """The ELBO (17.11)."""
        return self._vae.bound(counts, embeddings=self._read(embeddings))

    def _read(self, embeddings: Embeddings) -> Embeddings:
        return embeddings if self.reads_embeddings else None
