"""A checkpoint is whole and of this fit, or it is refused. That it goes on to the same bits: test_document_vae.py."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from neuraltopic.core.objectives import ELBO
from neuraltopic.core.training import Schedule, Trainer
from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.checkpoints import Checkpoint
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from tests.parts import documents, generator


def trainer(n_components=2, seed=0):
    recipe = find_recipe("nvdm")
    counts = CountBatches(Counts.from_scipy(documents(8).numpy()))
    vae = recipe.build(7, n_components)
    recipe.initialise(vae, counts.counts, generator(seed), {})
    return Trainer(vae, counts, counts, ELBO(), Schedule(max_epochs=4, batch_size=3), generator(seed))


def state_bits(trainer):
    tensors, numbers = trainer.state()
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}, numbers


@pytest.fixture
def saved(tmp_path):
    run = trainer()
    run.run_epoch()
    Checkpoint(tmp_path / "c", "request").save(run)
    return run, tmp_path / "c"


def refused(path, run=None, request="request"):
    with pytest.raises(NeuralTopicError, match=r"expected the checkpoint of this fit; got .*Delete it") as raised:
        Checkpoint(path, request).restore(run or trainer())
    assert str(raised.value).startswith(str(path))


def test_all_of_the_state_comes_back(saved):
    run, path = saved
    other = trainer(seed=1)
    Checkpoint(path, "request").restore(other)
    assert state_bits(other) == state_bits(run)


def test_without_a_file_the_fit_stays_at_its_start(tmp_path):
    run = trainer()
    before = state_bits(run)
    Checkpoint(tmp_path / "none", "request").restore(run)
    assert state_bits(run) == before


def test_it_is_replaced_whole(saved, monkeypatch):
    run, path = saved
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            Checkpoint(path, "request").save(run)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["c"]


def test_another_request_is_refused_and_changes_nothing(saved):
    run = trainer(seed=1)
    before = state_bits(run)
    refused(saved[1], run, request="another")
    assert state_bits(run) == before


def test_another_model_is_refused(saved):
    refused(saved[1], trainer(n_components=3))


@pytest.mark.parametrize("length", [0, 1, 7, 8, 100, -1])
def test_a_shortened_file_is_refused(saved, length):
    path = saved[1]
    path.write_bytes(path.read_bytes()[:length])
    refused(path)


def test_a_file_of_something_else_is_refused(saved):
    path = saved[1]
    for content in (b"hello\n" * 100, b"\xff" * 100, path.read_bytes() + b"x"):
        path.write_bytes(content)
        refused(path)


def with_numbers(numbers):
    return torch.frombuffer(bytearray(json.dumps(numbers).encode()), dtype=torch.uint8)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.pop("numbers.json"),
        lambda t: t.pop("generator"),
        lambda t: t.pop("model.decoder.bias"),
        lambda t: t.update({"model.more": torch.zeros(1)}),
        lambda t: t.update({"generator": torch.zeros(3, dtype=torch.uint8)}),
        lambda t: t.update({"generator": torch.zeros(3)}),
        lambda t: t.update({"optimiser.x.y.z": torch.zeros(3)}),
        lambda t: t.update({"optimiser.x.y": torch.zeros(3)}),
        lambda t: t.update({"numbers.json": torch.zeros(3, dtype=torch.bfloat16)}),
        lambda t: t.update({"numbers.json": torch.zeros(3, dtype=torch.uint8)}),
        lambda t: t.update({"numbers.json": with_numbers([])}),
        lambda t: t.update({"numbers.json": with_numbers(3)}),
        lambda t: t.update({"numbers.json": with_numbers({"request": "request"})}),
        lambda t: t.update({"numbers.json": with_numbers({"request": "request", "history": 3, "best_epoch": 0})}),
    ],
)
def test_a_spoiled_file_is_refused(saved, spoil):
    path = saved[1]
    tensors = load_file(path)
    spoil(tensors)
    save_file(tensors, path)
    refused(path)
