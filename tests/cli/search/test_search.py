import json
import os

import pytest

from neuraltopic.search import SearchIndex
from tests.cli.conftest import FAST
from tests.tiny_corpus import sentences


@pytest.fixture(scope="session")
def indexed(finished, tmp_path_factory):
    """An index that tests only read."""
    from neuraltopic.cli import main

    folder = tmp_path_factory.mktemp("indexes") / "index"
    assert main(["index", str(finished), "-o", str(folder), "--quiet"]) == 0
    return folder


def test_index_the_documents_of_the_fit(call, finished, tmp_path):
    result = call("index", finished, "-o", tmp_path / "index", "--json")
    assert result.code == 0
    assert result.json["documents"] == 60
    assert result.json["columns"] == ["id", "topic", "n_tokens", "label"]
    assert "60 documents" in result.err
    assert call("index", finished, "-o", tmp_path / "index").code == 2
    assert call("index", finished, "-o", tmp_path / "index", "--force").code == 0


def test_documents_that_changed_since_the_fit_are_refused(call, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(sentences()) + "\n")
    assert call("fit", path, "-o", tmp_path / "run", *FAST).code == 0
    path.write_text("\n".join(sentences(59)) + "\n")
    result = call("index", tmp_path / "run", "-o", tmp_path / "index")
    assert result.code == 1
    assert "the documents of the fit, unchanged" in result.err
    assert not (tmp_path / "index").exists()
    assert call("index", tmp_path / "run", path, "-o", tmp_path / "index").code == 0
    path.unlink()
    result = call("index", tmp_path / "run", "-o", tmp_path / "other")
    assert result.code == 2
    assert "Name the documents" in result.err


def test_search_prints_hits_with_reasons(call, indexed):
    result = call("search", indexed, "rocket lunch", "-n", 2, "--where", "label = 'space'")
    assert result.code == 0
    lines = result.out.splitlines()
    assert len(lines) == 6
    assert lines[0].split()[0] == "1"
    assert "*rocket*" in lines[1]
    assert "because of " in lines[2]
    assert "rocket +" in lines[2]
    assert result.err == "note: lunch is not in the vocabulary; near it: launch\n"


def test_search_as_json_is_the_answer_of_the_library(call, indexed):
    result = call("search", indexed, "rocket", "-n", 3, "--json", "--by", "words", "--skip", 2)
    assert result.json == json.loads(
        json.dumps(SearchIndex.open(indexed).answer("rocket", 3, by="words", skip=2).to_dict())
    )
    assert [hit["rank"] for hit in result.json["hits"]] == [3, 4, 5]


def test_like_and_topic(call, indexed):
    like = call("search", indexed, "--like", "space/00.txt", "--json").json
    assert like["found"] == 59
    topic = call("search", indexed, "--topic", 1, "--json").json
    assert topic["by"] == "topic"
    assert topic["found"] == 60


def test_a_note_is_printed_once_for_many_queries(call, indexed, monkeypatch, tmp_path):
    (tmp_path / "queries").write_text("zebra moon\ngoal\nrocket zebra\n")
    with open(tmp_path / "queries") as queries:
        monkeypatch.setattr("sys.stdin", queries)
        result = call("search", indexed, "-", "-n", 1)
    assert result.err == "note: zebra is not in the vocabulary\n"
    assert result.out.count("# ") == 3


def test_many_queries_from_standard_input(call, indexed, monkeypatch, tmp_path):
    (tmp_path / "queries").write_text("rocket\ngoal\n")
    with open(tmp_path / "queries") as queries:
        monkeypatch.setattr("sys.stdin", queries)
        result = call("search", indexed, "-", "-n", 1, "--json")
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [answer["query"] for answer in answers] == ["rocket", "goal"]
    assert [answer["hits"][0]["id"].split("/")[0] for answer in answers] == ["space", "sport"]


def test_queries_from_standard_input_are_utf8(call, indexed, monkeypatch, tmp_path):
    (tmp_path / "queries").write_bytes("\ufeffrocket\r\ngoal".encode())
    (tmp_path / "others").write_bytes(b"rocket\ng\xffal\n")
    with open(tmp_path / "queries") as queries:
        monkeypatch.setattr("sys.stdin", queries)
        result = call("search", indexed, "-", "-n", 1, "--json")
    assert [json.loads(line)["query"] for line in result.out.splitlines()] == ["rocket", "goal"]
    with open(tmp_path / "others", encoding="utf-8") as queries:
        monkeypatch.setattr("sys.stdin", queries)
        result = call("search", indexed, "-")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "standard input: expected queries in UTF-8" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "one of a query"),
        (("a", "--topic", "1"), "one of a query"),
        (("a", "--by", "magic"), "--by: expected one of hybrid"),
        (("a", "--where", "label = "), "--where: expected a number"),
        (("a", "--where", "colour = 1"), "--where: expected columns of the index"),
        (("--topic", "9"), "--topic: expected a number from 0 to 2"),
        (("--like", "nobody"), "--like: expected the id of a document"),
        (("a", "-n", "0"), "--number"),
    ],
)
def test_an_error_is_one_line(call, indexed, arguments, said):
    result = call("search", indexed, *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_add_and_delete(call, finished, tmp_path):
    folder = tmp_path / "index"
    assert call("index", finished, "-o", folder).code == 0
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.txt").write_text("rocket moon")
    (tmp_path / "new" / "b.txt").write_text("goal match")
    result = call("index", finished, tmp_path / "new", "-o", folder, "--add", "--json")
    assert (result.code, result.json["documents"]) == (0, 62)
    assert "anew" not in result.err
    result = call("index", finished, "-o", folder, "--delete", "a.txt", "--delete", "space/00.txt", "--json")
    assert (result.code, result.json["documents"]) == (0, 60)
    assert call("index", finished, "-o", folder, "--delete", "a.txt").code == 2
    result = call("index", finished, tmp_path / "new", "-o", folder, "--add", "--json")
    assert (result.code, result.json["documents"]) == (0, 61)
    assert f"note: {tmp_path / 'new'}: 1 of 2 documents are in the index already\n" in result.err
    (tmp_path / "new" / "b.txt").write_text("goal")
    result = call("index", finished, tmp_path / "new", "-o", folder, "--add")
    assert result.code == 1
    assert "'b.txt'" in result.err


def test_an_updated_run_embeds_anew(call, finished, tmp_path):
    folder, new = tmp_path / "index", tmp_path / "new.txt"
    new.write_text("rocket moon goal\nbread oven goal\n")
    assert call("index", finished, "-o", folder).code == 0
    assert call("update", finished, new, "-o", tmp_path / "updated").code == 0
    result = call("index", tmp_path / "updated", "-o", folder, "--add", "--json")
    assert (result.code, result.json["documents"]) == (0, 62)
    assert "embedded again" in result.err
    index = SearchIndex.open(folder)
    assert len(index.model.updates_) == 1
    assert "1" in index
    result = call("index", tmp_path / "updated", "-o", folder, "--add")
    assert (result.code, len(SearchIndex.open(folder))) == (0, 62)
    assert "2 of 2 documents are in the index already" in result.err


def test_an_update_of_a_file_of_lines_embeds_anew(call, tmp_path):
    """Lines of both files are numbered from 1."""
    (tmp_path / "first.txt").write_text("\n".join(sentences()))
    (tmp_path / "later.txt").write_text("rocket moon goal\nbread oven goal\n")
    assert call("fit", tmp_path / "first.txt", "-o", tmp_path / "run", *FAST).code == 0
    assert call("index", tmp_path / "run", "-o", tmp_path / "index").code == 0
    assert call("update", tmp_path / "run", tmp_path / "later.txt", "-o", tmp_path / "updated").code == 0
    result = call("index", tmp_path / "updated", "-o", tmp_path / "index", "--add", "--json")
    assert (result.code, result.json["documents"]) == (0, 62)
    assert "note: " in result.err
    assert "so their ids are later.txt:1 and so on" in result.err
    assert SearchIndex.open(tmp_path / "index").text("later.txt:2") == "bread oven goal"


def test_copy_to_a_file(call, finished, indexed, tmp_path):
    result = call("index", finished, "-o", indexed, "--to", tmp_path / "copy.parquet")
    assert result.code == 0
    assert "copied to" in result.err
    assert (tmp_path / "copy.parquet").stat().st_size > 1000


def test_what_would_steer_a_terminal_is_not_printed(call, finished, monkeypatch, tmp_path):
    document = {"id": "a\x1b[31mb", "text": "rocket \x1b[31m moon \x07 launch"}
    (tmp_path / "texts.jsonl").write_text(json.dumps(document) + "\n")
    (tmp_path / "queries").write_text("rocket \x1b[31mzebra\n")
    assert call("index", finished, tmp_path / "texts.jsonl", "-o", tmp_path / "index").code == 0
    with open(tmp_path / "queries") as queries:
        monkeypatch.setattr("sys.stdin", queries)
        result = call("search", tmp_path / "index", "-")
    assert "*rocket*" in result.out
    assert "a [31mb" in result.out
    assert not set("\x1b\x07") & set(result.out + result.err)


@pytest.mark.skipif(os.name == "nt", reason="a port in use may be taken there")
def test_a_port_that_is_taken(call, indexed):
    socket = pytest.importorskip("socket")
    pytest.importorskip("uvicorn")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = call("serve", indexed, "--port", other.getsockname()[1])
    assert result.code == 1
    assert result.err.count("\n") == 1
