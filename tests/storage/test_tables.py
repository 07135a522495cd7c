import csv
import datetime
import decimal
import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.storage.tables import FORMATS, format_of, write_table

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
WIDE = st.floats(allow_nan=False, allow_infinity=False)
NARROW = st.floats(allow_nan=False, allow_infinity=False, width=32)
AWKWARD = pd.DataFrame(
    {
        "topic": [0, 1],
        "label": ["a|b & 50% _x_ #1 \\ {y} ~ ^ $", 'two\nlines\tand\r"quotes" é漢'],
        "weight": [0.123456, 1234567.0],
        "note_|": [None, "<b>*`[&]"],
    }
)


def text_of(frame, format):
    stream = io.StringIO()
    write_table(frame, stream, format)
    return stream.getvalue()


def bits(values, dtype):
    return np.asarray(values, dtype=dtype).tobytes()


@given(st.lists(st.tuples(WIDE, NARROW, st.integers(-(2**63), 2**63 - 1), CELLS), min_size=1))
def test_every_bit_and_character_survives_every_data_format(tmp_path_factory, rows):
    wide, narrow, whole, words = (list(column) for column in zip(*rows, strict=True))
    frame = pd.DataFrame(
        {
            "wide": wide,
            "narrow": np.array(narrow, np.float32),
            "whole": whole,
            "word": pd.Series(words, dtype=object),
        }
    )
    for format, delimiter in (("csv", ","), ("tsv", "\t")):
        header, *read = csv.reader(io.StringIO(text_of(frame, format), newline=""), delimiter=delimiter)
        assert header == ["wide", "narrow", "whole", "word"]
        assert bits([row[0] for row in read], np.float64) == bits(wide, np.float64)
        assert bits([row[1] for row in read], np.float32) == bits(narrow, np.float32)
        assert [int(row[2]) for row in read] == whole
        assert [row[3] for row in read] == words
    lines = text_of(frame, "jsonl").removesuffix("\n").split("\n")
    for records in (json.loads(text_of(frame, "json")), [json.loads(line) for line in lines]):
        assert bits([record["wide"] for record in records], np.float64) == bits(wide, np.float64)
        assert bits([record["narrow"] for record in records], np.float32) == bits(narrow, np.float32)
        assert [record["whole"] for record in records] == whole
        assert [record["word"] for record in records] == words
    stream = io.BytesIO()
    write_table(frame, stream, "parquet")
    read = pd.read_parquet(stream)
    assert list(read.dtypes[:3]) == [np.float64, np.float32, np.int64]
    assert bits(read["wide"], np.float64) == bits(wide, np.float64)
    assert bits(read["narrow"], np.float32) == bits(narrow, np.float32)
    assert list(read["whole"]) == whole
    assert list(read["word"]) == words


@pytest.mark.parametrize(("format", "separator"), [("csv", ","), ("tsv", "\t")])
def test_pandas_reads_what_we_write(tmp_path, format, separator):
    frame = pd.DataFrame({"a": [0.1, 0.25], "b": ["a\rb", "c,d\t\n"]})
    write_table(frame, tmp_path / "a", format)
    read = pd.read_csv(tmp_path / "a", sep=separator)
    pd.testing.assert_frame_equal(read, frame)


def test_csv():
    assert text_of(AWKWARD, "csv") == (
        "topic,label,weight,note_|\n"
        "0,a|b & 50% _x_ #1 \\ {y} ~ ^ $,0.123456,\n"
        '1,"two\nlines\tand\r""quotes"" é漢",1234567.0,<b>*`[&]\n'
    )


def test_json_and_jsonl():
    first = '{"topic": 0, "label": "a|b & 50% _x_ #1 \\\\ {y} ~ ^ $", "weight": 0.123456, "note_|": null}'
    second = '{"topic": 1, "label": "two\\nlines\\tand\\r\\"quotes\\" é漢", "weight": 1234567.0, "note_|": "<b>*`[&]"}'
    assert text_of(AWKWARD, "jsonl") == f"{first}\n{second}\n"
    assert text_of(AWKWARD, "json") == f"[\n{first},\n{second}\n]\n"


def test_markdown():
    frame = AWKWARD.replace("漢", "", regex=True)  # its width depends on what else is installed
    assert text_of(frame, "md").split("\n") == [
        r"|   topic | label                               |    weight | note\_\|        |",
        r"|--------:|:------------------------------------|----------:|:----------------|",
        r"|       0 | a\|b \& 50% \_x\_ #1 \\ {y} \~ ^ \$ |    0.1235 |                 |",
        r'|       1 | two lines and "quotes" é            | 1.235e+06 | \<b\>\*\`\[\&\] |',
        "",
    ]
    assert '| two lines and "quotes" é漢 ' in text_of(AWKWARD, "md")


def test_latex():
    assert text_of(AWKWARD, "latex").split("\n") == [
        r"\begin{tabular}{rlrl}",
        r"\toprule",
        r"topic & label & weight & note\_| \\",
        r"\midrule",
        r"0 & a|b \& 50\% \_x\_ \#1 \textbackslash \space \{y\} \textasciitilde \space "
        r"\textasciicircum \space \$ & 0.1235 &  \\",
        r'1 & two lines and "quotes" é漢 & 1.235e+06 & <b>*`[\&] \\',
        r"\bottomrule",
        r"\end{tabular}",
        "",
    ]


def test_numbers_in_words_are_not_numbers_in_papers():
    frame = pd.DataFrame({"word": ["1e5", "007"], "n": [1000000, 2], "yes": [True, False]})
    assert "| 1e5    | 1000000 | True  |" in text_of(frame, "md")
    assert "007 & 2 & False" in text_of(frame, "latex")


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("csv", "a,b\n"),
        ("tsv", "a\tb\n"),
        ("json", "[\n]\n"),
        ("jsonl", ""),
        ("md", "| a   | b   |\n|-----|-----|\n"),
        ("latex", "\\begin{tabular}{lr}\n\\toprule\na & b \\\\\n\\midrule\n\\bottomrule\n\\end{tabular}\n"),
    ],
)
def test_a_table_without_rows(format, expected):
    frame = pd.DataFrame({"a": pd.Series([], dtype=object), "b": pd.Series([], dtype=float)})
    assert text_of(frame, format) == expected


def test_parquet_without_rows_keeps_the_columns(tmp_path):
    write_table(pd.DataFrame({"a": pd.Series([], dtype=float)}), tmp_path / "a.parquet", "parquet")
    read = pd.read_parquet(tmp_path / "a.parquet")
    assert read.shape == (0, 1)
    assert read["a"].dtype == np.float64


MISSING = pd.DataFrame(
    {
        "object": [None, "a"],
        "text": pd.Series([pd.NA, "a"], dtype="string"),
        "float": [math.nan, 1.0],
        "whole": pd.Series([pd.NA, 2], dtype="Int64"),
        "date": [pd.NaT, pd.Timestamp("2020-02-03 04:05")],
    }
)


def test_what_is_missing_is_an_empty_cell_or_null(tmp_path):
    assert text_of(MISSING, "csv").split("\n")[1:] == [",,,,", "a,a,1.0,2,2020-02-03T04:05:00", ""]
    empty, full = json.loads(text_of(MISSING, "json"))
    assert set(empty.values()) == {None}
    assert list(full.values()) == ["a", "a", 1.0, 2, "2020-02-03T04:05:00"]
    assert text_of(MISSING, "latex").split("\n")[4] == r" &  &  &  &  \\"
    write_table(MISSING, tmp_path / "a", "parquet")
    read = pd.read_parquet(tmp_path / "a")
    assert read.iloc[0].isna().all()
    assert list(read.iloc[1]) == ["a", "a", 1.0, 2, pd.Timestamp("2020-02-03 04:05")]


def test_infinities_are_kept_or_refused(tmp_path):
    frame = pd.DataFrame({"a": [math.inf, -math.inf]})
    assert text_of(frame, "csv") == "a\ninf\n-inf\n"
    assert "|  inf |" in text_of(frame, "md")
    write_table(frame, tmp_path / "a", "parquet")
    assert pd.read_parquet(tmp_path / "a")["a"].tolist() == [math.inf, -math.inf]
    for format in ("json", "jsonl"):
        with pytest.raises(NeuralTopicError, match=r"expected finite numbers for json; got an infinity .*Write csv"):
            write_table(frame, tmp_path / "b", format)
    assert not (tmp_path / "b").exists()


NESTED = [
    ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    ([np.float32(0.1), np.int8(3)], [0.1, 3]),
    (np.array([[1.5, 2.0]]), [[1.5, 2.0]]),
    (("é", frozenset()), ["é", []]),
    ({1: datetime.date(2020, 2, 3)}, {"1": "2020-02-03"}),
    ({}, {}),
]


@pytest.mark.parametrize(("cell", "expected"), NESTED)
def test_lists_and_mappings(tmp_path, cell, expected):
    frame = pd.DataFrame({"a": pd.Series([cell, None], dtype=object)})
    assert json.loads(text_of(frame, "json")) == [{"a": expected}, {"a": None}]
    _, row, _ = csv.reader(io.StringIO(text_of(frame, "csv")))
    assert json.loads(row[0]) == expected
    write_table(frame, tmp_path / "a", "parquet")
    read = pd.read_parquet(tmp_path / "a")["a"]
    assert json.loads(read[0]) == expected
    assert read.isna().tolist() == [False, True]


def test_columns_of_mixed_types_become_text_in_parquet(tmp_path):
    frame = pd.DataFrame(
        {
            "mixed": pd.Series(["a", 1, 2.5, None, True, [1]], dtype=object),
            "huge": pd.Series([2**70, 1, 1, 1, 1, 1], dtype=object),
            "numbers": pd.Series([np.int64(1), 2, 3, 4, 5, None], dtype=object),
            "money": pd.Series([decimal.Decimal("0.10")] * 6, dtype=object),
            "category": pd.Series(list("aabbcc"), dtype="category"),
        }
    )
    write_table(frame, tmp_path / "a", "parquet")
    read = pd.read_parquet(tmp_path / "a")
    assert read["mixed"].dropna().tolist() == ["a", "1", "2.5", "True", "[1]"]
    assert read["huge"].tolist() == [str(2**70), "1", "1", "1", "1", "1"]
    assert read["numbers"].dropna().tolist() == [1, 2, 3, 4, 5]
    assert read["money"][0] == "0.10"
    assert read["category"].tolist() == list("aabbcc")
    assert json.loads(text_of(frame, "json"))[0] == {
        "mixed": "a",
        "huge": 2**70,
        "numbers": 1,
        "money": "0.10",
        "category": "a",
    }


def test_more_rows_than_a_block():
    frame = pd.DataFrame({"a": np.arange(25_000)}, index=np.arange(25_000)[::-1])
    assert [int(line) for line in text_of(frame, "csv").split()[1:]] == list(range(25_000))


@pytest.mark.parametrize("format", FORMATS)
def test_a_path_and_streams_of_bytes_get_the_same_bytes(tmp_path, format):
    write_table(AWKWARD, tmp_path / "a", format)
    content = (tmp_path / "a").read_bytes()
    stream = io.BytesIO()
    write_table(AWKWARD, stream, format)
    assert stream.getvalue() == content
    below = io.BytesIO()
    latin = io.TextIOWrapper(below, encoding="latin-1", newline="\r\n")  # as stdout may be
    latin.write("before\n")
    write_table(AWKWARD, latin, format)
    latin.write("after\n")
    latin.flush()
    assert below.getvalue() == b"before\r\n" + content + b"after\r\n"
    if format != "parquet":
        assert text_of(AWKWARD, format) == content.decode("utf-8")


def test_parquet_goes_neither_to_a_terminal_nor_to_text():
    class Terminal(io.BytesIO):
        def isatty(self):
            return True

    with pytest.raises(UsageError, match=r"parquet; got a terminal"):
        write_table(AWKWARD, Terminal(), "parquet")
    with pytest.raises(UsageError, match=r"parquet; got a stream of text"):
        write_table(AWKWARD, io.StringIO(), "parquet")
    write_table(AWKWARD, Terminal(), "csv")


@pytest.mark.parametrize("format", FORMATS)
def test_half_a_surrogate_pair_is_refused_and_nothing_written(tmp_path, format):
    frame = pd.DataFrame({"id": pd.Series(["caf\udce9.txt"], dtype=object)})
    with pytest.raises(NeuralTopicError, match=r"table: expected text that UTF-8 can hold; got '\\udce9' in a cell"):
        write_table(frame, tmp_path / "a", format)
    assert list(tmp_path.iterdir()) == []


def test_columns_need_distinct_names():
    with pytest.raises(NeuralTopicError, match="got 'a' twice"):
        write_table(pd.DataFrame([[1, 2]], columns=["a", "a"]), io.StringIO(), "csv")


def test_the_suffix_names_the_format():
    names = ["a.csv", "b/a.tsv", "a.json", "a.jsonl", "a.PARQUET", "a.b.md", "a.tex"]
    assert tuple(map(format_of, names)) == FORMATS
    for name in ("a", "a.xlsx", ".csv"):
        with pytest.raises(UsageError, match=r"ends in \.csv, \.tsv, \.json, \.jsonl, \.parquet, \.md, \.tex; got"):
            format_of(name)


def test_an_unknown_format():
    with pytest.raises(UsageError, match=r"format: expected one of csv, tsv, .* latex; got 'xlsx'"):
        write_table(AWKWARD, io.StringIO(), "xlsx")
