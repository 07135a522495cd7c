"""Corpora by URL are read as their files are, from real servers: HTTP here, an S3 server where moto is installed."""

import contextlib
import functools
import http.server
import importlib.util
import json
import os
import threading

import pandas as pd
import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.readers import corpus_facts, open_corpus
from neuraltopic.reading.urls import fetched_in_order, is_url, location

upath = pytest.importorskip("upath")
HTTP = pytest.mark.skipif(importlib.util.find_spec("aiohttp") is None, reason="aiohttp is not installed")
TEXTS = ["first words", "second words", "dritte Wörter"]


def rows(source, **options):
    return [(row.id, row.text, row.metadata, row.encoding, row.problem) for row in open_corpus(source, **options)]


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of each kind, and documents in folders."""
    lines = "".join(json.dumps({"text": text, "year": year}) + "\n" for year, text in enumerate(TEXTS))
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    frame = pd.DataFrame({"id": ["a", "b", "c"], "text": TEXTS})
    frame.to_csv(tmp_path / "a.csv.gz", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "lines.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    mail = "From a@b Mon Jan  1 00:00:00 2024\nFrom: a@b\nSubject: hello\n\nfirst words\n"
    (tmp_path / "box.mbox").write_text(mail)
    for label in ("x", "y"):
        for number, text in enumerate(TEXTS):
            file = tmp_path / "documents" / label / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    (tmp_path / "documents" / ".hidden").write_text("no")
    (tmp_path / "documents" / "x" / ".git").mkdir()
    (tmp_path / "documents" / "x" / ".git" / "config").write_text("no")
    return tmp_path


FILES = ["a.jsonl", "a.csv.gz", "a.parquet", "lines.txt", "box.mbox"]


@pytest.fixture
def in_memory(folder):
    """The same in fsspec's own store."""
    root = upath.UPath("memory://corpus")
    for file in folder.rglob("*"):
        if file.is_file():
            (root / file.relative_to(folder).as_posix()).write_bytes(file.read_bytes())
    yield "memory://corpus"
    root.fs.store.clear()


@contextlib.contextmanager
def served(folder):
    """A web server of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("file", FILES)
def test_a_file_by_url_has_the_rows_of_the_file(folder, in_memory, file):
    assert rows(f"{in_memory}/{file}") == rows(folder / file)


@HTTP
@pytest.mark.parametrize("file", FILES)
def test_a_file_of_a_web_server_has_the_rows_of_the_file(folder, file):
    with served(folder) as url:
        assert rows(f"{url}/{file}") == rows(folder / file)


@pytest.mark.parametrize("end", ["", "/"])
def test_a_folder_by_url_has_the_rows_of_the_folder_in_their_order(folder, in_memory, end):
    found = rows(f"{in_memory}/documents{end}")
    assert [row[0] for row in found] == [f"{label}/{number}.txt" for label in "xy" for number in range(3)]
    assert found == rows(folder / "documents")


def test_tables_in_a_folder_by_url(folder, in_memory):
    for name in ("one", "two"):
        content = (folder / "a.jsonl").read_bytes()
        (folder / "tables").mkdir(exist_ok=True)
        (folder / "tables" / f"{name}.jsonl").write_bytes(content)
        upath.UPath(f"{in_memory}/tables/{name}.jsonl").write_bytes(content)
    found = rows(f"{in_memory}/tables")
    assert len(found) == 6
    assert found == rows(folder / "tables")


def test_the_size_of_a_corpus_by_url(folder, in_memory):
    for name in (*FILES, "documents"):
        assert open_corpus(f"{in_memory}/{name}").estimate() == open_corpus(folder / name).estimate(), name


def test_a_file_url_is_a_local_path(folder):
    corpus = open_corpus(f"file://{folder}/a.jsonl")
    assert corpus.path == folder / "a.jsonl"
    assert [row.text for row in corpus] == TEXTS
    assert location("file:///a%20b") == location("file:///a b")


def test_a_corpus_by_url_has_no_local_path_and_facts_for_json(in_memory):
    corpus = open_corpus(f"{in_memory}/a.jsonl")
    assert corpus.path is None
    facts = json.loads(json.dumps(corpus_facts(corpus)))
    assert facts["name"] == "memory://corpus/a.jsonl"
    assert facts["estimate"]["n_documents"] == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s3://bucket/a", True),
        ("simplecache::s3://bucket/a", True),
        ("hdfs://host:8020/a", True),
        ("C:\\texts", False),
        ("C://texts", False),
        ("folder/a.csv", False),
        ("-", False),
    ],
)
def test_what_is_a_url(name, expected):
    assert is_url(name) == expected


@pytest.mark.parametrize(
    ("url", "package"), [("s3://bucket/a", "s3fs"), ("gs://bucket/a", "gcsfs"), ("abfs://bucket/a", "adlfs")]
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(url, package):
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    with pytest.raises(UsageError, match=rf"^{url}: expected {package} installed.* Run pip install {package}\.$"):
        open_corpus(url)


def test_what_a_protocol_needs_on_this_machine_is_said_in_a_line(monkeypatch):
    def broken(url):
        raise OSError("Unable to load libjvm\n" + "dlopen(x): no such file\n" * 100)

    monkeypatch.setattr(upath, "UPath", broken)
    with pytest.raises(
        UsageError, match="expected what hdfs:// needs on this machine, Java and Hadoop; got Unable"
    ) as it:
        location("hdfs://a/b")
    assert len(str(it.value)) < 400


def test_an_unknown_protocol_is_refused():
    with pytest.raises(UsageError, match=r"^nothing://a: expected a URL that fsspec reads"):
        open_corpus("nothing://a")


def test_a_url_where_nothing_is(in_memory):
    with pytest.raises(UsageError, match=r"memory://corpus/none\.csv: expected a file or a folder .* nothing there"):
        open_corpus(f"{in_memory}/none.csv")


@HTTP
def test_a_server_that_is_not_there():
    with pytest.raises(UsageError, match="Check the URL, the credentials in the environment and the network"):
        open_corpus("http://127.0.0.1:9/a.csv")


def test_errors_name_the_url_and_not_the_copy(in_memory):
    upath.UPath(f"{in_memory}/broken.parquet").write_bytes(b"not Parquet")
    with pytest.raises(NeuralTopicError, match=r"^memory://corpus/broken\.parquet: expected a whole Parquet file"):
        rows(f"{in_memory}/broken.parquet")


def test_files_are_fetched_in_order_and_a_failure_ends_it():
    def fetch(number):
        if number == 90:
            raise KeyError(number)
        return number

    found = fetched_in_order(fetch, range(100))
    assert [next(found) for _ in range(90)] == list(range(90))
    with pytest.raises(KeyError):
        next(found)


@pytest.fixture
def s3(monkeypatch, tmp_path):
    """An S3 server with a bucket."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    files.mkdir("bucket")
    yield files
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.filterwarnings("default")  # of the packages of the object store
def test_a_bucket_of_an_object_store(folder, s3):
    s3.put(str(folder) + os.sep, "bucket/corpus/", recursive=True)
    for name in (*FILES, "documents"):
        assert rows(f"s3://bucket/corpus/{name}") == rows(folder / name), name
    with pytest.raises(UsageError, match="nothing there"):
        open_corpus("s3://bucket/none")
