"""The default on one thread and on several: its start, an epoch and the inference of documents, by the clock.

    OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.training.thread_speed [threads]

20 Newsgroups (V = 5,000, K = 50, batches of 200), and 20,000 documents of 100 tokens from a known model (V = 50,000,
K = 100) with the batches of a fit of 20,000, of 100,000 and of 300,000 documents. The numbers of threads take turns,
after one that does not count from twice for long tasks to 25 times for short ones, and the medians are printed.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from scipy import sparse

from neuraltopic.core.threads import in_threads, pieces_alone
from neuraltopic.core.training import Trainer
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.initialisation.nmf_topics import nmf_topics
from neuraltopic.models.recipes import DEFAULT_RECIPE, find_recipe
from neuraltopic.preprocessing.counts import Counts
from tests.benchmarks.corpora.large_corpus import BLOCK, KnownModel
from tests.benchmarks.data import data_folder

_SECONDS = 12.0  # of all turns of a task, about
_AT_ONCE = 1024  # documents of a piece of inference


def generated(n_documents: int, n_words: int, n_topics: int) -> Counts:
    """Counts of documents from a known model."""
    model = KnownModel.drawn(n_topics, n_words)
    blocks = []
    for number in range(n_documents // BLOCK):
        words, _ = model.block(number)
        documents = np.repeat(np.arange(len(words)), words.shape[1])
        ones = np.ones(words.size, dtype=np.int64)
        blocks.append(sparse.coo_array((ones, (documents, words.ravel())), shape=(len(words), n_words)).tocsr())
    return Counts.from_scipy(sparse.csr_matrix(sparse.vstack(blocks)))


def seconds(task: Callable[[], object], n_threads: int) -> float:
    """Of a task, by the clock."""
    torch.set_num_threads(n_threads)
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def compared(name: str, task: Callable[[], object], threads: tuple[int, int]) -> None:
    """Print the median times of a task at each number of threads, which take turns, and their ratio."""
    first = [seconds(task, n) for n in threads]
    turns = min(25, max(2, round(_SECONDS / sum(first))))
    one, several = np.median([[seconds(task, n) for n in threads] for _ in range(turns)], axis=0)
    print(f"{name:<40} {one:9.3f} s {several:9.3f} s {one / several:6.2f}", flush=True)


def measure(name: str, counts: Counts, n_topics: int, batches: tuple[int, ...], threads: tuple[int, int]) -> None:
    """Print the times of one corpus."""
    recipe, n_words = find_recipe(DEFAULT_RECIPE), counts.shape[1]
    compared(
        f"{name}: factorisation of the start",
        lambda: nmf_topics(counts, n_topics, torch.Generator().manual_seed(0)),
        threads,
    )
    generator = torch.Generator().manual_seed(0)
    model = recipe.build(n_words, n_topics)
    recipe.initialise(model, counts, generator, {})
    for batch in batches:
        schedule = replace(recipe.schedule, batch_size=batch, enough_rows=None)
        nothing = CountBatches(counts, rows=np.arange(0))
        trainer = Trainer(model, CountBatches(counts), nothing, recipe.objective, schedule, generator)

        def epoch(trainer: Trainer = trainer) -> None:
            with pieces_alone():
                trainer.run_epoch()

        compared(f"{name}: {-(-len(counts) // batch)} updates of {batch} documents", epoch, threads)
    data = CountBatches(counts)
    model.eval()

    def infer() -> None:
        pieces = torch.arange(min(len(data), 40 * _AT_ONCE)).split(_AT_ONCE)
        list(in_threads(lambda rows: model.posterior(data.batch(rows)).mean, pieces))

    compared(f"{name}: inference of {min(len(data), 40 * _AT_ONCE):,} documents", infer, threads)


def main() -> None:
    threads = (1, int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    print(f"{'':<40} {threads[0]:>9} {threads[1]:>11}  ratio")
    counts = Counts.from_scipy(sparse.load_npz(data_folder() / "20ng-v5000" / "train_bow.npz"))
    measure("20ng-v5000", counts, 50, (200,), threads)
    measure("V = 50,000", generated(20_000, 50_000, 100), 100, (200, 447, 775), threads)


if __name__ == "__main__":
    main()
