"""`--embed-with FOLDER` in fit, embed, evaluate and compare: what --embeddings gives with the same vectors."""

import json

import numpy as np
import pandas as pd
import pytest

from neuraltopic.reading.vectors.embedding_models import EmbeddingModel
from tests.cli.conftest import FAST
from tests.reading.vectors.test_embedding_models import static_model  # noqa: F401  # a fixture
from tests.tiny_corpus import sentences

FIT = (*FAST, "--device", "cpu", "-q")


def run(*arguments) -> int:
    from neuraltopic.cli import main

    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory, static_model):  # noqa: F811
    folder = tmp_path_factory.mktemp("data")
    model = EmbeddingModel(static_model)
    for name, n in (("train", 60), ("new", 12)):
        texts = sentences(n)
        ids = [f"{name}-{d}" for d in range(n)]
        pd.DataFrame({"id": ids, "text": texts, "label": [str(d % 3) for d in range(n)]}).to_csv(
            folder / f"{name}.csv", index=False
        )
        np.save(folder / f"{name}.npy", model.encode(texts))
    return folder


@pytest.fixture(scope="module")
def runs(data, static_model, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("runs")
    assert run("fit", data / "train.csv", "-o", folder / "by_model", "--embed-with", static_model, *FIT) == 0
    given = ("--embeddings", data / "train.npy", "--recipe", "contextual")
    assert run("fit", data / "train.csv", "-o", folder / "by_file", *given, *FIT) == 0
    return folder


def test_one_command_fits_contextual_to_the_same_bits_as_with_the_file(runs, static_model):  # noqa: F811
    facts = json.loads((runs / "by_model" / "run.json").read_text())
    assert facts["parameters"]["recipe"] == "contextual"
    digest = EmbeddingModel(static_model).sha256
    assert facts["embeddings"] == {"model": str(static_model), "kind": "model2vec", "sha256": digest}
    vectors = [np.load(runs / name / "vectors.npy") for name in ("by_model", "by_file")]
    np.testing.assert_array_equal(*vectors)


def test_embed_and_evaluate_answer_as_with_the_file(runs, data, static_model, tmp_path, capsys):  # noqa: F811
    of_run = runs / "by_model"
    assert run("embed", of_run, data / "new.csv", "-o", tmp_path / "a", "--embed-with", static_model, "-q") == 0
    assert run("embed", of_run, data / "new.csv", "-o", tmp_path / "b", "--embeddings", data / "new.npy", "-q") == 0
    np.testing.assert_array_equal(np.load(tmp_path / "a" / "vectors.npy"), np.load(tmp_path / "b" / "vectors.npy"))
    capsys.readouterr()
    found = []
    for option, value in (("--embed-with", static_model), ("--embeddings", data / "new.npy")):
        assert run("evaluate", of_run, data / "new.csv", option, value, "-q", "--json") == 0
        found.append(json.loads(capsys.readouterr().out)["figures"])
    assert found[0] == found[1]


@pytest.mark.slow
def test_compare_embeds_both_sides(data, static_model, tmp_path):  # noqa: F811
    sizes = ("--models", "contextual", "-k", 3, "--seeds", 1, "--min-df", 1, "-q", "--held-out", data / "new.csv")
    files = ("--embeddings", data / "train.npy", "--held-out-embeddings", data / "new.npy")
    for name, options in (("model", ("--embed-with", static_model)), ("files", files)):
        assert run("compare", data / "train.csv", "-o", tmp_path / name, *sizes, *options) == 0
    tables = [pd.read_csv(tmp_path / name / "comparison.csv") for name in ("model", "files")]
    values = [table[table["metric"].str.contains("npmi|diversity|purity")]["value"].to_numpy() for table in tables]
    assert len(values[0]) > 0
    np.testing.assert_array_equal(*values)


def test_both_at_once_and_standard_input_are_refused(data, static_model, tmp_path, capsys):  # noqa: F811
    both = ("--embed-with", static_model, "--embeddings", data / "train.npy")
    assert run("fit", data / "train.csv", "-o", tmp_path / "run", *both, *FIT) == 2
    assert "--embed-with: expected either it or embeddings" in capsys.readouterr().err
    assert run("fit", "-", "-o", tmp_path / "run", "--embed-with", static_model, *FIT) == 2
    assert "--embed-with: expected documents in files" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
