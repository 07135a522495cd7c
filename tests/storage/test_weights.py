import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage import weights as module
from neuraltopic.storage.weights import read_weights, write_weights

TENSORS = {
    "R": torch.tensor([[1.5, -2.0, 3e-40], [0.0, -0.0, 3e38]]),
    "bias": torch.tensor([math.pi], dtype=torch.float64),
    "step": torch.tensor(-(2**62)),
    "state": torch.arange(256, dtype=torch.uint8),
    "order": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
    "nothing": torch.empty((0, 4)),
}
EXPECTED = {name: (tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for name, tensor in TENSORS.items()}
PAIR = {"a": ((2,), "float32"), "b": ((1, 1), "float32")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


def put(path, header, numbers=b"\0" * 12, length=None):
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(content) if length is None else length).to_bytes(8, "little") + content + numbers)


def header(**changes):
    """Return a header that is right for PAIR and 12 bytes of numbers, with changes to its entries."""
    entries = {
        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "F32", "shape": [1, 1], "data_offsets": [8, 12]},
    }
    for name, change in changes.items():
        entries[name] = entries.get(name, {}) | change
    return entries


def refuse(path, message, expected=PAIR):
    with pytest.raises(NeuralTopicError) as caught:
        read_weights(path, expected)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_every_bit_comes_back(path):
    write_weights(path, TENSORS)
    read = read_weights(path, EXPECTED)
    assert list(read) == list(TENSORS)
    for name, tensor in TENSORS.items():
        assert read[name].dtype == tensor.dtype
        assert read[name].shape == tensor.shape
        assert read[name].numpy().tobytes() == tensor.numpy().tobytes()


def test_the_library_reads_what_we_write_and_the_bytes_are_always_the_same(path):
    write_weights(path, TENSORS)
    first = path.read_bytes()
    for name, tensor in load_file(path).items():
        assert torch.equal(tensor, TENSORS[name])
    write_weights(path, dict(reversed(TENSORS.items())))
    assert path.read_bytes() == first


def test_views_shared_memory_and_parameters_are_written_as_copies(path):
    matrix = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    write_weights(path, {"matrix": matrix, "same": matrix, "transposed": matrix.T})
    read = read_weights(
        path,
        {
            "matrix": ((2, 3), "float32"),
            "same": ((2, 3), "float32"),
            "transposed": ((3, 2), "float32"),
        },
    )
    assert read["transposed"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert torch.equal(read["same"], matrix)
    read["same"][0, 0] = 9.0
    assert read["matrix"][0, 0] == 0.0


def test_a_header_written_elsewhere_may_have_metadata_and_another_order(path):
    entries = header(a={"data_offsets": [4, 12]}, b={"data_offsets": [0, 4]})
    put(path, {"__metadata__": {"format": "pt"}} | entries, b"\0\0\x80?\0\0\0@\0\0@@")
    assert {name: tensor.tolist() for name, tensor in read_weights(path, PAIR).items()} == {
        "a": [2.0, 3.0],
        "b": [[1.0]],
    }


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_number_that_is_none_is_neither_written_nor_read(path, bad, dtype):
    tensor = torch.tensor([0.0, bad], dtype=dtype)
    with pytest.raises(NeuralTopicError, match=r"weights.safetensors: a: expected finite numbers"):
        write_weights(path, {"a": tensor})
    assert not path.exists()
    width = tensor.element_size()
    put(
        path,
        {"a": {"dtype": f"F{8 * width}", "shape": [2], "data_offsets": [0, 2 * width]}},
        tensor.numpy().tobytes(),
    )
    refuse(path, ": a: expected finite numbers", {"a": ((2,), f"float{8 * width}")})


def test_another_dtype_is_not_written(path):
    with pytest.raises(NeuralTopicError, match=r": a: expected one of float32, .*; got float16"):
        write_weights(path, {"a": torch.ones(1, dtype=torch.float16)})


def test_missing_and_extra_tensors_are_refused(path):
    write_weights(path, {"a": torch.zeros(2)})
    refuse(path, "expected the tensors a, b; got 'b' missing")
    write_weights(path, {"a": torch.zeros(2), "b": torch.zeros(1, 1), "c": torch.zeros(1)})
    refuse(path, "expected the tensors a, b; got 'c' besides")


@pytest.mark.parametrize("tensor", [torch.zeros(3), torch.zeros(2, 1), torch.zeros(1, 2), torch.tensor(0.0)])
def test_another_shape(path, tensor):
    write_weights(path, {"a": tensor, "b": torch.zeros(1, 1)})
    refuse(path, f"expected a as float32 of shape (2,); got 'F32' of shape {tuple(tensor.shape)}")


def test_another_dtype_of_the_same_size(path):
    write_weights(path, {"a": torch.zeros(2, dtype=torch.int32), "b": torch.zeros(1, 1)})
    refuse(path, "expected a as float32 of shape (2,); got 'I32' of shape (2,)")


def test_a_claim_of_ten_terabytes_allocates_nothing(path, monkeypatch):
    monkeypatch.setattr(torch, "empty", lambda *arguments, **named: pytest.fail("allocated"))
    shape = [2_500_000_000_000]
    put(path, header(a={"shape": shape, "data_offsets": [0, 10**13]}))
    refuse(path, "expected a as float32 of shape (2,)")
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 10**13]}
    put(path, {"a": entry})
    refuse(path, "expected 10,000,000,000,000 bytes of numbers; got 12", {"a": (shape, "float32")})


@pytest.mark.parametrize(
    "change",
    [
        {"a": {"data_offsets": [0, 4]}},  # shorter than its shape
        {"a": {"data_offsets": [4, 12]}},  # a gap before, an overlap after
        {"b": {"data_offsets": [4, 8]}},  # an overlap
        {"b": {"data_offsets": [12, 16]}},  # beyond the file
        {"b": {"data_offsets": [12, 8]}},  # backwards
        {"b": {"data_offsets": [2**64, 2**64 + 4]}},
    ],
)
def test_offsets_that_lie(path, monkeypatch, change):
    monkeypatch.setattr(torch, "empty", lambda *arguments, **named: pytest.fail("allocated"))
    put(path, header(**change))
    refuse(path, " at bytes ")


@pytest.mark.parametrize("n_bytes", [0, 11, 13, 24])
def test_a_file_cut_off_or_padded(path, n_bytes):
    put(path, header(), b"\0" * n_bytes)
    refuse(path, f"expected 12 bytes of numbers; got {n_bytes}")


@pytest.mark.parametrize("length", [0, 1, 2**40, 2**63, 2**64 - 1, 500])
def test_a_header_length_that_lies(path, length):
    put(path, header(), length=length)
    refuse(path, f"inside the file; got {length:,} in ")


def test_a_header_over_its_cap(path):
    put(path, b" " * (module.MAX_HEADER_BYTES + 1))
    refuse(path, "expected a header of 2 to 1,048,576 bytes")


@pytest.mark.parametrize("content", [b"", b"1234567", b"\2\0\0\0\0\0\0\0{"])
def test_a_file_too_short_for_a_header(path, content):
    path.write_bytes(content)
    refuse(path, "expected a header of 2")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{]", "(header): expected JSON in UTF-8"),
        (b'{"a": 1, "a": 2}', "the key 'a' twice"),
        (b"[" * 100_000, "nested at most"),
        (b"[]", "expected a header that is an object"),
    ],
)
def test_a_header_that_is_none(path, content, message):
    put(path, content)
    refuse(path, message)


@pytest.mark.parametrize(
    "entry",
    [
        [],
        {},
        {"dtype": "F32", "shape": [2]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "more": 1},
        {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 12]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
    ],
)
def test_an_entry_that_is_none(path, entry):
    put(path, {"a": entry})
    refuse(path, "expected dtype, shape and data_offsets of 'a'")


@pytest.mark.parametrize("dtype", [None, 1, [], "BOOL", "F" * 1000])
def test_a_dtype_that_is_none(path, dtype):
    put(path, header(a={"dtype": dtype}))
    refuse(path, "expected a as float32 of shape (2,); got ")


def test_a_file_that_shrinks_while_it_is_read(path, monkeypatch):
    write_weights(path, {"a": torch.zeros(2), "b": torch.zeros(1, 1)})
    real = torch.empty

    def shrink(*arguments, **named):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 6)
        return real(*arguments, **named)

    monkeypatch.setattr(torch, "empty", shrink)
    refuse(path, "expected 2 bytes more; got the end of the file")


def test_a_link_is_refused(path):
    write_weights(path.with_name("outside"), {"a": torch.zeros(2), "b": torch.zeros(1, 1)})
    path.symlink_to("outside")
    refuse(path, "expected a regular file; got a symbolic link")


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_any_damage_is_one_error_or_other_numbers(tmp_path_factory, place, damage):
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    write_weights(path, {"a": torch.zeros(2), "b": torch.zeros(1, 1)})
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place : place + len(damage)] = damage
    path.write_bytes(content)
    try:
        read = read_weights(path, PAIR)
    except NeuralTopicError:
        return
    assert [tuple(tensor.shape) for tensor in read.values()] == [(2,), (1, 1)]


def test_what_is_written_is_what_the_library_reads(tmp_path):
    from safetensors.torch import load_file

    tensors = {
        "bytes": torch.arange(5, dtype=torch.uint8),
        "double": torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)),
        "none": torch.zeros(0, 4),
        "turned": torch.arange(6.0).view(2, 3).T,
        "number": torch.tensor(7),
    }
    write_weights(tmp_path / "w.safetensors", tensors)
    found = load_file(tmp_path / "w.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
