"""Tensors on disk in the safetensors format, read as from a stranger.

The format: a length N in 8 bytes (little-endian), N bytes of JSON that give each tensor's dtype, shape and
place, then the raw numbers. The header is compared with what the model needs before memory is taken for it,
and the numbers are read from the file that was checked, which neither a link nor a later rename can change.
"""

import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.regular import open_regular
from neuraltopic.storage.strict_json import parse_json

if TYPE_CHECKING:
    import torch

MAX_HEADER_BYTES = 1 << 20
# Our name (torch's without "torch."), the format's, and bytes a number.
_DTYPES = {
    "float32": ("F32", 4),
    "float64": ("F64", 8),
    "int32": ("I32", 4),
    "int64": ("I64", 8),
    "uint8": ("U8", 1),
}
_RESTORE = "The file is damaged, or of another model or version; restore it from a copy or fit again"


def write_weights(path: str | os.PathLike[str], tensors: Mapping[str, "torch.Tensor"]) -> None:
    """Write tensors, whole or not at all; the same tensors always give the same bytes.

    Parameters
    ----------
    path : path-like
        The .safetensors file.
    tensors : mapping of str to torch.Tensor
        float32, float64, int32, int64 or uint8, of any shape, on any device; views are written as copies.

    Raises
    ------
    NeuralTopicError
        A tensor holds a NaN or an infinity, or has another dtype.
    """

    for name, tensor in tensors.items():
        dtype = str(tensor.dtype).removeprefix("torch.")
        if dtype not in _DTYPES:
            raise NeuralTopicError(
                f"{path}: {name}",
                expected=f"one of {', '.join(_DTYPES)}",
                got=dtype,
                hint="Convert the tensor",
            )
        _require_finite(path, name, tensor)
    with atomic_write(path) as file:
        write_tensors(file, tensors)


def write_tensors(file: BinaryIO, tensors: Mapping[str, "torch.Tensor"]) -> None:
    """Write tensors in the format of safetensors, one after another: none is copied as a whole, where the functions of
    that library hold two copies of all.

    Parameters
    ----------
    file : binary file
    tensors : mapping of str to torch.Tensor
        As for `write_weights`, whose order does not matter.
    """
    import torch

    width = dict(_DTYPES.values())
    header, end = {}, 0
    # Wide numbers first, so that each is aligned.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    for name, tensor in ordered:
        kind = _DTYPES[str(tensor.dtype).removeprefix("torch.")][0]
        start, end = end, end + width[kind] * tensor.numel()
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for _, tensor in ordered:
        whole = tensor.detach().to("cpu").contiguous()
        file.write(whole.reshape(-1).view(torch.uint8).numpy().data)


def read_weights(
    path: str | os.PathLike[str], expected: Mapping[str, tuple[Sequence[int], str]]
) -> dict[str, "torch.Tensor"]:
    """Read exactly the tensors that are expected, on the CPU, in the order of `expected`.

    Parameters
    ----------
    path : path-like
        The .safetensors file; links are refused.
    expected : mapping of str to (shape, dtype)
        What must be in the file and nothing else, for example {"bias": ((2000,), "float32")}. The dtype is
        torch's name: float32, float64, int32, int64 or uint8.

    Raises
    ------
    NeuralTopicError
        A tensor is missing, unexpected, of another shape or dtype, or not finite; or the header does not
        describe the file. No tensor is allocated before the header has been compared with the file's size.
    """
    path = Path(path)
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        header, start = _read_header(path, file, size)
        _compare(path, header, expected)
        _require_filled(path, header, size - start)
        tensors = {}
        for name, (shape, dtype) in expected.items():
            file.seek(start + header[name]["data_offsets"][0])
            tensors[name] = _read_tensor(path, file, shape, dtype)
            _require_finite(path, name, tensors[name])
    return tensors


def _read_header(path: Path, file: io.FileIO, size: int) -> tuple[dict[str, dict], int]:
    """Return the header's entries and the place where the numbers start."""
    length = int.from_bytes(file.read(8), "little") if size >= 8 else 0
    if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
        raise _wrong(
            path,
            f"a header of 2 to {MAX_HEADER_BYTES:,} bytes inside the file",
            f"{length:,} in {size:,} bytes",
        )
    header = parse_json(file.read(length), f"{path} (header)")
    if not isinstance(header, dict):
        raise _wrong(path, "a header that is an object", "something else")
    header.pop("__metadata__", None)
    for name, entry in header.items():
        if (
            not isinstance(entry, dict)
            or set(entry) != {"dtype", "shape", "data_offsets"}
            or not _whole_numbers(entry["shape"])
            or not _whole_numbers(entry["data_offsets"])
            or len(entry["data_offsets"]) != 2
        ):
            raise _wrong(path, f"dtype, shape and data_offsets of {name!r:.80}", f"{entry!r:.80}")
    return header, 8 + length


def _whole_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _compare(path: Path, header: Mapping[str, dict], expected: Mapping[str, tuple[Sequence[int], str]]) -> None:
    for name in sorted(set(header) ^ set(expected)):
        raise _wrong(
            path,
            f"the tensors {', '.join(sorted(expected))}",
            f"{name!r:.80} {'besides' if name in header else 'missing'}",
        )
    for name, (shape, dtype) in expected.items():
        entry = header[name]
        if entry["dtype"] != _DTYPES[dtype][0] or entry["shape"] != list(shape):
            raise _wrong(
                path,
                f"{name} as {dtype} of shape {tuple(shape)}",
                f"{entry['dtype']!r:.20} of shape {tuple(entry['shape'])!s:.80}",
            )


def _require_filled(path: Path, header: Mapping[str, dict], n_bytes: int) -> None:
    """Check that the tensors follow one another without gap or overlap and end with the file."""
    width = dict(_DTYPES.values())
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        needed = math.prod(entry["shape"]) * width[entry["dtype"]]
        if entry["data_offsets"] != [end, end + needed]:
            raise _wrong(path, f"{name} at bytes {end:,} to {end + needed:,}", f"{entry['data_offsets']!s:.80}")
        end += needed
    if end != n_bytes:
        raise _wrong(path, f"{end:,} bytes of numbers", f"{n_bytes:,}")


def _read_tensor(path: Path, file: io.FileIO, shape: Sequence[int], dtype: str) -> "torch.Tensor":
    import torch

    tensor = torch.empty(tuple(shape), dtype=getattr(torch, dtype))
    unread = tensor.reshape(-1).view(torch.uint8).numpy().data
    while len(unread):
        n_read = file.readinto(unread)
        if not n_read:
            raise _wrong(path, f"{len(unread):,} bytes more", "the end of the file")
        unread = unread[n_read:]
    return tensor


def _require_finite(path: str | os.PathLike[str], name: str, tensor: "torch.Tensor") -> None:
    if not tensor.isfinite().all():
        raise NeuralTopicError(f"{path}: {name}", expected="finite numbers", got="a NaN or an infinity", hint=_RESTORE)


def _wrong(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint=_RESTORE)
