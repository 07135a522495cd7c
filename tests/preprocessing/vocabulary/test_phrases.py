import itertools

import numpy as np
import pytest
from gensim.models.phrases import Phrases, npmi_scorer
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.tokenisation.token_stream import Block
from neuraltopic.preprocessing.vocabulary import phrases
from neuraltopic.preprocessing.vocabulary.phrases import PairCounter, PhraseJoiner, npmi

N_WORDS = 4
documents = st.lists(st.lists(st.integers(-1, N_WORDS - 1), max_size=9), max_size=5)
pairs = st.sets(st.tuples(st.integers(0, N_WORDS - 1), st.integers(0, N_WORDS - 1)))


def block_of(documents) -> Block:
    tokens = np.array([word for document in documents for word in document], np.int32)
    return Block(tokens, np.cumsum([0, *map(len, documents)]))


def documents_of(block: Block) -> list[list[int]]:
    return [block.tokens[a:b].tolist() for a, b in zip(block.bounds[:-1], block.bounds[1:], strict=True)]


def joined_one_by_one(document, known):
    """The definition: from the left, a known pair is taken whole."""
    result, at = [], 0
    while at < len(document):
        pair = tuple(document[at : at + 2])
        result.append(N_WORDS + known.index(pair) if pair in known else document[at])
        at += 2 if pair in known else 1
    return result


@pytest.mark.parametrize(
    ("first", "second", "pair", "expected"),
    [(10, 10, 10, 1.0), (50, 20, 10, 0.0), (20, 20, 10, np.log(2.5) / np.log(10))],
)
def test_npmi_by_hand(first, second, pair, expected):
    score = npmi(np.array([first]), np.array([second]), np.array([pair]), 100)
    assert score == pytest.approx([expected], abs=1e-15)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1))
def test_npmi_is_gensims(counts):
    total = 10**7
    first, second, pair = (np.array(column) for column in zip(*counts, strict=True))
    expected = [npmi_scorer(a, b, ab, 0, 1, total) for a, b, ab in counts]
    np.testing.assert_allclose(npmi(first, second, pair, total), expected, rtol=0, atol=1e-12)


@given(documents, pairs)
def test_joining_is_greedy_from_the_left_and_stays_in_a_document(documents, pairs):
    known = sorted(pairs)
    join = PhraseJoiner(np.array([a * N_WORDS + b for a, b in known], np.int64), N_WORDS)
    given_block = block_of(documents)
    before = given_block.tokens.copy()
    joined = join(given_block)
    assert documents_of(joined) == [joined_one_by_one(document, known) for document in documents]
    assert given_block.tokens.tolist() == before.tolist()


@given(documents, st.integers(1, 3), st.integers(1, 3))
def test_pairs_are_counted_as_neighbours_whatever_the_blocks_and_shares(documents, cut, n_shares):
    word_counts = np.bincount([w for d in documents for w in d if w >= 0], minlength=N_WORDS)
    expected: dict[int, int] = {}
    for document in documents:
        for a, b in itertools.pairwise(document):
            if a >= 0 and b >= 0 and min(word_counts[a], word_counts[b]) >= 2:
                expected[a * N_WORDS + b] = expected.get(a * N_WORDS + b, 0) + 1
    counted: dict[int, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phrases, "PHRASE_MIN_COUNT", 2)
        for share in range(n_shares):
            counter = PairCounter(word_counts, (share, n_shares))
            counter.add(block_of(documents[:cut]))
            counter.add(block_of(documents[cut:]))
            counted |= dict(zip(counter._keys.tolist(), counter._counts.tolist(), strict=True))
    assert counted == expected


def test_phrases_are_frequent_and_score_enough():
    # 0 1 always together; 2 3 together less often than apart; 1 0 once, between documents never.
    documents = [[0, 1, -1]] * 12 + [[2, -1, 3]] * 40 + [[2, 3]] * 12 + [[1, 0]]
    block = block_of(documents)
    word_counts = np.bincount(block.tokens[block.tokens >= 0])
    counter = PairCounter(word_counts)
    counter.add(block)
    assert counter.phrases(len(block.tokens)).tolist() == [0 * N_WORDS + 1]


def test_phrases_are_those_that_gensim_finds():
    generator = np.random.default_rng(5)
    sentences = [generator.zipf(1.3, 40).clip(max=60).tolist() for _ in range(200)]
    sentences = [[*sentence, 61, 62] for sentence in sentences]
    theirs = Phrases(
        [[str(word) for word in sentence] for sentence in sentences],
        min_count=phrases.PHRASE_MIN_COUNT,
        threshold=phrases.PHRASE_MIN_NPMI,
        scoring="npmi",
        delimiter=" ",
    )
    block = block_of(sentences)
    counter = PairCounter(np.bincount(block.tokens, minlength=63))
    counter.add(block)
    found = {f"{key // 63} {key % 63}" for key in counter.phrases(len(block.tokens)).tolist()}
    assert "61 62" in found
    # gensim takes scores above the threshold, we those at it too: no score here lies on it.
    assert found == set(theirs.export_phrases())
