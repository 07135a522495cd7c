"""The figures on real documents are those that the same protocol gave by gensim and scikit-learn alone."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer

from neuraltopic.evaluate import Labelled
from neuraltopic.evaluate.completion import split_tokens
from neuraltopic.evaluate.documents import cluster_figures, supervised_figures
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.coherence import document_npmi
from neuraltopic.topics.diversity import diversity
from neuraltopic.topics.words.ranking import top_words

# scikit-learn's NMF of the tf-idf of 20 Newsgroups, 50 topics, seed 0, measured before this code was written.
EXPECTED = {
    "purity": 0.489,
    "nmi": 0.403,
    "kmeans_purity": 0.340,
    "kmeans_nmi": 0.343,
    "kmeans_unit_nmi": 0.381,
    "probe_accuracy": 0.681,
    "precision_at_10": 0.533,
}


@pytest.mark.slow
def test_nmf_of_twenty_newsgroups(data_folder, one_thread):
    folder = data_folder / "20ng-v5000"
    training, held_out = (sparse.load_npz(folder / f"{part}_bow.npz") for part in ("train", "test"))
    known, labels = ((folder / f"{part}_labels.txt").read_text().split() for part in ("train", "test"))
    tf_idf = TfidfTransformer().fit(training)
    nmf = NMF(50, random_state=0)
    vectors = Labelled(nmf.fit_transform(tf_idf.transform(training)), known)
    others = Labelled(nmf.transform(tf_idf.transform(held_out)), labels)
    lists = top_words(nmf.components_, 10)
    assert document_npmi(lists, Counts.from_scipy(training)).mean() == pytest.approx(0.328, abs=0.001)
    # One word of the 500 is 0.002; rounding may swap words that are nearly level.
    assert diversity(lists) == pytest.approx(0.862, abs=0.003)
    figures = cluster_figures(others, others.vectors.argmax(1), seed=0) + supervised_figures(vectors, others, seed=0)
    found = {figure.metric: figure.value for figure in figures}
    for metric, expected in EXPECTED.items():
        assert found[metric] == pytest.approx(expected, abs=0.002)
    _, scored = split_tokens(Counts.from_scipy(held_out), 0)
    unigram = np.asarray(training.sum(0)).ravel() / training.sum()
    tokens = scored.word_totals()
    # Another random half: the corpus of 7,532 documents moves it by less than 1%.
    assert np.exp(-(tokens @ np.log(unigram)) / tokens.sum()) == pytest.approx(2351, rel=0.01)
