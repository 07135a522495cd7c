from contextlib import contextmanager

import numpy as np
import pytest
import torch

from neuraltopic import DocumentVAE, ImageVAE
from neuraltopic.errors import UsageError
from neuraltopic.estimators import devices, fitting
from neuraltopic.estimators.devices import choose_device, is_capable, mixed_precision


@pytest.fixture
def machine(monkeypatch):
    """Pretend to a machine with that many CUDA devices, and MPS or not."""

    def of(*, cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return of


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(0, False, "cpu"), (0, True, "mps"), (1, False, "cuda"), (2, True, "cuda")]
)
def test_auto_is_the_best_there_is(machine, monkeypatch, cuda, mps, best):
    machine(cuda=cuda, mps=mps)
    monkeypatch.setattr(devices, "is_capable", lambda kind: True)
    assert choose_device("auto") == torch.device(best)


def test_auto_passes_over_a_device_that_cannot_do_all(machine, monkeypatch):
    machine(mps=True)
    monkeypatch.setattr(devices, "is_capable", lambda kind: kind != "mps")
    assert choose_device("auto") == torch.device("cpu")


def test_capable_is_what_runs_the_operations():
    """The meta device knows the operations' shapes and runs none, which is enough to walk through them."""
    assert is_capable("cpu")
    assert is_capable("meta")
    assert not is_capable("vulkan")


@pytest.mark.parametrize("name", ["cpu", "cpu:0", "mps", "cuda", "cuda:0", "cuda:1"])
def test_a_device_by_name(machine, name):
    machine(cuda=2, mps=True)
    assert choose_device(name) == torch.device(name)
    assert choose_device(torch.device(name)) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda:2", "cuda:-1", "cuda:x", "cuda:", "cuda:0:0", "cpu:1", "tpu", "", ":", None, 3])
def test_a_device_that_is_not_there(machine, name):
    machine(cuda=2)
    with pytest.raises(UsageError, match=r"device: expected auto, or one of cuda, cpu on this machine; got .*Try auto"):
        choose_device(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_no_accelerator(machine, name):
    machine()
    with pytest.raises(UsageError, match=f"one of cpu on this machine; got '{name}'"):
        choose_device(name)


def test_products_are_rounded_on_cuda_alone_and_while_it_lasts():
    before = torch.get_float32_matmul_precision()
    with mixed_precision(torch.device("cpu")):
        assert torch.get_float32_matmul_precision() == before
    with mixed_precision(torch.device("cuda:1")):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before


def test_every_fit_trains_in_it(monkeypatch):
    asked = []

    @contextmanager
    def noted(device):
        asked.append(device)
        yield

    monkeypatch.setattr(fitting, "mixed_precision", noted)
    counts = np.eye(6, dtype=np.int32) + 1
    DocumentVAE(2, max_epochs=1, device="cpu", random_state=0).fit(counts)
    ImageVAE(2, hidden=(4,), max_epochs=1, device="cpu", random_state=0).fit(np.eye(8, dtype=np.float32))
    assert asked == [torch.device("cpu")] * 2
