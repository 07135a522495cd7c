"""A cluster of two workers on this machine: the result of one process, also where workers are killed."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from neuraltopic import TopicModel
from neuraltopic.cluster.ray_cluster import connected
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.preprocessing.tokenisation import processes
from neuraltopic.preprocessing.tokenisation.cutter import Cutter
from neuraltopic.preprocessing.tokenisation.processes import numbered_in_processes
from neuraltopic.preprocessing.tokenisation.token_stream import FormIds
from neuraltopic.preprocessing.tokenisation.tokenisers import BlankTokeniser
from tests.cluster import corpus

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # of Ray

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def cluster():
    """Two workers, which a fit with any address then uses."""
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = ROOT if path is None else f"{ROOT}{os.pathsep}{path}"
    with connected("local", 2, 2) as started:
        yield started
    os.environ.pop("PYTHONPATH")
    if path is not None:
        os.environ["PYTHONPATH"] = path


@pytest.fixture
def short_pieces(monkeypatch):
    monkeypatch.setattr(processes, "_ALONE", 1000)
    monkeypatch.setattr(processes, "_SENT", 5000)


def test_pieces_come_back_in_order_also_of_a_worker_that_dies(cluster, tmp_path):
    assert list(cluster.map(corpus.squared, (tmp_path / "died", False), range(12))) == [n**2 for n in range(12)]
    assert (tmp_path / "died").exists()


def test_errors_of_a_piece(cluster, tmp_path):
    with pytest.raises(NeuralTopicError, match=r"^piece: expected another number; got 13\. Try 14\.$"):
        list(cluster.map(corpus.squared, (tmp_path / "died", False), [13]))
    with pytest.raises(NeuralTopicError, match=r"got 4 that died or failed, .* continue with resume=True"):
        list(cluster.map(corpus.squared, (tmp_path / "died", True), [7]))


def test_texts_are_cut_as_in_one_process_also_by_a_worker_that_dies(cluster, tmp_path, short_pieces):
    texts = [*corpus.texts(100), "a dying word", *corpus.texts(300)]

    def numbers(cutter, workers):
        ids = FormIds()
        blocks = list(numbered_in_processes(([text] for text in texts), cutter, ids, 1, workers))
        return list(ids), np.concatenate([block.tokens for block in blocks]).tolist()

    dying = corpus.DyingTokeniser(tmp_path / "died", "dying")
    assert numbers(Cutter(dying), cluster) == numbers(Cutter(BlankTokeniser()), None)
    assert (tmp_path / "died").exists()


def test_a_group_is_joined_and_the_first_process_reports(cluster):
    told = []
    cluster.run_group(corpus.summed, "shared", lambda: "state", lambda message: told.append(message) or True)
    assert told == [("state", 3.0, "shared")]


def processes_of_the_group():
    """Process ids of the actors that train, in the order of their start."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::_Process"):
            found.append(int(folder.name))
    return sorted(found)


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found in /proc")
def test_a_fit_is_that_of_one_process_also_where_a_training_process_is_killed(cluster, short_pieces):
    texts, killed, epochs = corpus.texts(), [], []

    def progress(stage, done, total):
        if stage == "training":
            epochs.append(done)
            if done == 2 and not killed:
                killed.append(processes_of_the_group()[-1])
                os.kill(killed[0], signal.SIGKILL)

    parameters = {"random_state": 0, "max_epochs": 10}
    with pytest.warns(NeuralTopicWarning, match=r"a training process failed .* from the last epoch"):
        found = TopicModel(4, **parameters).fit(texts, cluster="local", progress=progress)
    expected = TopicModel(4, **parameters, n_jobs=1).fit(texts)
    assert killed
    assert epochs[:3] == [0, 1, 2]
    assert epochs.count(0) == 1  # the second group goes on from a checkpoint
    assert epochs[-1] == 10
    assert found.vocabulary_ == expected.vocabulary_
    assert found.ledger_.equals(expected.ledger_)
    assert found.corpus_sha256_ == expected.corpus_sha256_
    np.testing.assert_allclose(found.components_, expected.components_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.vectors_, expected.vectors_, rtol=1e-2, atol=1e-3)
    bounds = [
        [[entry["train_bound"], entry["held_out_bound"]] for entry in model.document_vae_.history_]
        for model in (found, expected)
    ]
    np.testing.assert_allclose(*bounds, rtol=1e-6)


@pytest.mark.parametrize("shared", ["library", "other"])
def test_a_group_that_always_fails_ends(cluster, shared, monkeypatch):
    monkeypatch.setattr("neuraltopic.cluster.ray_cluster._REPEATED", 1)
    starts = []

    def state():
        starts.append(0)
        return "state"

    expected = {"library": "^counts: expected words; got none", "other": "got 2 that died or failed, .*no luck"}
    with pytest.raises(NeuralTopicError, match=expected[shared]):
        cluster.run_group(corpus.failing, shared, state, lambda _: False)
    assert len(starts) == {"library": 1, "other": 2}[shared]
