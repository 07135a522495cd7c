"""The server as a process of its own, on loopback."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.vectors.embedding_models import EmbeddingModel, EmbeddingsByModel
from neuraltopic.search import SearchIndex
from tests.reading.vectors.test_embedding_models import static_model  # noqa: F401  # a fixture
from tests.tiny_corpus import sentences

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


class Server:
    def __init__(self, folder, *options):
        command = [sys.executable, "-m", "neuraltopic", "serve", str(folder), "--port", "0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.first = self.process.stderr.readline()
        self.port = int(self.first.rstrip("/\n").rpartition(":")[2])

    def ask(self, path, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("GET" if data is None else "POST", path, data, dict(headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def json(self, path, body=None):
        status, content = self.ask(path, body)
        return status, json.loads(content)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process.stderr.close()
        return code


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def command_of(pid):
    """Empty where the process has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


@pytest.fixture(scope="module")
def server(shared_index, tmp_path_factory):
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text("<p>topics</p>")
    running = Server(shared_index.folder, "--page", str(page))
    yield running
    running.stop()


def test_answers_are_those_of_the_index(server, shared_index):
    expected = shared_index.answer("rocket moon", 3, where="label = 'space'").to_dict()
    status, found = server.json("/search?q=rocket%20moon&n=3&where=" + quote("label = 'space'"))
    assert (status, found) == (200, json.loads(json.dumps(expected)))
    posted = server.json("/search", {"query": "rocket moon", "n": 3, "where": "label = 'space'"})
    assert posted == (200, found)
    assert server.json("/search?topic=1&n=1")[1]["hits"][0]["topics"].keys() == {"1"}
    assert len(server.json("/search?like=space/00.txt&skip=50")[1]["hits"]) == 9


def test_health_documents_topics_and_page(server, shared_index):
    assert server.json("/health") == (200, {"status": "ok", "documents": 60, "generation": 1})
    status, found = server.json("/documents/space/00.txt")
    assert status == 200
    assert found == shared_index.document("space/00.txt")
    assert found["fields"]["label"] == "space"
    assert server.json("/documents/nobody")[0] == 404
    assert [topic["topic"] for topic in server.json("/topics")[1]["topics"]] == [0, 1, 2]
    assert server.ask("/") == (200, b"<p>topics</p>")


def test_openapi_names_every_path(server):
    status, found = server.json("/openapi.json")
    assert status == 200
    assert set(found["paths"]) == {"/health", "/search", "/documents/{id}", "/topics"}
    assert found["paths"]["/search"]["get"]["parameters"][1]["schema"]["maximum"] == 100


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/nowhere", None, 404, "path: expected one that /openapi.json names; got '/nowhere'."),
        ("/health", {}, 405, "method: expected GET or HEAD; got POST."),
    ],
)
def test_what_is_not_served_is_reported_in_json(server, path, body, status, said):
    assert server.json(path, body) == (status, {"error": said})


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/search", None, "one of a query"),
        ("/search?q=a&n=101", None, "n: expected at most 100"),
        ("/search?q=a&n=0", None, "n: expected a whole number of 1 or more"),
        ("/search?q=a&n=ten", None, "n: expected a whole number"),
        ("/search?q=a&n=--3", None, "n: expected a whole number"),
        ("/search?q=a&skip=10001", None, "skip: expected at most 10,000"),
        ("/search?q=a&q=b", None, "each parameter once"),
        ("/search?q=a&topic=1", None, "one of a query"),
        ("/search?q=a&colour=red", None, "the names query, by, like"),
        ("/search?q=a&by=magic", None, "by: expected one of"),
        ("/search?q=a&where=year", None, "one of = !="),
        ("/search?q=" + "a" * 10_001, None, "at most 10,000 characters"),
        ("/search", {"query": 3}, "query: expected a text"),
        ("/search", {"query": "a", "n": "3"}, "n: expected a whole number"),
        ("/search", {"query": "a", "n": True}, "n: expected a whole number"),
        ("/search", {"query": "a", "topic": 0.5}, "one of a query"),
        ("/search", {"topic": 0.5}, "topic: expected a number"),
        ("/search", b"[1", "JSON in UTF-8"),
        ("/search", b"[1", "(char 2). See /openapi.json."),
        ("/search", b"[]", "a JSON object"),
        ("/search", b"x" * 200_000, "bytes"),
    ],
)
def test_a_wrong_request_is_reported(server, path, body, said):
    status, found = server.json(path, body)
    assert status == 400
    assert said in found["error"]


def test_another_host_name_is_refused(server):
    # What a page of a stranger would ask by, through a name that it points at 127.0.0.1.
    assert server.ask("/health", headers={"Host": "evil.example"}.items())[0] == 400


def test_many_at_once_are_answered_or_told_to_wait(server):
    statuses = []

    def ask():
        for _ in range(5):
            statuses.append(server.ask("/search?q=rocket")[0])

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 80
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 8
    assert server.json("/health")[0] == 200


def test_an_answer_that_takes_too_long_is_given_up():
    import asyncio

    from neuraltopic.search.serving import Busy, Limits, Workers

    async def run():
        workers = Workers(Limits(seconds=0.2, searches=1))
        release = threading.Event()
        for _ in range(2):  # the first runs, the second waits for its thread
            with pytest.raises(TimeoutError):
                await workers.run(release.wait)
        with pytest.raises(Busy):
            await workers.run(lambda: 2)
        release.set()
        while workers.unfinished:
            await asyncio.sleep(0.01)
        assert await workers.run(lambda: 3) == 3
        with pytest.raises(ZeroDivisionError):
            await workers.run(lambda: 1 / 0)
        workers.close()

    # In a thread, since tests of pages may have left an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_stops_when_asked_and_says_where_it_listens(shared_index):
    server = Server(shared_index.folder, "--workers", "2")
    try:
        (child,) = eventually(
            lambda: [pid for pid in children_of(server.process.pid) if b"spawn_main" in command_of(pid)]
        )
        expected = json.loads(json.dumps(shared_index.answer("rocket moon", 3).to_dict()))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: server.json("/search?q=rocket%20moon&n=3"), range(24)))
        assert answers == [(200, expected)] * 24
        server.process.kill()
    finally:
        server.stop()
    eventually(lambda: not command_of(child))


def eventually(true):
    """What `true()` gives once it holds, a minute at most: a process starts and ends when the machine lets it."""
    end = time.monotonic() + 60
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def test_who_hangs_up_before_the_end_leaves_no_traceback(shared_index):
    server = Server(shared_index.folder)
    with socket.create_connection(("127.0.0.1", server.port), 60) as connection:
        connection.sendall(b"POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    assert server.json("/health")[0] == 200
    server.process.send_signal(signal.SIGTERM)
    said = server.process.stderr.read()
    server.stop()
    assert "Traceback" not in said


def test_off_the_machine_only_with_a_warning(shared_index):
    server = Server(shared_index.folder, "--host", "0.0.0.0")
    assert "no login" in server.process.stderr.readline()
    server.stop()


def test_queries_are_embedded_in_every_process(model, static_model, tmp_path):  # noqa: F811
    """By the model that is named, as that of the index has gone."""
    folder = tmp_path / "model"
    shutil.copytree(static_model, folder)
    (tmp_path / "texts.txt").write_text("\n".join(sentences()) + "\n")
    corpus = open_corpus(str(tmp_path / "texts.txt"))
    embeddings = EmbeddingsByModel(EmbeddingModel(folder, device="cpu"), corpus)
    index = SearchIndex.build(tmp_path / "index", model, corpus, embeddings=embeddings)
    expected = json.loads(json.dumps(index.answer("rocket", 3, by="embeddings").to_dict()))
    shutil.rmtree(folder)
    running = Server(tmp_path / "index", "--workers", "2", "--embed-with", str(static_model))
    try:
        for _ in range(6):  # processes take turns
            assert running.json("/search?q=rocket&n=3&by=embeddings") == (200, expected)
        assert running.json("/search?q=rocket")[1]["notes"] == []
    finally:
        running.stop()
