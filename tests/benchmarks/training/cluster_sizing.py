"""How long a fit takes on a cluster, from costs that are measured here: the table in docs/how-to/fitting/cluster.md.

    python -m tests.benchmarks.training.cluster_sizing

It takes half a minute. Measured in CPU seconds, on one thread: what the workers and the first process
do of preprocessing for each document, two updates of different size in a process of a group of n, whose gradients are
not sent, and the inference of a document. Assumed: an update takes a constant and a time for each document, gloo's ring
gets 60 % of the network, and n threads are n^0.7 times as fast as one in training.

Axes: D documents, V words, K topics.
"""

import argparse
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from neuraltopic.core.optimisation.division import AmongProcesses, Division, Gradient, Undivided
from neuraltopic.core.optimisation.gradients import Replicas
from neuraltopic.core.training import Trainer
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.recipes import DEFAULT_RECIPE, find_recipe
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.tokenisation import processes
from neuraltopic.reading.rows import Row
from neuraltopic.runs.forecast import random_counts

TOKENS = 100
DISTINCT = 70  # words of a document
NETWORK_GIVES = 0.6
SECONDS_AN_ENTRY = 1.4e-8  # of sharing words among topics, in the first process: see runs/forecast.py
HIDDEN = 128
BATCH = 1_000  # documents of an update that is measured, and of another, twice as large
RECIPE = find_recipe(DEFAULT_RECIPE)


class Timed:
    """Works on pieces here, and notes how long it took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def map(self, function: Any, shared: Any, pieces: Iterable[Any]) -> Iterator[Any]:
        for piece in pieces:
            started = time.process_time()
            found = function(shared, piece)
            self.seconds += time.process_time() - started
            yield found


class Alone(AmongProcesses):
    """The first of n processes, whose gradients go nowhere."""

    def __init__(self, n: int) -> None:
        self._rank, self._n = 0, n

    def gather(self, gradient: Gradient) -> Gradient:
        return gradient


def preprocessing(n_documents: int, n_words: int = 60_000) -> tuple[float, float]:
    """Seconds of the workers, and of the first process."""
    random = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(letters[random.integers(0, 26, 7)]) for _ in range(n_words)])
    chosen = np.minimum(np.exp(random.random((n_documents, TOKENS)) * np.log(n_words)).astype(int), n_words) - 1
    rows = [Row(str(number), " ".join(words[row]), {}) for number, row in enumerate(chosen)]
    timed, processes._ALONE = Timed(), 0
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Preprocessor(Preprocessing(language="en"), n_jobs=1, workers=timed).fit_transform(rows)
    whole = time.process_time() - started
    return timed.seconds, whole - timed.seconds


def shortest(work: Any, times: int) -> float:
    """Seconds of the quickest of some repetitions."""
    seconds = []
    for _ in range(times + 1):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds[1:])


def network(V: int, K: int, batch_size: int, processes: list[int]) -> tuple[dict[int, float], float]:
    """Seconds of an update in one of n processes, by n, and of the inference of a document."""
    counts, generator = random_counts(batch_size, V, DISTINCT), torch.Generator().manual_seed(0)
    model = RECIPE.build(V, K)
    model.encoder.initialise(generator)
    model.decoder.initialise(torch.full((V,), -float(np.log(V))), 0.1, generator)
    data, nothing = CountBatches(counts), CountBatches(counts, np.arange(0))
    trainer = Trainer(model, data, nothing, RECIPE.objective, RECIPE.schedule, generator)
    rows, replicas = torch.arange(batch_size), Replicas(model, 1, generator, apart=False)
    updates = {}
    for n in processes:
        model.train()
        divided = Alone(n) if n > 1 else Undivided()

        def update(divided: Division = divided) -> None:
            own = replicas.gradient(0, data, rows, RECIPE.objective, 1.0, divided)
            replicas.step(0, divided.gather(own).parts, 1.0, trainer.optimiser)

        updates[n] = shortest(update, 2)
    model.eval()
    few = torch.arange(min(256, batch_size))

    def infer() -> None:
        with torch.no_grad():
            model.posterior(data.batch(few))

    return updates, shortest(infer, 2) / len(few)


def main() -> None:
    """Print the costs and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000_000, 100_000_000])
    parser.add_argument("--sizes", nargs="+", default=["10000x50", "50000x100"], help="words x topics")
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--processors", type=int, default=16, help="of a machine")
    parser.add_argument("--network", type=float, default=10.0, help="Gbit/s")
    given = parser.parse_args()
    torch.set_num_threads(1)
    preprocessing(500)  # loads what is loaded once
    few, many = preprocessing(5_000), preprocessing(25_000)
    worker, first = ((b - a) / 20_000 for a, b in zip(few, many, strict=True))  # without what any fit takes once
    bytes_a_second = NETWORK_GIVES * given.network * 1e9 / 8
    print(
        f"preprocessing, {TOKENS} tokens: {worker * 1e6:.0f} us of a worker, {first * 1e6:.0f} us of the first process"
    )
    rows, groups = [], sorted({1, *given.machines})
    for size in given.sizes:
        V, K = map(int, size.split("x"))
        small, inference = network(V, K, BATCH, groups)
        large, _ = network(V, K, 2 * BATCH, groups)
        # Seconds of an update whatever its documents, and of each document.
        cost = {n: (2 * small[n] - large[n], (large[n] - small[n]) / BATCH) for n in groups}
        said = ", ".join(f"{small[n] * 1e3:.0f}, {large[n] * 1e3:.0f} ms in {n}" for n in groups)
        print(f"V {V:,}, K {K}: {BATCH}, {2 * BATCH} documents {said}; inference {inference * 1e6:.0f} us a document")
        for D in given.documents:
            schedule = RECIPE.schedule.resolve(D)
            n_seen = schedule.passes * D
            n_updates = n_seen / schedule.batch_size
            training = {
                n: (n_updates * fixed + n_seen * each) / given.processors**0.7 for n, (fixed, each) in cost.items()
            }
            alone = training[1]
            for n in given.machines:
                processors = n * given.processors
                sent = 2 * (n - 1) / n * 4 * V * (K + HIDDEN) / bytes_a_second
                stages = [
                    max(first, worker / processors) * D,
                    training[n] + n_updates * sent,
                    inference * D / processors + SECONDS_AN_ENTRY * DISTINCT * D * K,
                ]
                least = sum(stages) - max(stages[1] - alone, 0.0)
                rows.append((D, V, K, n, *(seconds / 3600 for seconds in (*stages[:2], alone, stages[2], least))))
    print("\n| documents | words | topics | machines | preprocessing | training on all | on one | inference | hours |")
    print("|---|---|---|---|---|---|---|---|---|")
    for D, V, K, n, *hours in rows:
        print(f"| {D:,} | {V:,} | {K} | {n} | " + " | ".join(f"{value:.2f}" for value in hours) + " |")


if __name__ == "__main__":
    main()
