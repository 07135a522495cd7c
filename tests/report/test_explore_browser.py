"""The served page in a real browser, on the command's own server: topics are edited, documents found."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from neuraltopic.report.content import Sources
from neuraltopic.report.explorer import Explorer
from neuraltopic.runs.editing import open_with_documents
from neuraltopic.storage.edit_log import EDIT_LOG
from tests.report.conftest import HOSTILE
from tests.report.test_browser import PHONE, WIDE, texts, violations


@pytest.fixture(scope="module")
def server(run, tmp_path_factory):
    """`neuraltopic explore` of a copy of the run."""
    folder = tmp_path_factory.mktemp("explored") / "run"
    shutil.copytree(run, folder)
    temporary = tmp_path_factory.mktemp("temporary")
    command = [sys.executable, "-m", "neuraltopic", "explore", str(folder), "--port", "0"]
    environment = os.environ | {"TMPDIR": str(temporary)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("exploring"):
            break
    yield SimpleNamespace(run=folder, address=said[-1].split()[-1], said=said, process=process, temporary=temporary)
    if process.poll() is None:
        process.terminate()
    process.wait(timeout=60)
    process.stderr.close()


@pytest.fixture
def opened(open_address, server):
    """Open the page of the run without edits."""
    (server.run / EDIT_LOG).unlink(missing_ok=True)

    def open_page(viewport=WIDE, **options):
        return open_address(server.address, viewport, **options)

    return open_page


def data(page):
    return json.loads(page.inner_text("#data"))


def operations(server):
    return [json.loads(line)["op"] for line in (server.run / EDIT_LOG).read_text().splitlines()[1:]]


def edited(page, said):
    """Wait until the page was loaded again after an edit."""
    page.wait_for_function(f"() => document.getElementById('edit-status')?.textContent.startsWith({json.dumps(said)})")


def test_topics_are_named_merged_and_given_back(opened, server):
    page = opened()
    page.click("#topic-0")
    page.fill("#edit-name", "Space <b>flight</b>")
    page.click("#edit-rename button")
    edited(page, "Topic 0 is named Space <b>flight</b>.")
    assert page.inner_text("#topic-0 .name") == "Space <b>flight</b>"
    assert page.inner_text("#detail-heading") == "Topic 0: Space <b>flight</b>"
    assert page.evaluate("document.activeElement.id") == "edit-status"
    before = data(page)["topics"]
    page.click("#topic-2")
    page.select_option("#edit-merge-with", "0")
    page.click("#edit-merge button")
    edited(page, "Topics 2, 0 merged.")
    after = data(page)["topics"]
    assert len(after) == page.locator("#topic-list li").count() == 2
    assert after[0]["share"] == pytest.approx(before[0]["share"] + before[2]["share"], abs=2e-6)
    assert page.get_attribute("#topic-list li[aria-selected=true]", "id") == "topic-0"
    assert texts(page, "#edit-list li") == ["Topic 0 is named Space <b>flight</b>", "Topics 2, 0 merged"]
    for left in (1, 0):
        page.click("#undo")
        edited(page, "The last edit was taken back.")
        assert page.locator("#edit-list li").count() == left
    assert page.is_disabled("#undo")
    assert page.locator("#topic-list li").count() == 3
    assert operations(server) == ["rename", "merge", "undo", "undo"]
    assert page.complaints == []
    assert {url.removeprefix(server.address).partition("#")[0] for url in page.asked} == {"", "edit"}


def test_every_other_edit(opened, server):
    page = opened()
    page.click("#topic-1")
    first = texts(page, "#bars .name")[0]
    page.fill("#edit-word", first)
    page.select_option("#edit-word-to", "2")
    page.click("#edit-move button")
    edited(page, f"{first} moved from topic 1 to 2.")
    assert first not in texts(page, "#bars .name")[:3]
    page.click("#topic-2")
    page.fill("#edit-number-to", "0")
    page.click("#edit-number button")
    edited(page, "Topics numbered anew.")
    assert page.get_attribute("#topic-list li[aria-selected=true]", "id") == "topic-0"
    assert first in texts(page, "#bars .name")
    page.click("#edit-junk")
    edited(page, "Topic 0 marked as junk.")
    assert "junk" in page.inner_text("#topic-0 .flags")
    page.click("#edit-drop")
    edited(page, "Topic 0 dropped.")
    assert page.locator("#topic-list li").count() == 2
    page.click("#topic-0")
    page.click("#edit-merge button")
    edited(page, "Topics 0, 1 merged.")
    assert page.is_hidden("#edit-drop")
    page.click("#edit-split")
    edited(page, "Topic 0 split in two.")
    assert operations(server) == ["move", "reorder", "junk", "drop", "merge", "split"]
    model = open_with_documents(server.run)
    shown = [topic["share"] for topic in data(page)["topics"]]
    assert shown == pytest.approx(model.statistics_.share.tolist(), abs=1e-6)
    assert page.complaints == []


def test_a_refused_edit_is_reported_and_another_can_follow(opened, server):
    page = opened()
    page.click("#topic-0")
    page.fill("#edit-word", "nosuchword")
    page.click("#edit-move button")
    page.wait_for_function("() => document.getElementById('edit-status').className === 'warn'")
    assert "a word of the vocabulary" in page.inner_text("#edit-status")
    assert not (server.run / EDIT_LOG).exists()
    other = opened()
    other.click("#topic-1")
    other.click("#edit-junk")
    edited(other, "Topic 1 marked")
    page.click("#edit-drop")
    page.wait_for_function("() => document.getElementById('edit-status').textContent.includes('load the page again')")
    assert operations(server) == ["junk"]


def test_documents_are_found_by_the_server(opened, server):
    page = opened()
    page.fill("#query", "rocket zebra")
    page.wait_for_selector("#found-documents mark")
    found = page.evaluate("fetch('/search?n=40&q=rocket%20zebra').then((answer) => answer.json())")
    shown = texts(page, "#found-documents button")
    # A document without a text has its name alone.
    assert [text.removesuffix(":").partition(": ")[0] for text in shown] == [hit["id"] for hit in found["hits"]]
    assert "the first 40 of 66 documents" in page.inner_text("#search-status")
    assert "zebra is not in the vocabulary" in page.inner_text("#search-status")
    assert texts(page, "#found-documents li:nth-child(1) mark")[0] == "rocket"
    for n in (0, 3):  # those with the word
        page.locator("#found-documents button", has_text=f"<b>h{n}</b>").click()
        page.wait_for_function(f"() => document.querySelector('#document .id')?.textContent === '<b>h{n}</b>'")
        assert page.inner_text("#document .text").split() == HOSTILE[n].split()
    page.fill("#query", "")
    page.wait_for_selector("#found", state="hidden")
    assert page.evaluate("window.taken") is None
    assert page.complaints == []
    assert all(url.startswith(server.address) for url in page.asked)


def test_the_page_says_why_it_searches_less(open_address, server, tmp_path):
    """The page as it is served without an index; it asks its server for nothing here."""
    why = "embedding model minilm: expected a folder; got <b>no such folder</b>."
    (tmp_path / "page.html").write_bytes(Explorer(server.run, Sources(), None, why).page()[0])
    page = open_address((tmp_path / "page.html").as_uri(), WIDE)
    page.fill("#query", "rocket")
    page.wait_for_function("() => document.getElementById('search-status').textContent.includes('document')")
    assert f"There is no search over all documents: {why}" in page.inner_text("#search-status")
    assert page.locator("#found-documents li").count() > 0


def test_axe_finds_nothing(opened, server):
    page = opened()
    page.click("#topic-1")
    page.click("#edit-junk")
    edited(page, "Topic 1 marked")
    page.fill("#query", "rocket")
    page.wait_for_selector("#found-documents button")
    page.click("#found-documents button")
    page.wait_for_selector("#document:not([hidden])")
    assert violations(page) == []
    assert page.viewport_size == PHONE
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_stops_when_asked_and_leaves_nothing_behind(server):
    assert server.said[-1] == f"exploring {server.run} at {server.address}\n"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", server.address)
    assert len(list(server.temporary.iterdir())) == 1  # the index
    server.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert server.process.wait(timeout=60) in (0, 143)
    assert time.monotonic() - started < 20
    assert list(server.temporary.iterdir()) == []
