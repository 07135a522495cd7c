import pytest
import torch

from neuraltopic.devices import choose_device
from neuraltopic.errors import UsageError


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
def test_auto_is_the_best_there_is(machine, cuda, mps, best):
    machine(cuda=cuda, mps=mps)
    assert choose_device("auto") == torch.device(best)


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
