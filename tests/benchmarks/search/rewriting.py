"""Memory of rewriting an index with embeddings: merging its segments, and embedding all documents anew.

    python -m tests.benchmarks.search.rewriting FOLDER [documents, 200,000 by default]

The documents are those of `search_scale.py`, with random embeddings of 384 numbers. Each way runs in a process of its
own. Anonymous memory is what the process has allocated, sampled every 5 ms, above that of the open index; the resident
memory counts mapped pages of files too, which the system takes back when it needs them.
"""

import os
import resource
import shutil
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from neuraltopic import SearchIndex, TopicModel
from neuraltopic.search.folder import Generation
from neuraltopic.search.rewriting import rewrite
from tests.benchmarks.data import data_folder
from tests.benchmarks.search.search_scale import write

DIMENSIONS = 384


def build(folder, n_documents):
    lines = (data_folder() / "agnews" / "train_texts.txt").read_text(encoding="utf-8").splitlines()
    model = TopicModel(50, random_state=0, max_epochs=2).fit(lines)
    write(
        folder,
        model,
        lines,
        model.prepare(lines).counts,
        model.transform(lines),
        np.zeros(len(lines), np.int32),
        n_documents,
    )
    generation = Generation.read(folder)
    rng = np.random.default_rng(0)
    embeddings = np.lib.format.open_memmap(
        folder / "segment-1" / "embeddings.npy", "w+", np.float32, (n_documents, DIMENSIONS)
    )
    for start in range(0, n_documents, 10_000):
        rows = rng.standard_normal((min(10_000, n_documents - start), DIMENSIONS), np.float32)
        embeddings[start : start + len(rows)] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    embeddings.flush()
    replace(generation, n_dimensions=DIMENSIONS).with_files(folder, ["segment-1"]).write(folder)


def anonymous():
    """MiB that this process has allocated."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 2**10
    raise AssertionError("no RssAnon")


def measure(folder, way):
    """Print the peak memory and the CPU seconds of one way."""
    index = SearchIndex.open(folder)
    if way == "anew":  # what the first batch of a model needs stays allocated
        index.model.transform(["oil price"] * 20_000)
    before, peak, done = anonymous(), [0.0], threading.Event()

    def watch():
        while not done.wait(0.005):
            peak[0] = max(peak[0], anonymous())

    watcher, cpu = threading.Thread(target=watch), time.process_time()
    watcher.start()
    scratch = folder.with_name(f"{folder.name}-{way}")
    scratch.mkdir()
    rewrite(scratch, index.segments, index.model, anew=way == "anew", progress=None)
    done.set()
    watcher.join()
    used = time.process_time() - cpu
    shutil.rmtree(scratch)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"{way}: {peak[0] - before:,.0f} MiB above {before:,.0f}, {resident:,.0f} resident at most, {used:.0f} CPU s",
        flush=True,
    )


def in_a_child(function, *arguments):
    child = os.fork()
    if child == 0:
        function(*arguments)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("failed")


def main(folder, n_documents):
    if not folder.exists():
        in_a_child(build, folder, n_documents)
    for way in ("merged", "anew"):
        in_a_child(measure, folder, way)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200_000)
