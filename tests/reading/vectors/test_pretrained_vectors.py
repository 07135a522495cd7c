"""Word vectors from files and mappings, in every format that gensim writes."""

import gzip

import numpy as np
import pytest
from gensim.models import KeyedVectors

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.vectors.pretrained_vectors import (
    covered_share,
    fingerprint,
    read_word_vectors,
    require_matrix,
    require_source,
    word_matrix,
)

WORDS = ("moon", "orbit", "café", "3")
VECTORS = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)


@pytest.fixture
def keyed():
    made = KeyedVectors(5)
    made.add_vectors(list(WORDS), VECTORS)
    return made


def write(path, keyed, form):
    keyed.save_word2vec_format(str(path), binary=form.startswith("binary"), write_header=not form.startswith("glove"))
    if form.endswith("gz"):
        packed = path.with_suffix(".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        return packed
    return path


@pytest.mark.parametrize("form", ["text", "binary", "glove", "text gz", "binary gz", "glove gz"])
def test_every_format_gives_the_same_vectors(tmp_path, keyed, form):
    path = write(tmp_path / "vectors", keyed, form)
    found = word_matrix(path, ["orbit", "moon", "xylophone", "café"])
    np.testing.assert_allclose(found[[0, 1, 3]], VECTORS[[1, 0, 2]], rtol=1e-6)
    assert np.isnan(found[2]).all()
    assert word_matrix(str(path), ["orbit"]).dtype == np.float32


def test_a_mapping_and_keyed_vectors_give_the_same(keyed):
    mapping = dict(zip(WORDS, VECTORS.tolist(), strict=True))
    np.testing.assert_array_equal(word_matrix(keyed, ["3", "x", "moon"]), word_matrix(mapping, ["3", "x", "moon"]))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (3, "expected a path, gensim's KeyedVectors, or a mapping of word to vector; got int"),
        (VECTORS, "got ndarray. Give vectors by word"),
        ({"x": [1.0]}, "got a vector of none of the words"),
        ({"moon": [1.0, 2.0], "orbit": [1.0]}, r"all of one length; got \(1,\) and \(2,\)"),
        ({"moon": 1.0}, r"all of one length; got \(\)"),
        ({"moon": [np.nan, 2.0]}, "expected finite numbers"),
    ],
)
def test_what_holds_no_vectors_is_refused(source, said):
    with pytest.raises(UsageError, match=f"word_vectors: .*{said}"):
        word_matrix(source, WORDS)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none", None, "No such file"),
        ("empty", b"", "a first line b''"),
        ("words", b"moon\norbit\n", "a first line b'moon'"),
        ("prose", b"the moon is near\n", "a first line b'the moon"),
        ("latin", b"caf\xe9 1 2\n", "a first line"),
        ("short", b"3 2\nmoon 1 2\n", "unexpected end of input"),
        ("cut", b"2 5\n" + b"moon " + bytes(7), "unexpected end of input"),
        ("uneven", b"moon 1 2 3\norbit 1 2\n", "."),
        ("packed.gz", b"no gzip", "."),
    ],
)
def test_a_file_that_holds_none_is_named(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=rf"word vectors {path}: expected vectors in word2vec's .*; got .*{said}"):
        read_word_vectors(path)


def test_a_source_is_looked_at_before_the_work(tmp_path, keyed):
    require_source(keyed)
    require_source({})
    with pytest.raises(UsageError, match="No such file"):
        require_source(tmp_path / "none")
    with pytest.raises(UsageError, match="got list"):
        require_source([1])


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ("abc", "got str. Give numbers"),
        ([1.0, 2.0], r"got the shape \(2,\)"),
        (np.zeros((3, 0)), r"got the shape \(3, 0\)"),
        ([[1.0, np.nan]], "expected rows of finite numbers, or of NaN"),
        ([[np.inf, 1.0]], "expected rows of finite numbers, or of NaN"),
    ],
)
def test_an_array_of_something_else_is_refused(vectors, said):
    with pytest.raises(UsageError, match=f"word_vectors: .*{said}"):
        require_matrix(vectors)


def test_share_of_the_tokens_by_hand():
    vectors = np.array([[1.0, 2.0], [np.nan, np.nan], [0.0, 0.0]], np.float32)
    assert covered_share(vectors, np.array([3.0, 4.0, 1.0])) == 0.5
    with pytest.raises(NeuralTopicError, match=r"at least 50% of the tokens; got 42.9%, 2 of 3 words"):
        covered_share(vectors, np.array([2.0, 4.0, 1.0]))
    with pytest.raises(UsageError, match=r"expected 2 rows, one a column of X; got 3"):
        covered_share(vectors, np.array([2.0, 4.0]))


def test_fingerprints_differ_where_the_vectors_do(tmp_path, keyed):
    mapping = dict(zip(WORDS, VECTORS, strict=True))
    assert fingerprint(keyed) == fingerprint(mapping) == fingerprint(dict(reversed(mapping.items())))
    assert fingerprint(mapping | {"moon": VECTORS[1]}) != fingerprint(mapping)
    path = write(tmp_path / "vectors", keyed, "text")
    assert fingerprint(path) == fingerprint(str(path))
    assert len(fingerprint(path)) == 64
