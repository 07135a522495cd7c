"""The evidence of words: from the shares of the encoder in the training documents, earlier ones included."""

import copy

import numpy as np
import pytest

from neuraltopic import DocumentVAE
from neuraltopic.estimators.counts import word_evidence
from neuraltopic.topics.documents.word_information import word_information

# Three themes of five words, and a word of all documents.
_RNG = np.random.default_rng(0)
_THEMES = np.zeros((90, 3, 5), np.int64)
_THEMES[np.arange(90), np.arange(90) % 3] = _RNG.multinomial(8, np.full(5, 0.2), 90)
COUNTS = np.concatenate([_THEMES.reshape(90, 15), _RNG.integers(1, 4, (90, 1))], 1)
LATER = COUNTS[:30]


def small(**parameters):
    chosen = {"n_components": 3, "max_epochs": 20, "batch_size": 16, "device": "cpu", "random_state": 0}
    return DocumentVAE(**chosen | parameters)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(COUNTS)


def evidence(model):
    return model.vae_.decoder.evidence.numpy()


def documents_of(model, counts):
    """Expected documents of each topic with each word, and mean shares, by the definition."""
    shares = model.amortised_shares(model._counts(counts, fitting=False), None).astype(np.float64)
    return shares.T @ (counts > 0), shares.mean(0)


def test_evidence_is_the_information_of_the_words(fitted):
    np.testing.assert_allclose(evidence(fitted), word_information(*documents_of(fitted, COUNTS)), rtol=1e-5)


def test_a_word_of_all_documents_says_little(fitted):
    found = evidence(fitted)
    assert found[-1] < 0.01
    assert found[:-1].min() > 0.3  # a word in 30 documents, of which a fully known topic has log 3 = 1.1 nats


def test_shares_of_the_encoder_do_not_depend_on_the_evidence(fitted):
    """Those of refined documents do: here of two themes each."""
    model, mixed = copy.deepcopy(fitted), COUNTS[:45] + COUNTS[1:46]
    counts = model._counts(mixed, fitting=False)
    alone, refined = model.amortised_shares(counts, None), model.document_weights(model.transform(mixed))
    assert np.abs(alone - refined).max() > 0.01
    model.vae_.decoder.weigh(model.vae_.decoder.evidence.flip(0))
    np.testing.assert_array_equal(model.amortised_shares(counts, None), alone)
    assert np.abs(model.document_weights(model.transform(mixed)) - refined).max() > 0.01


def test_a_sample_stands_for_a_larger_corpus(monkeypatch):
    """Thirty of ninety documents, each for three."""
    monkeypatch.setattr(word_evidence, "_DOCUMENTS", 30)
    model = small().fit(COUNTS)
    rows = np.unique(np.linspace(0, 89, 30).astype(np.int64))
    documents, share = documents_of(model, COUNTS[rows])
    np.testing.assert_allclose(evidence(model), word_information(3 * documents, share), rtol=1e-5)


def test_an_update_counts_all_documents(fitted):
    model = copy.deepcopy(fitted).partial_fit(LATER)
    documents, share = documents_of(model, LATER)
    expected = word_information(fitted.explained_ + documents, (90 * fitted.share_ + 30 * share) / 120)
    np.testing.assert_allclose(evidence(model), expected, rtol=1e-4)


@pytest.mark.parametrize("recipe", ["dirichlet_vae_laplace", "adversarial"])
def test_recipes_that_do_not_refine_weigh_all_words_alike(recipe):
    assert evidence(small(recipe=recipe, max_epochs=2).fit(COUNTS)).tolist() == [1.0] * 16
