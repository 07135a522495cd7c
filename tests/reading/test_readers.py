import bz2
import csv
import gzip
import io
import lzma
import os
import struct
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.readers import CorpusEstimate, Row, open_corpus

PACKERS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def rows(source, **options) -> list[Row]:
    """The rows, without where they stand in the file."""
    corpus = open_corpus(source, **options)
    first = list(corpus)
    assert list(corpus) == first  # every iteration starts again
    return [row._replace(line=0, n_lines=0) for row in first]


def texts(source, **options) -> list[str | None]:
    return [row.text for row in rows(source, **options)]


def problems(source, **options) -> list[str]:
    return [row.problem for row in rows(source, **options)]


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: str | bytes):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


# Folders


def test_a_folder_is_its_files_in_order(write, tmp_path):
    write("corpus/b.txt", "bee")
    write("corpus/sport/x/deep.txt", "deep")
    write("corpus/sport/a.md", "été".encode("cp1252"))
    write("corpus/a.txt.gz", gzip.compress(b"packed"))
    write("corpus/.hidden", "no")
    write("corpus/.git/config", "no")
    assert rows(str(tmp_path / "corpus")) == [
        Row("a.txt.gz", "packed", {}),
        Row("b.txt", "bee", {}),
        Row("sport/a.md", "été", {"label": "sport"}, "cp1252"),
        Row("sport/x/deep.txt", "deep", {"label": "sport"}),
    ]


def test_a_file_that_cannot_be_read_is_a_row_with_a_problem(write, tmp_path):
    write("corpus/film.avi", b"RIFF\0\0")
    write("corpus/late.bin", b"a" * (1 << 20) + b"\0")
    write("corpus/broken.gz", gzip.compress(b"text" * 100)[:-9])
    write("corpus/fine.txt", "fine")
    (tmp_path / "corpus/gone.txt").symlink_to("nowhere")
    assert [(row.id, row.text, row.problem.partition(",")[0]) for row in rows(tmp_path / "corpus")] == [
        ("broken.gz", None, f"unreadable: {tmp_path}/corpus/broken.gz: expected a whole gzip file; got "
         "Compressed file ended before the end-of-stream marker was reached. Check the file"),
        ("film.avi", None, "binary"),
        ("fine.txt", "fine", ""),
        ("gone.txt", None, f"unreadable: {tmp_path}/corpus/gone.txt: expected a file that can be read; got "
         "No such file or directory. Check the file"),
        ("late.bin", None, "binary"),
    ]  # fmt: skip
    assert open_corpus(tmp_path / "corpus").estimate() == CorpusEstimate(
        "folder", 5, 6 + (1 << 20) + 1 + len(gzip.compress(b"text" * 100)) - 9 + 4, 5, True,
        {"unreadable": 4, "utf-8": 1},
    )  # fmt: skip


def test_links_are_followed_but_not_round_and_round(write, tmp_path):
    write("elsewhere/one.txt", "one")
    write("corpus/two.txt", "two")
    (tmp_path / "corpus/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "corpus")
    assert [row.id for row in rows(tmp_path / "corpus")] == ["linked/one.txt", "two.txt"]


def test_what_is_no_regular_file_is_left_out(write, tmp_path):
    write("a.txt", "x")
    os.mkfifo(tmp_path / "pipe")
    assert texts(tmp_path) == ["x"]


def test_a_file_name_that_is_not_utf8_has_an_id_that_is(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    assert [row.id for row in rows(tmp_path)] == ["caf\\xe9.txt"]


def test_the_encoding_asked_for_is_the_one_used(write, tmp_path):
    write("a.txt", "é".encode("latin-1"))
    write("b.txt", "é".encode())
    assert texts(tmp_path, encoding="cp1252") == ["é", "Ã©"]
    assert problems(tmp_path, encoding="utf-8") == ["undecodable: byte 0xe9 at 0 is not utf-8", ""]


def test_an_empty_or_closed_folder_is_refused(tmp_path, write, monkeypatch):
    write("empty/.hidden", "x")
    with pytest.raises(UsageError, match="expected a folder with files; got no files other than hidden ones"):
        open_corpus(tmp_path / "empty")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match="expected a folder that can be read; got Permission denied"):
        open_corpus(tmp_path / "empty")


def test_a_file_that_goes_away_is_counted_as_nothing(write, tmp_path):
    path = write("a.txt", "x")
    write("b.txt", "xy")
    corpus = open_corpus(tmp_path)
    path.unlink()
    assert corpus.estimate().n_bytes == 2


# Lines of text


def test_a_text_file_is_a_document_a_line(write):
    path = write("posts.txt", "first\r\n\nthird\n")
    assert rows(path) == [Row("1", "first", {}), Row("2", "", {}), Row("3", "third", {})]
    assert open_corpus(path).name == str(path)
    assert open_corpus(path).estimate() == CorpusEstimate("text", 1, 14, 3, True, {"utf-8": 3})


@pytest.mark.parametrize("suffix", PACKERS)
def test_compressed_files_read_as_plain_ones(write, suffix):
    lines = [f"line {n} é" for n in range(20_000)]
    path = write(f"posts.txt{suffix}", PACKERS[suffix]("\n".join(lines).encode()))
    assert texts(path) == lines


@pytest.mark.parametrize("suffix", PACKERS)
def test_truncated_and_corrupt_archives_are_named(write, suffix):
    packed = PACKERS[suffix](os.urandom(1000).hex().encode() * 3)
    with pytest.raises(NeuralTopicError, match=r"cut.txt\.\w+: expected a whole \w+ file; got "):
        list(open_corpus(write(f"cut.txt{suffix}", packed[:-5])))
    with pytest.raises(NeuralTopicError, match=r"bad.txt\.\w+: expected a whole \w+ file; got "):
        list(open_corpus(write(f"bad.txt{suffix}", b"not an archive" + packed)))


def test_zstandard_frames_follow_each_other(write):
    pack = PACKERS[".zst"]
    skippable = struct.pack("<II", 0x184D2A50, 5) + b"extra"
    assert texts(write("a.txt.zst", skippable + pack(b"one\ntw") + skippable + pack(b"o\n"))) == [
        "one",
        "two",
    ]


def test_a_large_file_is_estimated_from_its_beginning(write):
    path = write("posts.txt", "".join(f"document {n:07d}\n" for n in range(300_000)))
    estimate = open_corpus(path).estimate()
    assert estimate.kind == "text"
    assert not estimate.exact
    assert estimate.n_documents == pytest.approx(300_000, rel=0.05)


def test_binary_and_empty_files_are_refused(write):
    with pytest.raises(NeuralTopicError, match=r"photo.txt: expected text; got binary data"):
        list(open_corpus(write("photo.txt", b"\0\0")))
    with pytest.raises(NeuralTopicError, match=r"none.txt: expected at least one document; got none"):
        list(open_corpus(write("none.txt", "")))


# CSV and TSV


def test_csv_with_quotes_and_line_ends(write):
    path = write("posts.csv", '\n\nid,text,year\r\n7,"a ""b""\r\nc\n\nd",1999\r\n\n8,plain\n9,x,2001\n')
    assert rows(path) == [
        Row("7", 'a "b"\r\nc\n\nd', {"year": "1999"}),
        Row("8", "plain", {}),
        Row("9", "x", {"year": "2001"}),
    ]
    assert open_corpus(path).estimate().kind == "csv"


@pytest.mark.parametrize("suffix", PACKERS)
def test_csv_survives_a_round_trip_through_every_oddity(write, suffix):
    written = ['"', ",", "\n", "a\rb", "\r\n", "", " x ", "\0end of file, nearly", "x" * 200_000, 'é"\n,"']
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([["id", "body"], *enumerate(written)])
    path = write(f"odd.csv{suffix}", PACKERS[suffix](text.getvalue().encode().replace(b"\0", b"\\0")))
    assert texts(path) == [value.replace("\0", "\\0") for value in written]


def test_tsv_and_other_separators(write):
    assert rows(write("a.tsv", "text\tx,y\nhello, world\t1\n")) == [Row("1", "hello, world", {"x,y": "1"})]
    assert rows(write("a.csv", "id;text\n1;a, b\n")) == [Row("1", "a, b", {})]
    assert rows(write("b.csv", "id\ttext\n1\ta, b\n")) == [Row("1", "a, b", {})]
    assert rows(write("c.csv", "words\nsome words\n")) == [Row("1", "some words", {})]


def test_the_classic_macintosh_line_end_and_a_stray_one(write):
    assert texts(write("mac.csv", "id,text\r1,a\r2,b\r")) == ["a", "b"]
    assert texts(write("stray.csv", "id,text\n1,a\rb\n2,c\n")) == ["a\rb", "c"]


def test_utf16_csv_as_a_spreadsheet_writes_it(write):
    assert rows(write("sheet.csv", "id\ttext\n1\tété\n".encode("utf-16"))) == [Row("1", "été", {}, "utf-16")]


def test_columns_are_chosen_by_name(write):
    path = write("a.csv", "id,title,body\n1,t,b\n")
    assert rows(path, text="body") == [Row("1", "b", {"title": "t"})]
    assert rows(path, text="body", id="title") == [Row("t", "b", {"id": "1"})]
    assert rows(path, text="id") == [Row("1", "1", {"title": "t", "body": "b"})]


def test_columns_that_are_not_there_are_listed(write):
    path = write("a.csv", "id,title,body\n1,t,b\n")
    with pytest.raises(UsageError, match="expected a column 'txt'; got columns id, title, body"):
        list(open_corpus(path, text="txt"))
    with pytest.raises(UsageError, match="expected a column 'key'; got columns id, title, body"):
        list(open_corpus(path, text="body", id="key"))
    with pytest.raises(UsageError, match="expected a column 'text', or a single column of strings; got columns"):
        list(open_corpus(path))
    with pytest.raises(NeuralTopicError, match="expected at least one document; got none"):
        list(open_corpus(write("empty.csv", "")))
    with pytest.raises(UsageError, match="got 'text' twice in the header"):
        list(open_corpus(write("twice.csv", "text,a,text\n1,2,3\n")))


def test_a_row_of_too_many_values_or_bad_bytes_has_a_problem(write):
    path = write("a.csv", "é,text\n1,ä,b\n2,ok\n".encode() + b"3,caf\xe9\n" + '4,"ü\n'.encode() + b'\xe9"\n')
    assert problems(path) == [
        "3 values for 2 columns",
        "",
        "undecodable: byte 0xe9 at 5 is not utf-8",
        "undecodable: byte 0xe9 at 0 is not utf-8",
    ]
    assert rows(path)[0].metadata == {"é": "1"}


def test_a_short_row_without_its_text_has_a_problem(write):
    assert rows(write("a.csv", "id,text\n1\n")) == [Row("1", None, {}, problem="no column 'text'")]


def test_ids_that_were_asked_for_are_unique_and_never_missing(write):
    path = write("a.csv", "id,text\nx,a\n,b\nnan,c\nx,d\n")
    corpus = iter(open_corpus(path, id="id"))
    assert [next(corpus).id for _ in range(3)] == ["x", "row 2", "row 3"]
    with pytest.raises(NeuralTopicError, match="id 'x': expected an id to occur once; got it in rows 1 and 4"):
        next(corpus)


# JSONL


def test_json_lines(write):
    path = write("a.jsonl", '{"id": 5, "text": "é", "tags": ["x"]}\n\n{"text": null}\n{"text": NaN, "id": "q"}\n')
    assert rows(path) == [
        Row("5", "é", {"tags": ["x"]}),
        Row("row 2", None, {}, problem="not text (None)"),
        Row("q", None, {}, problem="not text (float nan)"),
    ]
    assert open_corpus(path).estimate().kind == "jsonl"


def test_a_broken_line_is_a_row_with_a_problem(write):
    lines = [
        '{"text": "fine"}',
        '{"text": ',
        "[1]",
        '{"text": 3}',
        '{"other": "x"}',
        '{"text": "\\ud800"}',
        '{"text": "\\ud83d\\ude00"}',
        "[" * 100_000,
        '{"text": ' + "1" * 5000 + "}",
        '{"text": true}',
        '{"text": {}}',
    ]
    path = write("a.ndjson", "\n".join(lines).encode() + b'\n{"text": "caf\xe9"}')
    read = rows(path, encoding="utf-8")
    assert [row.id for row in read] == [str(number) for number in range(1, 13)]
    assert [row.text for row in read] == ["fine", *[None] * 5, "\U0001f600", *[None] * 5]
    found = [row.problem for row in read]
    assert found[1:7] == [
        "broken JSON: Expecting value at column 10",
        "broken JSON: not an object (list)",
        "not text (int 3)",
        "no column 'text'",
        "not text (lone surrogate)",
        "",
    ]
    assert found[7].startswith("broken JSON: maximum recursion depth exceeded")
    assert found[8].startswith("broken JSON: Exceeds the limit (4300 digits)")
    assert found[9:] == [
        "not text (bool True)",
        "not text (dict)",
        "undecodable: byte 0xe9 at 13 is not utf-8",
    ]


def test_the_only_string_column_of_json_is_the_text(write):
    path = write("a.jsonl", '{"n": 1}\n{"n": 2, "body": "b"}\n')
    assert texts(path) == [None, "b"]
    with pytest.raises(UsageError, match="got columns n, body"):
        list(open_corpus(path, text="txt"))


@pytest.mark.parametrize(("content", "got"), [("", "no object"), ("[1]\n", "not an object"), ("{}", "no object")])
def test_a_file_without_objects_is_refused(write, content, got):
    with pytest.raises(UsageError, match=f"expected a JSON object per line, or an array of objects; got .*{got}"):
        list(open_corpus(write("a.jsonl", content)))


# Parquet


def test_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"id": [3, 4], "body": ["é", None], "n": [1.5, 2]}).to_parquet(path)
    assert rows(path) == [
        Row("3", "é", {"n": 1.5}),
        Row("4", None, {"n": 2.0}, problem="not text (None)"),
    ]
    assert open_corpus(path).estimate() == CorpusEstimate("parquet", 1, path.stat().st_size, 2, True, {"utf-8": 2})


def test_parquet_in_many_batches_and_kinds_of_string(tmp_path):
    path = tmp_path / "a.parquet"
    words = pa.array([f"w{n % 7}" for n in range(3000)])
    pq.write_table(pa.table({"n": range(3000), "word": words.dictionary_encode()}), path, row_group_size=1300)
    assert texts(path) == words.to_pylist()
    pq.write_table(pa.table({"n": range(3000), "word": words.cast(pa.large_string())}), path)
    assert texts(path) == words.to_pylist()


def test_parquet_strings_that_are_not_utf8(tmp_path):
    path = tmp_path / "a.parquet"
    raw = pa.array([b"fine", b"caf\xe9", None], pa.binary())
    bad = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    pq.write_table(pa.table({"text": bad, "other": bad}), path)
    assert rows(path) == [
        Row("1", "fine", {"other": "fine"}),
        Row("2", None, {"other": None}, problem="undecodable: not utf-8"),
        Row("3", None, {"other": None}, problem="not text (None)"),
    ]


def test_parquet_that_cannot_be_read(tmp_path, write):
    whole = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [os.urandom(50).hex() for _ in range(5000)]}), whole)
    data = bytearray(whole.read_bytes())
    with pytest.raises(NeuralTopicError, match=r"cut.parquet: expected a whole Parquet file; got"):
        list(open_corpus(write("cut.parquet", bytes(data[:-9]))))
    data[4:40] = b"\xff" * 36
    with pytest.raises(NeuralTopicError, match=r"bad.parquet: expected a whole Parquet file; got"):
        list(open_corpus(write("bad.parquet", bytes(data))))
    pq.write_table(pa.table({"text": ["x"], "day": pa.array([10**9], pa.date32())}), whole)
    with pytest.raises(NeuralTopicError, match=r"a.parquet: expected a whole Parquet file; got"):
        list(open_corpus(whole))
    pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * 2, names=["a", "a"]), whole)
    with pytest.raises(UsageError, match="expected column names that differ; got columns a, a"):
        list(open_corpus(whole))


# Standard input


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("a\nb\n", {}, [Row("1", "a", {}), Row("2", "b", {})]),
        ('\n {"body": "a", "id": "x"}\n', {"text": "body"}, [Row("x", "a", {})]),
    ],
)
def test_standard_input_is_read_once(monkeypatch, content, options, expected):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    corpus = open_corpus("-", **options)
    assert corpus.name == "-"
    with pytest.raises(UsageError, match="expected a corpus whose size is known without reading it"):
        corpus.estimate()
    assert [row._replace(line=0, n_lines=0) for row in corpus] == expected
    with pytest.raises(UsageError, match="standard input: expected a corpus that can be read again"):
        list(corpus)


def test_standard_input_of_lines_has_no_columns(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n")))
    with pytest.raises(UsageError, match="a document per line, or JSON or XML where columns are named"):
        list(open_corpus("-", text="body"))


# Python values


def test_a_list_with_the_values_users_have():
    values = ["a", None, float("nan"), b"bytes", 3, "\ud800", np.str_("b"), pd.NA, "é"]
    corpus = open_corpus(values)
    assert corpus.name == "<list of 9 documents>"
    assert [row.id for row in corpus] == [str(n) for n in range(9)]
    assert texts(values) == ["a", None, None, "bytes", None, None, "b", None, "é"]
    assert problems(values) == [
        "", "not text (None)", "not text (float nan)", "", "not text (int 3)",
        "not text (lone surrogate)", "", "not text (NAType)", "",
    ]  # fmt: skip
    assert corpus.estimate() == CorpusEstimate("list", 0, 0, 9, True, {"utf-8": 9})


@pytest.mark.parametrize("make", [tuple, np.array, lambda v: pd.Series(v, index=[9, 9]), lambda v: pd.Series(v).array])
def test_any_sequence_of_strings(make):
    assert rows(make(["a", "b"])) == [Row("0", "a", {}), Row("1", "b", {})]


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        (b"bytes", r"got bytes. Pass list\(\.\.\.\) of the texts"),
        ({"a": 1}, "got dict. Pass list"),
        ({"a"}, "got set. Pass list"),
        (iter("a"), "got str_ascii_iterator. Pass list"),
        (5, "got int. Pass list"),
        (None, "got NoneType. Pass list"),
        (np.array([["a"]]), "got ndarray. Pass a single column"),
        ([], "got an empty list. Pass at least one document"),
    ],
)
def test_what_is_no_sequence_of_documents_is_refused(source, hint):
    with pytest.raises(
        UsageError, match=f"expected a path, a data frame, or a sequence of str or of lists of words; .*{hint}"
    ):
        open_corpus(source)


def test_without_pandas_loaded_a_list_is_still_a_list(monkeypatch):
    monkeypatch.delitem(sys.modules, "pandas")
    assert texts(["a"]) == ["a"]


# Options and paths


def test_options_that_do_not_apply_are_refused(write, tmp_path):
    path = write("a.txt", "a")
    for source in (path, tmp_path, ["a"]):
        with pytest.raises(UsageError, match="text: expected no value, as it applies only to tables; got 'body' with "):
            open_corpus(source, text="body")
        with pytest.raises(UsageError, match="id: expected no value, as it applies only to tables; got 'key' with "):
            open_corpus(source, id="key")
    with pytest.raises(
        UsageError, match="encoding: expected no value, as it applies only to text files; got 'utf-8' with a list"
    ):
        open_corpus(["a"], encoding="utf-8")
    with pytest.raises(UsageError, match="encoding: expected no value, as it applies only to text files"):
        open_corpus(write("a.parquet", b""), encoding="utf-8")


def test_missing_paths_and_unknown_kinds(write, tmp_path):
    with pytest.raises(UsageError, match="nowhere: expected a folder or a file; got No such file or directory"):
        open_corpus(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="documents themselves in a list") as raised:
        open_corpus("a whole document, " * 500)
    assert len(str(raised.value)) < 400
    with pytest.raises(UsageError, match="embedded null byte"):
        open_corpus("a\0b")
    with pytest.raises(UsageError, match=r"expected Parquet, uncompressed; got a compressed file"):
        open_corpus(write("a.parquet.gz", b""))


def test_a_file_that_cannot_be_opened_is_named(write):
    corpus = open_corpus(path := write("a.txt", "a"))
    path.unlink()
    with pytest.raises(NeuralTopicError, match=r"a.txt: expected a file that can be read; got No such file"):
        list(corpus)


@pytest.mark.slow
def test_every_post_of_twenty_newsgroups_is_read(data_folder, tmp_path):
    import tarfile

    with tarfile.open(data_folder / "20news-bydate.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    read = list(open_corpus(tmp_path))
    assert len({row.id for row in read}) == 18_846
    assert not any(row.problem for row in read)
    # One of them, from a Macintosh, marks its items with bullets.
    others = Counter(row.encoding for row in read if row.encoding != "utf-8")
    assert others == {"cp1252": 72, "mac-roman": 1}
