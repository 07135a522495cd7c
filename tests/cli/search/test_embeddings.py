"""`--embed-with` and `--embeddings` of index, search and serve."""

import json
import shutil

import numpy as np
import pytest

from neuraltopic.cli import main
from neuraltopic.reading.vectors.embedding_models import EmbeddingModel
from neuraltopic.search import SearchIndex
from tests.cli.conftest import FAST
from tests.reading.vectors.test_embedding_models import static_model  # noqa: F401  # a fixture
from tests.tiny_corpus import sentences


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of the default recipe."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "texts.txt").write_text("\n".join(sentences()) + "\n")
    assert main(["fit", str(folder / "texts.txt"), "-o", str(folder / "run"), *FAST, "--quiet"]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def embedded(run, static_model, tmp_path_factory):  # noqa: F811
    """An index with embeddings that tests only read."""
    folder = tmp_path_factory.mktemp("indexes") / "index"
    assert main(["index", str(run), "-o", str(folder), "--embed-with", str(static_model), "--quiet"]) == 0
    return folder


def test_search_compares_embeddings_and_gives_them_as_a_reason(call, embedded, static_model):  # noqa: F811
    result = call("search", embedded, "rocket bread", "-n", 3, "--by", "embeddings")
    assert result.code == 0
    best = SearchIndex.open(embedded).answer("rocket bread", 3, by="embeddings").hits
    lines = result.out.splitlines()
    assert [line.split()[1] for line in lines if line[:3].strip().isdigit()] == [f"{hit.score:.3f}" for hit in best]
    assert lines[2].strip() == f"because of the embedding +{best[0].embedding:.2f}"
    assert "because of" in call("search", embedded, "rocket").out
    assert not result.err


def test_queries_in_a_file_of_embeddings_are_those_of_the_model(call, embedded, static_model, tmp_path, monkeypatch):  # noqa: F811
    (tmp_path / "queries").write_text("rocket\ngoal\n")
    np.save(tmp_path / "queries.npy", EmbeddingModel(static_model).encode(["rocket", "goal"]))
    found = []
    for options in ((), ("--embeddings", tmp_path / "queries.npy"), ("--embed-with", static_model)):
        with open(tmp_path / "queries") as queries:
            monkeypatch.setattr("sys.stdin", queries)
            found.append(call("search", embedded, "-", "--json", *options).out)
    assert json.loads(found[0].splitlines()[0])["hits"][0]["embedding"] > 0.0
    assert found[0] == found[1] == found[2]


def test_a_file_and_a_model_for_queries_are_refused(call, embedded, static_model, tmp_path):  # noqa: F811
    both = ("--embeddings", tmp_path / "queries.npy", "--embed-with", static_model)
    result = call("search", embedded, "rocket", *both)
    assert (result.code, result.out) == (2, "")
    assert "--embed-with: expected either it or --embeddings; got both" in result.err


def test_added_documents_are_embedded_as_the_others_are(call, run, embedded, static_model, tmp_path):  # noqa: F811
    shutil.copytree(embedded, tmp_path / "index")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.txt").write_text("rocket orbit")
    assert call("index", run, tmp_path / "new", "-o", tmp_path / "index", "--add").code == 0
    index = SearchIndex.open(tmp_path / "index")
    assert index.segments[1].documents.embeddings == pytest.approx(EmbeddingModel(static_model).encode(["rocket"]))
    plain = tmp_path / "plain"
    assert call("index", run, "-o", plain).code == 0
    result = call("index", run, tmp_path / "new", "-o", plain, "--add", "--embed-with", static_model)
    assert result.code == 2
    assert "expected none, as in the index; got some. Build the index again with --embed-with" in result.err


@pytest.mark.parametrize("verb", ["search", "serve"])
def test_a_model_for_an_index_without_embeddings_is_refused(call, run, static_model, tmp_path, verb):  # noqa: F811
    assert call("index", run, "-o", tmp_path / "index").code == 0
    arguments = ("rocket",) if verb == "search" else ("--port", "0")
    result = call(verb, tmp_path / "index", *arguments, "--embed-with", static_model)
    assert result.code == 2
    assert result.err.startswith("neuraltopic: --embed-with: expected an index with embeddings; got one without.")
    result = call("search", tmp_path / "index", "rocket", "--by", "embeddings")
    assert result.code == 2
    assert result.err.startswith("neuraltopic: --by: expected words, topics or hybrid for documents without embeddings")


def test_both_at_once_and_models_that_are_none_are_refused(call, run, static_model, tmp_path):  # noqa: F811
    both = ("--embed-with", static_model, "--embeddings", tmp_path / "x.npy")
    result = call("index", run, "-o", tmp_path / "index", *both)
    assert result.code == 2
    assert "--embed-with: expected either it or embeddings" in result.err
    result = call("index", run, "-o", tmp_path / "index", "--embed-with", tmp_path)
    assert result.code == 2
    assert f"embedding model {tmp_path}" in result.err
    assert not (tmp_path / "index").exists()
