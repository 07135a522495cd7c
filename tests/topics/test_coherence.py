"""Coherence against gensim, against windows counted one by one, and by hand."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.tokenisation.token_stream import Block
from neuraltopic.topics import coherence
from neuraltopic.topics.co_occurrence import WHOLE_DOCUMENT, count_windows
from neuraltopic.topics.coherence import coherence_of_blocks, document_npmi, topic_coherence

GENSIM = {"npmi": "c_npmi", "c_v": "c_v", "umass": "u_mass", "uci": "c_uci"}


def gensim_coherence(topics, texts, name, **options):
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    dictionary = Dictionary(texts)
    model = CoherenceModel(topics=topics, texts=texts, dictionary=dictionary, coherence=name, processes=1, **options)
    return model.get_coherence_per_topic()


def zipf_texts(n_texts, n_words, longest, seed):
    """Texts with frequent repeats, from empty to `longest`, some exactly of a window's length."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, longest, n_texts)
    lengths[:5] = [0, 1, 9, 10, 110]
    p = 1.0 / np.arange(1, n_words + 1)
    return [[f"w{w}" for w in rng.choice(n_words, n, p=p / p.sum())] for n in lengths]


def each_window(document, window):
    """The words that gensim takes to be in each window: it forgets a word when any copy of it falls out."""
    if len(document) <= window:
        return [set(document)]
    seen = [set(document[:window])]
    for start in range(1, len(document) - window + 1):
        seen.append((seen[-1] - {document[start - 1]}) | {document[start + window - 1]})
    return seen


@pytest.mark.parametrize(("longest", "seed"), [(12, 0), (300, 1)])
def test_as_gensim_has_it(longest, seed):
    texts = zipf_texts(80, 40, longest, seed)
    seen = {word for text in texts for word in text}
    rng = np.random.default_rng(seed)
    topics = [[f"w{w}" for w in rng.permutation(40) if f"w{w}" in seen][:7] for _ in range(6)]
    found = topic_coherence(topics, texts)
    for ours, theirs in GENSIM.items():
        np.testing.assert_allclose(getattr(found, ours), gensim_coherence(topics, texts, theirs), rtol=0, atol=1e-10)
    in_documents = gensim_coherence(topics, texts, "c_npmi", window_size=1000)
    np.testing.assert_allclose(found.npmi_document, in_documents, rtol=0, atol=1e-10)
    assert np.ptp(found.npmi) > 0.01


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(-1, 5), max_size=12), min_size=1, max_size=8),
    st.integers(1, 13),
    st.lists(st.permutations(range(7)), min_size=1, max_size=3),
    st.integers(1, 4),
)
def test_windows_are_those_counted_one_by_one(documents, window, orders, n):
    lists = np.array([order[:n] for order in orders])
    lists[-1, n // 2 + 1 :] = -1
    seen = [words for document in documents for words in each_window(document, window)]
    cut = len(documents) // 2
    blocks = [
        Block(np.array([word for document in part for word in document], np.int32), np.cumsum([0, *map(len, part)]))
        for part in (documents[:cut], documents[cut:])
    ]
    done = []
    counts = count_windows(blocks, lists, (window,), report=done.append)[window]
    assert counts.n_windows == len(seen)
    assert done == [cut, len(documents)]
    for k, words in enumerate(lists.tolist()):
        for i, a in enumerate(words):
            for j, b in enumerate(words):
                expected = sum(a in each and b in each for each in seen) if min(a, b) >= 0 else 0
                assert counts.pairs[k, i, j] == expected
    np.testing.assert_array_equal(counts.words, np.diagonal(counts.pairs, axis1=1, axis2=2))


def test_npmi_by_hand():
    """a and b only together, in half of the texts; c and d independent; e and f never together, in a quarter each."""
    texts = [["a", "b", "c", "d"], ["a", "b", "c", "e"], ["d", "f"], ["x"]]
    found = topic_coherence([["a", "b"], ["c", "d"], ["e", "f"]], texts)
    never = -1 + math.log(1 / 16) / math.log(1e-12)
    for values in (found.npmi, found.npmi_document):
        np.testing.assert_allclose(values, [1.0, 0.0, never], atol=1e-9)
    np.testing.assert_allclose(found.uci, [math.log(2), 0.0, math.log(1e-12 * 16)], atol=1e-9)
    np.testing.assert_allclose(found.umass, [0.0, math.log(1 / 2), math.log(1e-12 * 4)], atol=1e-9)
    # e sees itself with 1 and f with `never`: the cosine of (1, never) with (1 + never, 1 + never).
    np.testing.assert_allclose(found.c_v, [1.0, math.sqrt(0.5), (1 + never) / math.hypot(1, never) / math.sqrt(2)])


def test_never_together_comes_near_minus_one_as_words_grow_frequent():
    found = [topic_coherence([["a", "b"]], [["a"], ["b"], *[["x"]] * rest]).npmi[0] for rest in (1000, 100, 10, 0)]
    assert all(np.diff(found) < 0)
    assert found[-1] == pytest.approx(-0.95, abs=1e-3)


def test_finite_where_gensim_is_not():
    """w is in gensim's dictionary, and in no text."""
    texts = [["a", "b"], ["a", "b"], ["c"]]
    topics = [["a", "w"], ["w", "a"], ["a"], ["w"], ["a", "b", "w"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = topic_coherence(topics, texts)
    least = math.log(1e-12)
    np.testing.assert_allclose(found.npmi, [-1, -1, 0, 0, -1 / 3], atol=1e-9)
    np.testing.assert_allclose(found.npmi_document, found.npmi, atol=1e-12)
    np.testing.assert_allclose(found.uci, [least, least, 0, 0, (math.log(1.5) + 2 * least) / 3], atol=1e-9)
    never = math.log(1e-12 / (2 / 3))
    np.testing.assert_allclose(found.umass, [never, 0, 0, 0, (0 + 2 * never) / 3], atol=1e-9)
    np.testing.assert_allclose(found.c_v, [0.5, 0.5, 1, 0, 2 / 3], atol=1e-9)


def test_a_list_of_one_word_leaves_the_others_as_they_were():
    texts = zipf_texts(30, 12, 40, 2)
    long = ["w1", "w2", "w5", "w0"]
    alone, beside = topic_coherence([long], texts), topic_coherence([["w3"], long], texts)
    for name, values in alone.to_dict().items():
        assert beside.to_dict()[name][1] == pytest.approx(values[0], abs=1e-12)


def test_document_npmi_needs_only_counts():
    texts = zipf_texts(60, 15, 30, 3)
    lists = np.array([[0, 1, 2], [5, 4, 9]])
    counts = np.array([[text.count(f"w{w}") for w in range(15)] for text in texts])
    expected = topic_coherence([[f"w{w}" for w in row] for row in lists], texts).npmi_document
    np.testing.assert_allclose(document_npmi(lists, Counts.from_scipy(counts)), expected, atol=1e-12)


def test_words_beyond_any_list_and_empty_blocks():
    lists = np.array([[0, 1]])
    empty = Block(np.zeros(0, np.int32), np.zeros(1, np.int64))
    words = Block(np.array([0, 7, 1, -1], np.int32), np.array([0, 3, 4]))
    found = count_windows([empty, words], lists, (2, WHOLE_DOCUMENT))
    assert (found[2].n_windows, found[WHOLE_DOCUMENT].n_windows) == (3, 2)
    assert found[2].pairs.tolist() == [[[1, 0], [0, 1]]]
    assert found[WHOLE_DOCUMENT].pairs.tolist() == [[[1, 1], [1, 1]]]


def test_lists_without_a_word_have_nothing_to_count():
    found = coherence_of_blocks(np.full((2, 3), -1), [Block(np.array([0, 1]), np.array([0, 2]))])
    for values in found.to_dict().values():
        np.testing.assert_array_equal(values, [0.0, 0.0])


@pytest.mark.parametrize("topics", [[], [[]], [["a", "a"]], ["words"]])
def test_bad_lists(topics):
    with pytest.raises(UsageError, match=r"^topic"):
        topic_coherence(topics, [["a"]])


def test_no_documents():
    with pytest.raises(NeuralTopicError, match="reference documents: expected at least one"):
        topic_coherence([["a"]], [])
    with pytest.raises(NeuralTopicError, match="reference documents"):
        document_npmi(np.array([[0]]), Counts.from_scipy(np.zeros((0, 2))))


def test_constants_are_gensims():
    from gensim.models.coherencemodel import SLIDING_WINDOW_SIZES
    from gensim.topic_coherence.direct_confirmation_measure import EPSILON

    assert (SLIDING_WINDOW_SIZES["c_npmi"], SLIDING_WINDOW_SIZES["c_uci"]) == (coherence.NPMI_WINDOW,) * 2
    assert (SLIDING_WINDOW_SIZES["c_v"], EPSILON) == (coherence.C_V_WINDOW, coherence.EPSILON)
