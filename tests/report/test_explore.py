"""A run that is served: the page follows the edits, those of the command line, and only its own page may make them."""

import json
import re
import shutil
import sys

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")
from starlette.testclient import TestClient

from neuraltopic.cli import main
from neuraltopic.errors import UsageError
from neuraltopic.reading.vectors.embedding_models import EmbeddingModel
from neuraltopic.report.content import Sources
from neuraltopic.report.explore import make_app
from neuraltopic.report.explorer import Explorer, indexed, with_texts_of
from neuraltopic.runs.editing import edit_run
from neuraltopic.search import SearchIndex
from neuraltopic.storage.edit_log import EDIT_LOG
from neuraltopic.storage.lock import only_writer
from tests.reading.vectors.test_embedding_models import static_model  # noqa: F401  # a fixture
from tests.report.conftest import HOSTILE
from tests.tiny_corpus import sentences

HOME = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def index(run, tmp_path_factory):
    found, why = indexed(run, Sources(), tmp_path_factory.mktemp("index") / "index")
    assert why == ""
    return found


@pytest.fixture
def copied(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


class Explored:
    """A client of the application, as the page is one."""

    def __init__(self, run, index, why="", **options):
        self.run = run
        self.explorer = Explorer(run, with_texts_of(Sources(), index) if index else Sources(), index, why)
        self.client = TestClient(make_app(self.explorer, **options), base_url=HOME)

    def content(self):
        found = re.search(r'<script type="application/json" id="data">(.*?)</script>', self.client.get("/").text, re.S)
        return json.loads(found[1])

    def edit(self, *operations, log=None, headers=(), **options):
        body = {"log": self.content()["served"]["log"] if log is None else log, "edits": list(operations)}
        own = {"X-Neuraltopic-Token": self.explorer.token, "Origin": HOME, "Sec-Fetch-Site": "same-origin"}
        return self.client.post("/edit", headers=own | dict(headers), **({"json": body} | options))

    def log(self):
        path = self.run / EDIT_LOG
        return [json.loads(line)["op"] for line in path.read_text().splitlines()[1:]] if path.exists() else []


@pytest.fixture
def explored(copied, index):
    return Explored(copied, index)


def topics(content):
    """The topics as the page shows them, without the places on the map, which turn with any change of words."""
    return [{name: value for name, value in topic.items() if name != "position"} for topic in content["topics"]]


def test_shares_of_a_merge_add_up_and_undo_takes_them_back(explored):
    before = explored.content()
    assert explored.edit({"op": "merge", "groups": [[0, 2]]}).json() == {"edited": True}
    after = explored.content()
    assert len(after["topics"]) == 2
    for name in ("share", "n_documents"):
        old = [topic[name] for topic in before["topics"]]
        assert [topic[name] for topic in after["topics"]] == pytest.approx([old[0] + old[2], old[1]], abs=2e-6)
    assert after["edits"] == 1
    assert after["served"]["edits"] == [{"op": "merge", "groups": [[0, 2]]}]
    assert all(text for _, text in after["topics"][0]["typical"])
    explored.edit({"op": "undo"})
    again = explored.content()
    assert again["served"].pop("log") == 2
    assert before["served"].pop("log") == 0
    assert again == before
    assert explored.log() == ["merge", "undo"]


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "rename", "labels": {"1": "Space <b>flight</b>"}}],
        [{"op": "merge", "groups": [[0, 2]]}, {"op": "split", "topic": 0}],
        [{"op": "drop", "topics": [1]}],
        [{"op": "junk", "topics": [2]}, {"op": "reorder", "order": [2, 0, 1]}],
        [{"op": "move", "word": "moon", "from": 0, "to": 1}],
    ],
    ids=lambda operations: operations[-1]["op"],
)
def test_an_edit_of_the_page_is_that_of_the_command_line(explored, run, tmp_path, operations):
    shutil.copytree(run, tmp_path / "other")
    for operation in operations:
        assert explored.edit(operation).status_code == 200
    edit_run(tmp_path / "other", operations)
    lines = [(folder / EDIT_LOG).read_text().splitlines() for folder in (explored.run, tmp_path / "other")]
    mine, theirs = ([json.loads(line) | {"time": 0} for line in each] for each in lines)
    assert mine == theirs
    assert topics(explored.content()) == topics(Explored(tmp_path / "other", None).content())


def test_the_page_is_of_the_run_as_others_leave_it(explored):
    assert main(["topics", "edit", str(explored.run), "rename", "0", "Named elsewhere"]) == 0
    refused = explored.edit({"op": "drop", "topics": [0]}, log=0)
    assert refused.status_code == 409
    assert "load the page again" in refused.json()["error"]
    assert explored.log() == ["rename"]
    assert explored.content()["topics"][0]["name"] == "Named elsewhere"
    assert explored.edit({"op": "drop", "topics": [0]}).status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of folders")
def test_one_writer_at_a_time(explored):
    with only_writer(explored.run, thing="topics", expected="those that nobody is editing"):
        refused = explored.edit({"op": "drop", "topics": [0]})
        with pytest.raises(UsageError, match="another process is changing"):
            edit_run(explored.run, [{"op": "drop", "topics": [0]}])
    assert refused.status_code == 400
    assert "another process is changing" in refused.json()["error"]
    assert explored.log() == []


@pytest.mark.parametrize(
    ("status", "headers", "options"),
    [
        (403, {"X-Neuraltopic-Token": ""}, {}),
        (403, {"X-Neuraltopic-Token": "Ä" * 43}, {}),
        (403, {"Origin": "http://evil.example"}, {}),
        (403, {"Origin": "null"}, {}),
        (403, {"Origin": "http://127.0.0.1:8001"}, {}),
        (403, {"Sec-Fetch-Site": "cross-site"}, {}),
        (403, {"Sec-Fetch-Site": "same-site"}, {}),
        (400, {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"}, {}),
        (400, {"Host": "192.168.0.7:8000", "Origin": "http://192.168.0.7:8000"}, {}),
        (400, {"Host": ""}, {}),
        (415, {"Content-Type": "text/plain"}, {}),
        (400, {}, {"json": {"log": 0}}),
        (400, {}, {"json": {"log": -1, "edits": [{"op": "undo"}]}}),
        (400, {}, {"json": {"log": 0, "edits": []}}),
        (400, {}, {"json": {"log": 0, "edits": [{"op": "drop", "topics": [9]}]}}),
        (400, {}, {"json": {"log": 0, "edits": [{"op": "undo"}]}}),
        (400, {}, {"json": {"log": 0, "edits": [{"op": "undo", "found": "x" * 200_000}]}}),
    ],
)
def test_what_may_not_change_topics(explored, status, headers, options):
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    body = options or {"json": {"log": 0, "edits": [{"op": "drop", "topics": [0]}]}}
    refused = explored.edit(log=0, headers=encoded, **body)
    assert refused.status_code == status
    assert refused.json()["error"]
    assert explored.log() == []
    assert explored.client.get("/edit").status_code == 405


@pytest.mark.parametrize("path", ["/", "/search?q=rocket", "/documents/d0"])
def test_a_name_that_was_made_to_point_here_is_refused(explored, path):
    for name in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1", "[2001:db8::1]:80"):
        refused = explored.client.get(path, headers={"Host": name})
        assert refused.status_code == 400
        assert explored.explorer.token not in refused.text
    for name in ("127.0.0.1", "localhost:8000", "LOCALHOST", "[::1]:8000", "127.0.0.1:1"):
        assert explored.client.get(path, headers={"Host": name}).status_code == 200


def test_off_this_machine_addresses_are_known_and_names_are_not(copied, index):
    client = Explored(copied, index, host="0.0.0.0").client
    assert client.get("/", headers={"Host": "192.168.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_what_the_browser_is_told(explored):
    answer = explored.client.get("/")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src 'self'" in policy
    assert policy.endswith("frame-ancestors 'none'")
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_that_stands_alone_has_no_server(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "connect-src" not in page
    assert '"served"' not in page


def test_search_is_that_of_the_index_by_the_topics_of_the_page(explored, index):
    found = explored.client.get("/search", params={"q": "rocket moon", "n": 5}).json()
    assert found == json.loads(json.dumps(index.answer("rocket moon", 5).to_dict()))
    kept = found["hits"][0]["topic"]
    explored.edit({"op": "rename", "labels": {str(kept): "Space"}}, {"op": "reorder", "order": [2, 0, 1]})
    explored.content()  # the page is loaded again
    hit = explored.client.get("/search", params={"q": "rocket moon", "n": 5}).json()["hits"][0]
    assert (hit["topic"], hit["label"]) == ((kept + 1) % 3, "Space")
    assert hit["score"] == found["hits"][0]["score"]
    assert explored.client.get("/search?q=a&n=101").status_code == 400


def test_a_document_is_whole(explored):
    found = explored.client.get("/documents/%3Cb%3Eh0%3C/b%3E").json()
    assert found["text"] == HOSTILE[0]
    assert explored.client.get("/documents/nobody").status_code == 404


def test_without_an_index_the_page_searches_what_it_holds(copied):
    explored = Explored(copied, None)
    assert explored.content()["served"]["documents"] is None
    assert explored.client.get("/search?q=rocket").status_code == 404


@pytest.fixture(scope="module")
def embedded(tmp_path_factory, static_model):  # noqa: F811
    """A run whose documents were embedded by a model of sentences."""
    folder = tmp_path_factory.mktemp("embedded")
    (folder / "posts.txt").write_text("\n".join(sentences(60)) + "\n")
    shutil.copytree(static_model, folder / "model")
    options = ["-k", "3", "--epochs", "5", "--min-df", "1", "--quiet", "--no-report"]
    fit = ["fit", str(folder / "posts.txt"), "-o", str(folder / "run"), "--embed-with", str(folder / "model")]
    assert main([*fit, *options]) == 0
    return folder


def test_a_recipe_of_embeddings_is_searched_with_the_model_of_the_fit(embedded, tmp_path):
    found, why = indexed(embedded / "run", Sources(), tmp_path / "index")
    assert why == ""
    # The vectors are those of the fit, and a query is embedded as documents are.
    np.testing.assert_allclose(found.segments[0].vectors, np.load(embedded / "run" / "vectors.npy"), atol=1e-5)
    explored = Explored(embedded / "run", found)
    answer = explored.client.get("/search?n=5&q=rocket").json()
    encode = EmbeddingModel(embedded / "model").encode
    expected = found.answer("rocket", n=5, embedding=encode(["rocket"])[0]).to_dict()
    assert [hit["id"] for hit in answer["hits"]] == [hit["id"] for hit in expected["hits"]]
    assert answer["notes"] == []
    assert explored.client.get("/search?like=3").json()["hits"]


def test_embeddings_of_the_fit_that_are_gone_are_told_on_the_page(embedded, tmp_path):
    shutil.copytree(embedded / "run", tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    facts["embeddings"] = {"file": str(tmp_path / "gone.npy"), "sha256": "0", "shape": [60, 8]}
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    found, why = indexed(tmp_path / "run", Sources(), tmp_path / "index")
    assert found is None
    assert "gone.npy" in why
    explored = Explored(tmp_path / "run", None, why=why)
    assert explored.content()["served"]["why_no_search"] == why


def test_embeddings_that_have_changed_since_are_not_used(embedded, tmp_path):
    shutil.copytree(embedded / "run", tmp_path / "run")
    np.save(tmp_path / "other.npy", np.zeros((60, 8), np.float32))
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    facts["embeddings"] = {"file": str(tmp_path / "other.npy"), "sha256": "0", "shape": [60, 8]}
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    found, why = indexed(tmp_path / "run", Sources(), tmp_path / "index")
    assert found is None
    assert "as it was at the fit" in why


def test_an_index_of_another_model_is_refused(copied, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("\n".join(f"tea cup saucer milk n{n}\nnail saw hammer plank n{n}" for n in range(20)))
    options = ["-k", "2", "--epochs", "2", "--min-df", "1", "--quiet", "--no-report"]
    assert main(["fit", str(other), "-o", str(tmp_path / "strange"), *options]) == 0
    assert main(["index", str(tmp_path / "strange"), "-o", str(tmp_path / "index"), "--quiet"]) == 0
    with pytest.raises(UsageError, match="one of the model of the run"):
        Explorer(copied, Sources(), SearchIndex.open(tmp_path / "index"))


def test_documents_that_are_gone_leave_the_page(copied, tmp_path):
    facts = json.loads((copied / "run.json").read_text())
    facts["corpus"]["name"] = str(tmp_path / "gone.csv")
    (copied / "run.json").write_text(json.dumps(facts))
    found, why = indexed(copied, Sources(), tmp_path / "index")
    assert found is None
    assert "gone.csv" in why
    assert Explored(copied, None).content()["why_no_text"]
