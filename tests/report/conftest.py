import csv
import os
import shutil
from pathlib import Path

import pytest

from neuraltopic.cli import main
from tests.tiny_corpus import sentences

PATIENCE = 90_000  # milliseconds that a slow machine may take for anything that is waited for
# What a page must show as text whatever it looks like.
HOSTILE = (
    "</script><script>window.taken = 1</script> rocket orbit moon",
    "<img src=x onerror='window.taken = 2'> goal match team",
    "<!--<script> bread flour oven \u2028 ${butter} `yeast` \\u003c",
    "صاروخ في المدار rocket orbit 🚀 moon launch",
)


@pytest.fixture(scope="session")
def table_of_texts(tmp_path_factory) -> Path:
    """A CSV with labels, a text that is no document, one that is a copy, and some that attack a page."""
    path = tmp_path_factory.mktemp("<b>&") / "posts.csv"
    labels = ("space", "sport", "<i>kitchen</i>")
    rows = [(f"d{n}", text, labels[n % 3]) for n, text in enumerate(sentences(60))]
    rows += [(f"<b>h{n}</b>", text, labels[n % 3]) for n, text in enumerate(HOSTILE)]
    rows += [("no text", "", "space"), ("a copy", sentences(1)[0], "space")]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "text", "label"), *rows])
    return path


@pytest.fixture(scope="session")
def run(tmp_path_factory, table_of_texts) -> Path:
    """A run with its page; tests only read it."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    options = ["-k", "3", "--epochs", "30", "--min-df", "1", "--quiet"]
    assert main(["fit", str(table_of_texts), "-o", str(folder), *options]) == 0
    return folder


@pytest.fixture(scope="session")
def browser():
    """Chromium as the system has it, or as playwright has installed it."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="the page is tested with playwright: pip install playwright"
    )
    named = os.environ.get("NEURALTOPIC_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    # Shared memory is small in containers, whose root is refused a sandbox.
    arguments = ["--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with api.sync_playwright() as playwright:
        try:  # without a path, the Chromium that playwright has installed
            browser = playwright.chromium.launch(executable_path=found, args=arguments, timeout=PATIENCE)
        except api.Error as error:
            if found:
                raise
            pytest.skip(
                "no Chromium found: install it (apt-get install chromium, or python -m playwright install chromium) "
                f"or name one in NEURALTOPIC_CHROMIUM ({str(error).splitlines()[0]})"
            )
        yield browser
        browser.close()


@pytest.fixture
def open_address(browser):
    """Open a page in a window of its own; what it asked for and what it complained of are kept with it."""
    contexts = []

    def open_page(address, viewport, **options):
        context = browser.new_context(viewport=viewport, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#topic-list li[aria-selected=true]")
        return page

    yield open_page
    for context in contexts:
        context.close()
