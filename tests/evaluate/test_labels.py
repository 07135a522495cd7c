"""Labels, wherever they come from."""

import json
import shutil

import numpy as np
import pytest

from neuraltopic import TopicModel
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.evaluate import Labelled, training_vectors
from neuraltopic.evaluate.labels import column_of, label_texts, numbered_labels
from neuraltopic.preprocessing.preprocessor import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run
from tests.tiny_corpus import sentences


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a CSV whose column `topic` is called as one of ours; rows 0 and 1 are not kept."""
    folder = tmp_path_factory.mktemp("run")
    lines = ["text,topic,kind", ",9,a", f"{sentences()[1]},1,a", f"{sentences()[1]},1,"]
    lines += [f"{text},{number % 3},b" for number, text in enumerate(sentences()[2:], start=2)]
    (folder / "posts.csv").write_text("\n".join(lines))
    model = TopicModel(3, preprocessing=Preprocessing(min_df=1), max_epochs=1, random_state=0)
    return fit_run(model, open_corpus(folder / "posts.csv"), folder / "run").folder


def test_the_vectors_of_a_run_and_their_labels(run):
    found = training_vectors(run, "topic")
    np.testing.assert_array_equal(found.vectors, np.load(run / "vectors.npy"))
    assert found.labels == [str(number % 3) for number in range(1, 60)]
    kinds = training_vectors(run, "kind")
    assert (kinds.labels[0], len(kinds.known().labels)) == ("a", 59)
    assert training_vectors(run) is None


def test_a_label_that_is_missing(run):
    some = Labelled(np.arange(6).reshape(3, 2), ["a", None, "b"]).known()
    assert (some.vectors.tolist(), some.labels) == ([[0, 1], [4, 5]], ["a", "b"])
    with pytest.raises(NeuralTopicError, match="one for each of 3 vectors; got 1"):
        Labelled(np.zeros((3, 2)), ["a"])


@pytest.mark.parametrize(
    ("name", "content"),
    [("vectors.npy", b"\x93NUMPY damaged"), ("vectors.npy", None), ("ledger.csv", b"id,topic\n1,2\n")],
)
def test_a_damaged_run(run, tmp_path, name, content):
    shutil.copytree(run, tmp_path / "run")
    if content is None:
        np.save(tmp_path / "run" / name, np.zeros((4, 3), np.float32))
    else:
        (tmp_path / "run" / name).write_bytes(content)
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    facts["files"][name]["bytes"] = (tmp_path / "run" / name).stat().st_size
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    with pytest.raises(NeuralTopicError):
        training_vectors(tmp_path / "run", "topic")


def test_a_model_folder_has_no_vectors(run):
    with pytest.raises(UsageError, match="a run folder"):
        training_vectors(run / "model", "topic")


def test_labels_as_text():
    values = [3, 3.0, np.float64(3.0), "3", 2.5, True, "", None, float("nan")]
    assert label_texts(values) == ["3", "3", "3", "3", "2.5", "True", None, None, None]


def test_the_column():
    assert column_of(["source", "label"], None, "c") == "label"
    assert column_of(["source"], None, "c") is None
    assert column_of(["source"], "source", "c") == "source"
    with pytest.raises(UsageError, match="label: expected a column of c: source; got 'kind'"):
        column_of(["source"], "kind", "c")
    with pytest.raises(UsageError, match="it has none but the text"):
        column_of([], "kind", "c")


def test_numbers_are_shared_by_the_groups():
    first, second = numbered_labels(["b", "a", "b"], ["c", "a"])
    assert (first.tolist(), second.tolist()) == ([1, 0, 1], [2, 0])
