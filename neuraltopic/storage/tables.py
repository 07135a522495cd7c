"""Tables written for spreadsheets, programs and papers."""

import csv
import io
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.storage.atomic import atomic_write

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "tsv", "json", "jsonl", "parquet", "md", "latex")
_SUFFIXES = {f".{name}": name for name in FORMATS if name != "latex"} | {".tex": "latex"}
_BLOCK = 10_000  # rows that are Python objects at a time
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|&~$])")


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that the suffix of `path` names; .tex is latex.

    Raises
    ------
    UsageError
        The suffix is none of those known.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(
            f"output {path}",
            expected=f"a name that ends in {', '.join(_SUFFIXES)}",
            got=f"the suffix {suffix!r}",
            hint="Choose another name or name the format",
        )
    return _SUFFIXES[suffix]


def write_table(frame: "pd.DataFrame", destination: str | os.PathLike[str] | TextIO | BinaryIO, format: str) -> None:
    r"""Write a table as UTF-8 with \n at the end of each line, or as Parquet.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_rows, n_columns)
        Columns with distinct names; the index is left out.
    destination : path-like or stream
        A path is written whole or not at all, and replaced if it exists. A stream is not closed.
    format : str
        csv, tsv, json (an array of records), jsonl, parquet, md or latex.

    Numbers keep every bit in the data formats (float32 as its shortest decimal, to be read as float32) and
    have 4 significant digits in md and latex, where line breaks and tabs in a cell become spaces. A missing
    value is an empty cell, null in json. Lists and mappings in a cell are JSON text, except in json and
    jsonl; a column of mixed types is text in parquet. Dates are ISO 8601.

    Raises
    ------
    UsageError
        An unknown format; Parquet to a terminal or to a stream of text.
    NeuralTopicError
        Two columns of one name, an infinity in json or jsonl, or half a surrogate pair in a text.
    """
    if format not in FORMATS:
        raise UsageError("format", expected=f"one of {', '.join(FORMATS)}", got=repr(format), hint="Choose one")
    if not frame.columns.is_unique:
        name = frame.columns[frame.columns.duplicated()][0]
        raise NeuralTopicError("table", expected="distinct columns", got=f"{name!r} twice", hint="Rename one")
    try:
        if isinstance(destination, str | os.PathLike):
            with atomic_write(destination) as file:
                _write(frame, file, format)
        elif isinstance(destination, io.TextIOBase) and not hasattr(destination, "buffer"):
            if format == "parquet":
                raise _no_place_for_parquet("a stream of text")
            for text in _TEXTS[format](frame):
                destination.write(text)
        else:
            if format == "parquet" and destination.isatty():
                raise _no_place_for_parquet("a terminal")
            destination.flush()
            stream: Any = destination
            binary: BinaryIO = getattr(stream, "buffer", stream)
            _write(frame, binary, format)
            destination.flush()
    except UnicodeEncodeError as error:
        raise NeuralTopicError(
            "table",
            expected="text that UTF-8 can hold",
            got=f"{error.object[error.start : error.end]!r:.40} in a cell",
            hint="Rename the file or repair the text it comes from",
        ) from error


def _no_place_for_parquet(got: str) -> UsageError:
    return UsageError(
        "output",
        expected="a file or a pipe for parquet",
        got=got,
        hint="Name a file or choose another format",
    )


def _write(frame: "pd.DataFrame", file: BinaryIO, format: str) -> None:
    if format == "parquet":
        _write_parquet(frame, file)
    else:
        for text in _TEXTS[format](frame):
            file.write(text.encode("utf-8"))


class _Lines(list[str]):
    """What csv.writer writes to: one str a row."""

    write = list.append


def _delimited(delimiter: str) -> Callable[["pd.DataFrame"], Iterator[str]]:
    def texts(frame: "pd.DataFrame") -> Iterator[str]:
        lines = _Lines()
        # With \r\n as its terminator the writer quotes cells that hold either; the line itself ends in \n.
        writer = csv.writer(lines, delimiter=delimiter, lineterminator="\r\n")
        for row in itertools.chain([[str(name) for name in frame.columns]], _rows(frame)):
            writer.writerow([_as_text(value) for value in row])
            yield lines.pop().removesuffix("\r\n") + "\n"

    return texts


def _json(frame: "pd.DataFrame") -> Iterator[str]:
    yield "["
    for i, record in enumerate(_records(frame)):
        yield ("," if i else "") + "\n" + record
    yield "\n]\n"


def _jsonl(frame: "pd.DataFrame") -> Iterator[str]:
    for record in _records(frame):
        yield record + "\n"


def _records(frame: "pd.DataFrame") -> Iterator[str]:
    names = [str(name) for name in frame.columns]
    for row in _rows(frame):
        try:
            yield json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
        except ValueError as error:
            raise NeuralTopicError(
                "table",
                expected="finite numbers for json",
                got=f"an infinity or a nested NaN in the row {str(row)[:80]}",
                hint="Write csv or parquet",
            ) from error


def _markdown(frame: "pd.DataFrame") -> Iterator[str]:
    from tabulate import tabulate

    def escaped(text: str) -> str:
        return _MARKDOWN.sub(r"\\\1", text)

    table = tabulate(
        [[escaped(cell) for cell in row] for row in _rounded(frame)],
        headers=[escaped(_one_line(str(name))) for name in frame.columns],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right" if numeric else "left" for numeric in _numeric(frame)] if len(frame) else None,
    )
    yield table + "\n"


def _latex(frame: "pd.DataFrame") -> Iterator[str]:
    import pandas as pd

    columns = [_one_line(str(name)) for name in frame.columns]
    table = pd.DataFrame(list(_rounded(frame)), columns=columns, dtype=object)
    yield table.to_latex(
        index=False,
        escape=True,
        column_format="".join("r" if numeric else "l" for numeric in _numeric(frame)),
    )


_TEXTS: dict[str, Callable[["pd.DataFrame"], Iterator[str]]] = {
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "json": _json,
    "jsonl": _jsonl,
    "md": _markdown,
    "latex": _latex,
}


def _write_parquet(frame: "pd.DataFrame", file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    columns = {}
    for name, column in frame.items():
        if column.dtype != object:
            columns[str(name)] = pa.Array.from_pandas(column)
            continue
        cells = [json.dumps(cell) if isinstance(cell, dict | list) else cell for cell in _cells(column)]
        try:
            columns[str(name)] = pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # mixed types, or an int beyond 64 bits
            columns[str(name)] = pa.array([None if cell is None else _as_text(cell) for cell in cells])
    pyarrow.parquet.write_table(pa.table(columns), file, compression="zstd")


def _numeric(frame: "pd.DataFrame") -> list[bool]:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return [is_numeric_dtype(dtype) and not is_bool_dtype(dtype) for dtype in frame.dtypes]


def _rounded(frame: "pd.DataFrame") -> Iterator[list[str]]:
    """Yield rows of single-line cells with floats of 4 significant digits."""
    for row in _rows(frame):
        yield [_one_line(f"{cell:.4g}" if isinstance(cell, float) else _as_text(cell)) for cell in row]


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n\t]+", " ", text)


def _rows(frame: "pd.DataFrame") -> Iterator[tuple[object, ...]]:
    """Yield the rows as the values that JSON knows, with None for what is missing."""
    for start in range(0, len(frame), _BLOCK):
        block = frame.iloc[start : start + _BLOCK]
        yield from zip(*(_cells(column) for _, column in block.items()), strict=True)


def _cells(column: "pd.Series") -> list[object]:
    # tolist would widen float32 to the digits of a float64.
    values = column.array if column.dtype in ("float32", "float16") else column.tolist()
    missing = column.isna().to_numpy()
    return [None if gone else _plain(value) for gone, value in zip(missing, values, strict=True)]


def _plain(value: object) -> object:
    """Return a str, bool, int, float, list or dict for a cell of a table that is not missing."""
    import numpy as np

    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.float32 | np.float16):
        return float(str(value))
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(member) for member in value]
    if value is None or isinstance(value, str | bool | int | float):  # what tolist made of it
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
