"""Peak memory of a fit at V = 100,000 words and 200,000 documents, counts mapped from disk.

    python -m tests.benchmarks.training.memory [documents] [epochs]

The corpus is drawn at random with Zipf's word frequencies, 100 tokens a document, and written in blocks.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from neuraltopic import DocumentVAE
from neuraltopic.preprocessing.counts import Counts, CountsWriter
from neuraltopic.runs.machine import peak_memory_bytes

N_WORDS = 100_000
N_TOKENS = 100


def write_corpus(folder: Path, n_documents: int) -> None:
    """Counts of random documents, 1,000 at a time."""
    random = np.random.default_rng(0)
    cumulative = np.cumsum(1.0 / np.arange(1, N_WORDS + 1))
    with CountsWriter(folder, N_WORDS) as writer:
        for _ in range(n_documents // 1000):
            words = np.searchsorted(cumulative, random.random((1000, N_TOKENS)) * cumulative[-1])
            keys, counts = np.unique(words + np.arange(1000)[:, None] * N_WORDS, return_counts=True)
            writer.append(np.bincount(keys // N_WORDS, minlength=1000), keys % N_WORDS, counts)


def main() -> None:
    n_documents = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder), n_documents)
        counts = Counts.open(folder)
        print(f"{counts}; {peak_memory_bytes() / 2**20:,.0f} MiB at the start")

        def progress(stage: str, done: int, total: int | None) -> None:
            print(f"{stage} {done} of {total}: {time.perf_counter() - start:,.0f} s", file=sys.stderr)

        start, cpu = time.perf_counter(), time.process_time()
        DocumentVAE(50, max_epochs=epochs, random_state=0).fit(counts, progress=progress)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(f"{epochs} epochs in {wall:,.0f} s ({cpu:,.0f} CPU s); peak {peak_memory_bytes() / 2**20:,.0f} MiB")


if __name__ == "__main__":
    main()
