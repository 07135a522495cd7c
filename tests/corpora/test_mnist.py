from types import SimpleNamespace

import numpy as np
import pytest

from neuraltopic.corpora import mnist, write_corpus
from neuraltopic.errors import NeuralTopicError


def digits() -> dict[str, np.ndarray]:
    return {name: np.full(shape, 3, dtype=np.uint8) for name, shape in mnist.SHAPES.items()}


def test_the_arrays_are_copied(data_variable, tmp_path):
    arrays = digits()
    arrays["x_test"][0, 1, 2] = 255
    np.savez_compressed(data_variable / "mnist.npz", **arrays, other=np.zeros(1))
    calls = []
    assert write_corpus("mnist", tmp_path / "out", progress=lambda *call: calls.append(call)) == 70_000
    with np.load(tmp_path / "out" / "mnist.npz", allow_pickle=False) as stored:
        assert stored.files == ["x_train", "y_train", "x_test", "y_test"]
        assert all(np.array_equal(stored[name], arrays[name]) for name in arrays)
    assert calls == [("writing", 70_000, 70_000)]


@pytest.mark.parametrize(
    ("change", "got"),
    [
        ({"y_test": np.zeros(10_000)}, r"y_test of float64 \(10000,\)"),
        ({"y_test": np.zeros(5, np.uint8)}, r"y_test of uint8 \(5,\)"),
        ({"y_test": np.array([{}], dtype=object)}, "Object arrays cannot be loaded"),
    ],
)
def test_other_arrays_are_refused(data_variable, tmp_path, change, got):
    np.savez_compressed(data_variable / "mnist.npz", **(digits() | change))
    with pytest.raises(NeuralTopicError, match=f"expected x_train, y_train, .*; got {got}"):
        write_corpus("mnist", tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut short", b"no archive"])
def test_a_file_that_is_none_is_refused(data_variable, tmp_path, content):
    (data_variable / "mnist.npz").write_bytes(content)
    with pytest.raises(NeuralTopicError, match=r"mnist.npz: expected x_train, y_train"):
        write_corpus("mnist", tmp_path / "out")


def test_without_the_file_scikit_learn_fetches_it(data_variable, tmp_path, monkeypatch):
    def fetch(name, *, version, as_frame):
        assert (name, version, as_frame) == ("mnist_784", 1, False)
        data = np.repeat(np.arange(70_000) % 251, 784).reshape(70_000, 784)
        return SimpleNamespace(data=data, target=np.array([str(n % 10) for n in range(70_000)]))

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    assert write_corpus("mnist", tmp_path / "out") == 70_000
    with np.load(tmp_path / "out" / "mnist.npz", allow_pickle=False) as stored:
        assert {name: (stored[name].shape, stored[name].dtype) for name in stored.files} == {
            name: (shape, np.uint8) for name, shape in mnist.SHAPES.items()
        }
        assert stored["x_test"][1, 5, 5] == 60_001 % 251
        assert stored["y_test"][:3].tolist() == [0, 1, 2]


def test_without_file_and_network_it_says_so(data_variable, tmp_path, monkeypatch):
    def fetch(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(NeuralTopicError, match=r"or a network to fetch it; got no file, and no network. Set"):
        write_corpus("mnist", tmp_path / "out")


def test_the_real_file(data_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NEURALTOPIC_DATA", str(data_folder))
    if not (data_folder / "mnist.npz").is_file():
        pytest.skip(f"mnist.npz not found in {data_folder}")
    assert write_corpus("mnist", tmp_path / "out") == 70_000
    with np.load(tmp_path / "out" / "mnist.npz", allow_pickle=False) as stored:
        assert np.bincount(stored["y_test"]).tolist() == [
            980,
            1135,
            1032,
            1010,
            982,
            892,
            958,
            1028,
            974,
            1009,
        ]
