"""The page in a real browser: it is clicked, typed into, read, and judged by axe."""

import base64
import itertools
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest

from neuraltopic.cli import main
from neuraltopic.report.content import Sources, page_content
from neuraltopic.report.page import page_of
from neuraltopic.runs.documents import open_run
from neuraltopic.topics.words.ranking import relevance, top_words
from tests.report.conftest import HOSTILE, PATIENCE

AXE = Path(__file__).parent / "axe" / "axe.min.js"
WIDE, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}


@pytest.fixture
def opened(open_address, run):
    """Open the page of the run, or another."""

    def open_page(fragment="", viewport=WIDE, path=None, **options):
        return open_address((path or run / "report.html").as_uri() + fragment, viewport, **options)

    return open_page


def texts(page, selector) -> list[str]:
    return page.locator(selector).all_inner_texts()


def selected(page) -> int:
    return int(page.get_attribute("#topic-list li[aria-selected=true]", "id").removeprefix("topic-"))


def test_nothing_is_asked_for_and_nothing_is_taken_over(opened, run):
    page = opened()
    page.fill("#query", "o")
    page.wait_for_selector("#found-documents button")
    for topic in range(3):
        page.click(f"#topic-{topic}")
    assert page.asked == [(run / "report.html").as_uri()]
    assert page.complaints == []
    assert page.evaluate("window.taken") is None


@pytest.fixture
def served(run):
    """A server of the page, as it is and without its policy, that notes what else it is asked for."""
    page = (run / "report.html").read_bytes()
    pages = {"/page": page, "/open": page.replace(b"Content-Security-Policy", b"X")}
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path not in pages:
                calls.append(self.path)
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages[self.path])

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", calls
        server.shutdown()


# Counts what the policy refuses, and the answers, errors too, of what it does not.
PUT_IN = """() => {
    window.refused = [];
    window.answered = 0;
    const answer = () => { window.answered += 1; };
    document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
    const add = (name, properties) => document.body.append(Object.assign(document.createElement(name), properties));
    add("script", { textContent: "window.taken = 3" });
    add("script", { src: "x.js", onerror: answer });
    add("img", { src: "x.png", onerror: answer });
    add("iframe", { src: "x.html", onload: answer });
    fetch("fetched").then(answer, () => 0);
}"""


@pytest.mark.parametrize("name", ["page", "open"])
def test_the_policy_stops_what_would_be_put_in(browser, served, name):
    address, calls = served
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/{name}")
    page.evaluate(PUT_IN)
    if name == "open":
        page.wait_for_function("() => window.answered === 4")
        assert page.evaluate("() => window.taken") == 3
        assert sorted(calls) == ["/fetched", "/x.html", "/x.js", "/x.png"]
    else:
        page.wait_for_function("() => window.refused.length === 5")
        assert page.evaluate("() => window.taken") is None
        assert calls == []
        # A round trip after what was refused.
        page.evaluate("() => new Promise((done) => setTimeout(done))")
        assert calls == []
    page.close()


def test_a_click_shows_what_the_tables_say(opened, run):
    topics = pd.read_csv(run / "topics.csv", keep_default_na=False)
    page = opened()
    assert selected(page) == topics["share"].idxmax()
    for topic, row in topics.iterrows():
        page.click(f"#topic-{topic}")
        words = row["words"].split()
        assert page.inner_text("#detail-heading") == f"Topic {topic}: {' · '.join(words[:3])}"
        facts = dict(zip(texts(page, "#detail-facts dt"), texts(page, "#detail-facts dd"), strict=True))
        assert float(facts["Share"].rstrip("%")) == pytest.approx(100 * row["share"], abs=0.051)
        assert facts["Documents"].startswith(f"{row['n_documents']} of 64 ")
        assert texts(page, "#bars .name")[:10] == words
        assert texts(page, "#typical .id") == json.loads(row["typical_documents"])
        assert page.url.endswith(f"#topic={topic}")


def test_an_address_names_a_topic(opened):
    assert selected(opened("#topic=2")) == 2
    assert opened("#topic=77").complaints == []


def test_the_keyboard_walks_the_topics(opened):
    page = opened()
    order = [
        int(id.removeprefix("topic-")) for id in page.eval_on_selector_all("#topic-list li", "a => a.map(e => e.id)")
    ]
    page.focus("#topic-list")
    for key, place in (("ArrowDown", 1), ("End", 2), ("ArrowDown", 2), ("ArrowUp", 1), ("Home", 0)):
        page.keyboard.press(key)
        assert selected(page) == order[place]
        assert page.get_attribute("#topic-list", "aria-activedescendant") == f"topic-{order[place]}"


def test_the_slider_ranks_as_relevance_does(opened, run):
    model = open_run(run, device="cpu")
    log_p = model.document_vae_.topic_log_probabilities(model.statistics_.strength)
    unigram = model.document_vae_.log_unigram()
    page = opened("#topic=1")
    page.focus("#relevance")
    for key, weight in (("End", 1.0), ("Home", 0.0), ("ArrowRight", 0.1)):
        page.keyboard.press(key)
        assert page.inner_text("#relevance-value") == f"{weight:.1f}"
        shown = texts(page, "#bars .name")
        # Numbers on the page have three decimals, at which neighbours may change places: the scores agree.
        score = relevance(log_p, unigram, weight)[1]
        mine = [score[model.vocabulary_.index(word)] for word in shown]
        assert mine == pytest.approx(score[top_words(score[None], len(shown))[0]].tolist(), abs=2e-3)
    page.check("#own-order")
    assert texts(page, "#bars .name")[:10] == [word for word, _ in model.get_topic(1)]


def test_bars_are_as_long_as_probabilities(opened, run):
    page = opened("#topic=0")
    widths = page.eval_on_selector_all("#bars .fill", "a => a.map(e => e.getBoundingClientRect().width)")
    values = [float(value) for value in texts(page, "#bars .value")]
    largest = max(range(len(values)), key=values.__getitem__)
    for width, value in zip(widths, values, strict=True):
        assert width / widths[largest] == pytest.approx(value / values[largest], abs=0.02)


def test_search_finds_words_and_documents(opened):
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("rocket")
    page.wait_for_function("() => document.getElementById('search-status').textContent.includes('document')")
    assert ", 22 documents" in page.inner_text("#search-status")
    assert "rocket" in page.inner_text("#found-topics button >> nth=0")
    page.click("#found-topics button")
    assert "rocket" in texts(page, "#bars .name")
    page.fill("#query", "zzz")
    page.wait_for_function(
        "() => document.getElementById('search-status').textContent.startsWith('0 topics, 0 documents')"
    )
    page.focus("#query")
    page.keyboard.press("Escape")
    assert page.is_hidden("#found")


def test_a_document_is_shown_as_the_text_it_is(opened):
    page = opened()
    for n, text in enumerate(HOSTILE):
        page.fill("#query", f"<b>h{n}</b>")
        page.wait_for_function(f"() => document.getElementById('found-documents').innerText.startsWith('<b>h{n}</b>')")
        page.click("#found-documents button")
        assert page.inner_text("#document .id") == f"<b>h{n}</b>"
        assert page.inner_text("#document .text").split() == text.split()
    assert page.complaints == []


def test_the_map_is_clicked_zoomed_and_moved(opened):
    page = opened("#topic=0")
    circle = page.locator("#circles g circle")

    def centre(topic):
        order = page.evaluate(
            "JSON.parse(document.getElementById('data').textContent).topics.map((t, k) => [t.share, k])"
        )
        place = [k for _, k in sorted(order, key=lambda pair: -pair[0])].index(topic)
        box = circle.nth(place).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.mouse.click(*centre(2))
    assert selected(page) == 2

    def apart():
        (x, y), (u, v) = centre(0), centre(2)
        return ((x - u) ** 2 + (y - v) ** 2) ** 0.5

    def settled(measured, expected):
        """What is measured once it is as expected, after an animation; else what it is in the end."""
        until = time.monotonic() + PATIENCE / 1000
        while (found := measured()) != expected and time.monotonic() < until:
            page.evaluate("() => new Promise(requestAnimationFrame)")
        return found

    before = apart()
    page.focus("#stage")
    page.keyboard.press("-")
    expected = pytest.approx(before / 1.6, rel=1e-3)
    assert settled(apart, expected) == expected
    page.keyboard.press("0")
    expected = pytest.approx(before, rel=1e-3)
    assert settled(apart, expected) == expected
    x, _ = centre(0)
    page.keyboard.press("ArrowLeft")
    expected = pytest.approx(60, abs=1)
    assert settled(lambda: centre(0)[0] - x, expected) == expected


def first_point(page) -> tuple[float, float]:
    """Where the first document stands on the map, from -1.3 to 1.3."""
    raw = base64.b64decode(page.evaluate("() => JSON.parse(document.getElementById('data').textContent).documents.x"))
    low = base64.b64decode(page.evaluate("() => JSON.parse(document.getElementById('data').textContent).documents.y"))
    return tuple(int.from_bytes(bytes_[:2], "little") / 32767.5 * 1.3 - 1.3 for bytes_ in (raw, low))


def test_a_document_of_the_map_is_told_and_picked(opened):
    page = opened()
    x, y = first_point(page)
    box = page.locator("#stage").bounding_box()
    unit = min(box["width"], box["height"]) / 2 - 46
    # Topics, which stand above documents, make room.
    page.eval_on_selector_all("#circles g", "all => all.forEach((each) => each.remove())")
    page.mouse.move(box["x"] + box["width"] / 2 + unit * x, box["y"] + box["height"] / 2 - unit * y)
    assert page.is_visible("#tip")
    told = page.inner_text("#tip")
    page.mouse.down()
    page.mouse.up()
    assert page.inner_text("#document .text").split() == told.split()


def test_what_was_lost_is_listed(opened):
    page = opened()
    assert texts(page, "#status-table tbody tr") == ["64\tkept", "1\tempty", "1\tduplicate"]
    page.click("#lost-details summary")
    assert [row.split("\t")[1:3] for row in texts(page, "#lost-table tbody tr")] == [
        ["no text", "empty"],
        ["a copy", "duplicate"],
    ]


def test_shares_by_label_are_shown(opened):
    page = opened()
    assert sorted(texts(page, "#classes .name")) == ["<i>kitchen</i>", "space", "sport"]


def test_shares_over_time_begin_at_0_and_leave_gaps(opened, run, tmp_path):
    """Of four periods the third has no documents: one line, and a point alone."""
    content = page_content(run, Sources())
    shares = [0.25, 0.5, None, 0.125]
    low, high = ([s and s + by for s in shares] for by in (-0.0625, 0.0625))
    each = {"share": [shares] * 3, "low": [low] * 3, "high": [high] * 3}
    content["over_time"] = {"names": ["2001", "2002", "2003", "2004"], **each}
    (tmp_path / "page.html").write_text(page_of(content), encoding="utf-8")
    page = opened(path=tmp_path / "page.html")
    places = [re.findall(r"[\d.]+,[\d.]+", part) for part in page.get_attribute("#time .one", "d").split("M")[1:]]
    assert [len(part) for part in places] == [2, 1]
    heights = [float(place.split(",")[1]) for part in places for place in part]
    ground = float(page.get_attribute("#time .axis", "y1"))
    top = float(page.locator("#time .band").first.get_attribute("d").split("L")[2].split(",")[1])
    # The highest bound is 0.5625.
    np.testing.assert_allclose((ground - np.array(heights)) / (ground - top), np.array([4, 8, 2]) / 9, atol=1e-3)
    assert page.locator("#time .band").count() == 2
    assert texts(page, "#time-note") == [
        "Mean share of the topic in the documents of each period, in per cent, with its 95 % interval."
    ]
    assert page.complaints == []


def test_names_of_periods_do_not_overlap(opened, run, tmp_path):
    content = page_content(run, Sources())
    each = {"share": [[0.25] * 44] * 3, "low": [[0.125] * 44] * 3, "high": [[0.5] * 44] * 3}
    for names, first in (
        ([f"{2012 + n // 4}-{1 + n % 4 * 3:02}-01" for n in range(44)], "2012-01"),
        ([f"{1960 + n}-01-01" for n in range(44)], "1960"),
        ([f"2012-01-{1 + n:02}" if n < 31 else f"2012-02-{n - 30:02}" for n in range(44)], "2012-01-01"),
    ):
        content["over_time"] = {"names": names, **each}
        (tmp_path / "page.html").write_text(page_of(content), encoding="utf-8")
        page = opened(path=tmp_path / "page.html")
        labels = page.locator("#time text").filter(has_text=re.compile(r"^\d{4}"))
        boxes = [label.bounding_box() for label in labels.all()]
        assert labels.first.text_content() == first
        assert len(boxes) >= 3
        assert all(a["x"] + a["width"] < b["x"] for a, b in itertools.pairwise(boxes))
        assert page.locator("#time text").first.text_content() == "0"


def violations(page):
    """What axe finds on a page as it is, wide and narrow, light and dark: of each what, and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for viewport, scheme in itertools.product((WIDE, PHONE), ("light", "dark")):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        result = page.evaluate("axe.run()")
        assert len(result["passes"]) > 20
        found += [
            (viewport["width"], scheme, each["id"], [node["html"][:120] for node in each["nodes"]])
            for each in result["violations"]
        ]
    return found


def test_axe_finds_nothing(opened):
    page = opened()
    page.fill("#query", "rocket")
    page.wait_for_selector("#found-documents button")
    page.click("#found-documents button")
    page.click("#lost-details summary")
    assert violations(page) == []


def test_a_phone_need_not_scroll_sideways(opened):
    page = opened(viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_light_and_dark_differ(opened):
    def brightness(scheme):
        colour = opened(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)))

    assert brightness("light") > 700
    assert brightness("dark") < 100


def test_a_picture_as_a_page_opens_offline(browser, run, tmp_path):
    picture = tmp_path / "topics.html"
    assert main(["plot", "topics", str(run), "-o", str(picture), "-q"]) == 0
    page = browser.new_page(viewport=PHONE)
    page.set_default_timeout(PATIENCE)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(picture.as_uri())
    assert page.inner_text("h1") == page.get_attribute("[role=img]", "aria-label") == "topics of run"
    box = page.locator("svg").bounding_box()
    assert 300 < box["width"] <= PHONE["width"]
    assert page.locator("svg use, svg path").count() > 10
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate("axe.run()")["violations"] == []
    assert (asked, complaints) == ([picture.as_uri()], [])
    page.close()
