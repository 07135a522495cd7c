"""Seed words in a whole fit: the topics are where they were asked for, and the rest is as it would be."""

import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from neuraltopic import DocumentVAE, Preprocessing, TopicModel
from neuraltopic.documents.rows import Row  # noqa: F401
from neuraltopic.documents.settings import Preprocessing as Settings  # noqa: F401
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.recipes import RECIPES

pytestmark = pytest.mark.usefixtures("one_thread")

STEERED = [name for name, recipe in RECIPES.items() if recipe.takes_seeds]


def planted(n_documents=240, n_themes=4, words=8, length=14, together=(), seed=0):
    """Documents of one theme each, of `words` words of its own; those of two themes in `together` share half of both."""
    random = np.random.default_rng(seed)
    counts = np.zeros((n_documents, n_themes * words), np.int64)
    for d in range(n_documents):
        theme = d % n_themes
        own = random.multinomial(length, np.full(words, 1 / words))
        counts[d, theme * words : (theme + 1) * words] = own
        if theme in together:
            other = together[1 - together.index(theme)]
            counts[d, other * words : other * words + words // 2] += random.multinomial(
                length // 2, [2 / words] * (words // 2)
            )
    return counts


COUNTS = planted()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", STEERED)
def test_topics_stand_at_the_numbers_of_their_seeds(recipe):
    """Themes 0 to 3 asked for in another order than any: two seeds each of themes 2 and 0, at topics 3 and 1."""
    seeds = {3: [16, 18], 1: [0, 5]}
    vae = DocumentVAE(4, recipe=recipe, seed_words=seeds, random_state=0, device="cpu")
    topic = vae.fit_transform(COUNTS).argmax(1)
    for theme, number in ((2, 3), (0, 1)):
        assert (topic[theme::4] == number).mean() > 0.9, recipe
        ranks = (-vae.word_weights(COUNTS.sum(0))[number]).argsort().argsort()
        assert set(np.flatnonzero(ranks < 8)) == set(range(8 * theme, 8 * theme + 8))
    assert vae.seed_words is seeds


def split(seeds, n_components):
    """How well two halves of a joined theme are told apart by the largest topic."""
    counts = planted(together=(0, 1))
    vae = DocumentVAE(n_components, seed_words=seeds, random_state=0, device="cpu", validation_fraction=0.0)
    topic = vae.fit_transform(counts).argmax(1)
    return topic[0::4], topic[1::4], vae
