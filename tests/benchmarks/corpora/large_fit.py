"""`neuraltopic fit` of a large corpus from a known model: time, memory and topics found, beside the forecast.

    python -m tests.benchmarks.corpora.large_fit FOLDER [documents] [words] [topics] [options of fit]

FOLDER holds the corpus, which is drawn by `large_corpus.py` unless it is there, and the run. CPU seconds are those of
the command and its processes; memory is the most that they together had resident at once, pages that they share counted
once, looked at each second.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from neuraltopic.runs.documents import open_run
from tests.benchmarks.corpora.large_corpus import KnownModel
from tests.benchmarks.corpora.large_corpus import main as draw


def measured(command: list[str]) -> dict[str, float]:
    """Seconds by the clock and of CPU, and the most memory in bytes, of a command and its processes."""
    before, started, most = os.times(), time.monotonic(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, sum(map(_resident, _family(process.pid))))
        time.sleep(1.0)
    after = os.times()
    if process.returncode:
        raise SystemExit(process.returncode)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall": time.monotonic() - started, "cpu": cpu, "bytes": most}


def _family(pid: int) -> list[int]:
    try:
        children = [int(c) for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except OSError:  # it has just ended
        children = []
    return [pid, *(member for child in children for member in _family(child))]


def _resident(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return 1024 * int(found[1]) if found else 0


def found_topics(run: Path, model: KnownModel) -> tuple[float, float]:
    """Share of the true topics that the run has at a cosine of 0.8 over the words of its vocabulary.

    By softmax(R_k + b), and by the words explained.
    """
    fitted = open_run(run, device="cpu")
    known = model.topics[:, [int_of(word) for word in fitted.vocabulary_]]
    true, vae = KnownModel(known / known.sum(1, keepdims=True)), fitted.document_vae_
    by_energies = softmax(vae.components_.astype(np.float64) + vae.bias_, axis=1)
    return true.recovered(by_energies), true.recovered(vae.explained_ / vae.explained_.sum(1, keepdims=True))


def int_of(word: str) -> int:
    """The number of a word of `large_corpus.word_name`."""
    return sum((ord(letter) - ord("a")) * 26**place for place, letter in enumerate(reversed(word[1:])))


def main() -> None:
    folder = Path(sys.argv[1])
    given = [int(argument) for argument in sys.argv[2:5]]
    options = sys.argv[5:]
    n_documents, n_words, n_topics = (given + [1_000_000, 50_000, 100][len(given) :])[:3]
    corpus, run = folder / f"{n_documents}.jsonl", folder / f"run-{n_documents}"
    if not corpus.exists():
        sys.argv[1:] = [str(corpus), str(n_documents), str(n_words), str(n_topics)]
        draw()
    command = [sys.executable, "-m", "neuraltopic", "fit", str(corpus), "-o", str(run), "-k", str(n_topics)]
    command += ["--vocabulary-size", str(n_words), "--language", "en", *options]
    said = subprocess.run([*command, "--dry-run", "--json"], stdout=subprocess.PIPE, check=True).stdout
    forecast: dict[str, Any] = json.loads(said)
    print("forecast", {name: forecast[name] for name in ("seconds", "memory_bytes", "n_words", "stages")}, flush=True)
    took = measured([*command, "--force"])
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    print("fit", took, facts["seconds"], facts["sizes"], facts["peak_memory_bytes"], flush=True)
    print("topics found, by energies and by words explained", found_topics(run, KnownModel.drawn(n_topics, n_words)))


if __name__ == "__main__":
    main()
