"""Size, loading and first interaction of the page of a run in Chromium.

    python -m tests.benchmarks.topics.report_page run/ [--documents 100000]

With --documents the documents of the run are repeated to that number, in a copy of the run and of its corpus.
"""

import argparse
import itertools
import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from neuraltopic.preprocessing.preparation import corpus_sha256
from neuraltopic.reading.readers import open_corpus
from neuraltopic.report.page import write_report
from neuraltopic.runs.editing import corpus_of

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def repeated(run: Path, n: int, folder: Path) -> Path:
    """A copy of the run whose documents are repeated to `n`, with their texts."""
    copy = folder / "run"
    shutil.copytree(run, copy)
    facts = json.loads((copy / "run.json").read_text())
    documents = pd.read_parquet(copy / "documents.parquet")
    kept = documents[documents["status"] == "kept"].reset_index(drop=True)
    rows = np.arange(n) % len(kept)
    table = kept.iloc[rows].reset_index(drop=True)
    table["row"] = np.arange(n)
    table["id"] = [f"{id}-{number}" for number, id in enumerate(table["id"])]
    table.to_parquet(copy / "documents.parquet")
    np.save(copy / "vectors.npy", np.load(copy / "vectors.npy")[rows])
    wanted = set(kept["row"].tolist())
    texts = [row.text for number, row in enumerate(corpus_of(run)) if number in wanted]
    corpus = folder / "posts.jsonl"
    with open(corpus, "w", encoding="utf-8") as file:
        for id, text in zip(table["id"], itertools.cycle(texts), strict=False):
            file.write(json.dumps({"id": id, "text": text}) + "\n")
    facts["corpus"] = {
        "name": str(corpus),
        "read_as": {"text": None, "id": None, "encoding": None},
        "estimate": {"kind": "jsonl"},
    }
    facts["corpus_sha256"] = corpus_sha256(open_corpus(corpus))
    facts["sizes"]["documents"] = n
    for name in ("documents.parquet", "vectors.npy"):
        facts["files"][name]["bytes"] = (copy / name).stat().st_size
    (copy / "run.json").write_text(json.dumps(facts))
    return copy


def measure(page_file: Path) -> dict[str, float]:
    """Milliseconds, but for what says otherwise."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        page.wait_for_selector("#topic-list li[aria-selected=true]")
        timing = page.evaluate(
            """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
                const entry = performance.getEntriesByType("navigation")[0];
                done({ loaded: entry.loadEventEnd, drawn: performance.now() });
            })))"""
        )

        def timed(action: str) -> float:
            """Until the frame after it is drawn."""
            return page.evaluate(
                f"""() => new Promise((done) => {{
                    const start = performance.now();
                    {action};
                    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
                }})"""
            )

        figures = {
            "load": timing["loaded"],
            "click a topic": timed("document.querySelectorAll('#topic-list li')[3].click()"),
            "click another": timed("document.querySelectorAll('#topic-list li')[4].click()"),
            "zoom in a step": timed("document.getElementById('zoom-in').click()"),
        }
        page.fill("#query", "com")
        start = time.perf_counter()
        page.wait_for_selector("#found-documents li", timeout=60_000)
        figures["search, with its 120 ms of waiting"] = 1000 * (time.perf_counter() - start)
        frames = page.evaluate(
            """() => new Promise((done) => {
                const stage = document.getElementById("circles");
                const box = stage.getBoundingClientRect();
                const times = [];
                let last = performance.now();
                let n = 0;
                const step = () => {
                    const now = performance.now();
                    times.push(now - last); last = now;
                    if (++n > 30) { done(times.slice(1)); return; }
                    const at = { clientX: box.x + 300, clientY: box.y + 300, bubbles: true, cancelable: true };
                    stage.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: n % 2 ? -120 : 110 }));
                    requestAnimationFrame(step);
                };
                requestAnimationFrame(step);
            })"""
        )
        figures["frame while zooming, median"] = float(np.median(frames))
        figures["frame while zooming, longest"] = float(max(frames))
        figures["requests beside the page"] = len(asked) - 1
        browser.close()
    return figures


def main() -> None:
    """Measure, and print a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--documents", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = repeated(options.run, options.documents, Path(folder)) if options.documents else options.run
        output = Path(folder) / "report.html"
        start = time.perf_counter()
        write_report(run, output)
        print(f"{'written in':<40}{time.perf_counter() - start:10.1f} s")
        print(f"{'size':<40}{output.stat().st_size / 1e6:10.2f} MB")
        for name, value in measure(output).items():
            print(f"{name:<40}{value:10.0f}")


if __name__ == "__main__":
    main()
