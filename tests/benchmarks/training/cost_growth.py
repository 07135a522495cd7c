"""How the cost of a fit of the default grows with documents D, words V and topics K: a table and a picture of slopes.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.training.cost_growth [docs/images/cost.png]

Documents of 100 tokens from a known model; one of D, V and K is halved and doubled twice, the others stay. CPU seconds
of one thread: of the start, of training as long as the schedule of that many documents (two epochs are measured, the
faster counts), and of the inference of all documents. The slope s of log seconds over log size, by least squares, says
that the cost grows as size^s.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from neuraltopic.core.threads import pieces_alone
from neuraltopic.core.training import Trainer
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.recipes import DEFAULT_RECIPE, find_recipe
from tests.benchmarks.training.thread_speed import generated

BASE = {"D": 8_000, "V": 8_000, "K": 48}
NAMES = {"D": "documents", "V": "words", "K": "topics"}
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
STAGES = ("start", "training", "inference")
_AT_ONCE = 1024  # documents of a piece of inference


def cpu_seconds(task: Callable[[], object]) -> float:
    """CPU seconds of a task."""
    started = time.process_time()
    task()
    return time.process_time() - started


def costs(n_documents: int, n_words: int, n_topics: int) -> dict[str, float]:
    """CPU seconds of each stage of a fit."""
    counts = generated(n_documents, n_words, n_topics)
    recipe, generator = find_recipe(DEFAULT_RECIPE), torch.Generator().manual_seed(0)
    model = recipe.build(n_words, n_topics)
    start = cpu_seconds(lambda: recipe.initialise(model, counts, generator, {}))
    data, nothing = CountBatches(counts), CountBatches(counts, rows=np.arange(0))
    trainer = Trainer(model, data, nothing, recipe.objective, recipe.schedule, generator)
    with pieces_alone():
        epoch = min(cpu_seconds(trainer.run_epoch) for _ in range(2))
    model.eval()
    with torch.no_grad():
        inference = cpu_seconds(
            lambda: [model.posterior(data.batch(rows)) for rows in torch.arange(n_documents).split(_AT_ONCE)]
        )
    return {"start": start, "training": trainer.max_epochs * epoch, "inference": inference}


def slope(sizes: np.ndarray, seconds: np.ndarray) -> float:
    """Of log seconds over log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def draw(found: dict[str, dict[int, dict[str, float]]], output: Path) -> None:
    """Three panels, one for each size that varies."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    for panel, (varied, of_sizes) in zip(axes, found.items(), strict=True):
        sizes = np.array(list(of_sizes))
        for stage, marker in zip(STAGES, "o^s", strict=True):
            seconds = np.array([of_sizes[size][stage] for size in of_sizes])
            panel.loglog(sizes, seconds, marker=marker, label=f"{stage}, slope {slope(sizes, seconds):.2f}")
        others = ", ".join(f"{value:,} {NAMES[name]}" for name, value in BASE.items() if name != varied)
        panel.set_title(others, fontsize=9, loc="left")
        panel.set_xlabel(NAMES[varied])
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
        panel.minorticks_off()
        panel.legend(frameon=False, fontsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("CPU seconds")
    figure.savefig(output, dpi=110)


def main() -> None:
    torch.set_num_threads(1)
    costs(1_000, 1_000, 10)  # what is imported and allocated at first is no part of it
    base = costs(**_named(BASE))
    found: dict[str, dict[int, dict[str, float]]] = {}
    for varied, middle in BASE.items():
        found[varied] = {}
        for factor in FACTORS:
            size = int(factor * middle)
            found[varied][size] = base if factor == 1.0 else costs(**_named(BASE | {varied: size}))
            print(varied, size, {stage: round(value, 2) for stage, value in found[varied][size].items()}, flush=True)
    for varied, of_sizes in found.items():
        sizes = np.array(list(of_sizes))
        slopes = {
            stage: round(slope(sizes, np.array([of_sizes[size][stage] for size in of_sizes])), 2) for stage in STAGES
        }
        print(f"slopes in {NAMES[varied]}: {slopes}")
    if len(sys.argv) > 1:
        draw(found, Path(sys.argv[1]))


def _named(sizes: dict[str, int]) -> dict[str, int]:
    return {"n_documents": sizes["D"], "n_words": sizes["V"], "n_topics": sizes["K"]}


if __name__ == "__main__":
    main()
