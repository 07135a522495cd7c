"""`neuraltopic fit --recipe etm --word-vectors`."""

import json

import numpy as np
import pytest
from gensim.models import KeyedVectors

from tests.cli.conftest import FAST
from tests.tiny_corpus import THEMES

WORDS = " ".join(THEMES).split()


@pytest.fixture
def vectors(tmp_path):
    keyed = KeyedVectors(4)
    keyed.add_vectors(WORDS[1:], np.random.default_rng(0).normal(size=(len(WORDS) - 1, 4)))
    keyed.save_word2vec_format(str(tmp_path / "vectors.bin"), binary=True)
    return tmp_path / "vectors.bin"


def test_vectors_of_a_file_are_taken_and_what_they_cover_is_noted(call, corpus, vectors, tmp_path):
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--recipe", "etm", "--word-vectors", vectors)
    assert result.code == 0
    note = "note: --word-vectors: they cover 93.1% of the tokens; 1 of 15 words have none and learn their own"
    assert [line for line in result.err.splitlines() if line.startswith("note")] == [note]
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert list(facts["parameters"]["word_vectors"]) == ["sha256"]
    assert call("embed", tmp_path / "run", corpus, "-o", tmp_path / "vectors", "--quiet").code == 0
    assert call("inspect", tmp_path / "run", "--verify").out.splitlines()[1].startswith("model      etm, 3 topics")


def test_vectors_that_cannot_be_used_are_refused_in_a_line(call, corpus, vectors, tmp_path):
    def refused(code, said, *arguments):
        result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--quiet", *arguments)
        assert (result.code, result.err.count("\n")) == (code, 1)
        assert said in result.err
        assert not (tmp_path / "run").exists()

    refused(2, "--word-vectors: expected the recipe etm; got semi_amortised_prodlda.", "--word-vectors", vectors)
    refused(2, f"word vectors {tmp_path}: expected vectors", "--recipe", "etm", "--word-vectors", tmp_path)
    (tmp_path / "glove.txt").write_text("rocket 1 2\n")
    said = "--word-vectors: expected vectors of the words of at least 50% of the tokens; got 6."
    refused(1, said, "--recipe", "etm", "--word-vectors", tmp_path / "glove.txt")
