"""One fit of a comparison in a separate process, so that its time and memory are measured alone.

python -m neuraltopic.compare.jobs FOLDER MODEL K SEED FIGURES
"""

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from neuraltopic.compare.data import ComparisonData
from neuraltopic.compare.models.names import build_model
from neuraltopic.errors import NeuralTopicError
from neuraltopic.runs.machine import describe_machine, peak_memory_bytes
from neuraltopic.storage.strict_json import write_json

DATA = "data"
RUNS = "runs"
# Figures of a model by group, since `choose_k` does not need those of labels.
FIGURES = ("topics", "bound", "completion", "labels")


@dataclass(frozen=True)
class Job:
    """A model, fitted once."""

    model: str
    n_components: int
    seed: int

    @property
    def name(self) -> str:
        """As files call it."""
        return f"{self.model}-k{self.n_components}-seed{self.seed}"

    def path(self, folder: Path) -> Path:
        """Where its result is."""
        return folder / RUNS / f"{self.name}.json"


def run_job(folder: Path, job: Job, figures: tuple[str, ...]) -> dict[str, Any]:
    """Fit a model to the data in `folder`, measure it, and write the result.

    Only the fit is timed; memory is the peak up to its end.
    """
    data = ComparisonData.open(folder / DATA)
    model = build_model(job.model, job.n_components, job.seed)
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(data.train, data.words, data.train_embeddings)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = peak_memory_bytes()

    # Imported after the fit, so that the modules of the metrics do not count in its memory.
    from neuraltopic.compare import figures as measured

    lists = measured.top_topic_words(model)
    found: dict[str, float | None] = {
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "memory_mb": None if memory is None else memory / 2**20,
    }
    if "topics" in figures:
        found |= measured.topic_figures(lists, data) | measured.usage_figures(model, data)
    for group, measure in (
        ("bound", measured.bound_figures),
        ("completion", measured.completion_figures),
        ("labels", measured.label_figures),
    ):
        if group in figures:
            found |= measure(model, data)
    result = {
        "model": job.model,
        "n_components": job.n_components,
        "seed": job.seed,
        "settings": model.settings,
        "reads_embeddings": model.reads_embeddings,
        "notes": model.notes,
        "versions": {package: version(package) for package in model.packages},
        "figures": found,
        "topics": [[data.words[word] for word in row] for row in lists.tolist()],
        "machine": describe_machine(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(job.path(folder), result)
    return result


def main(arguments: list[str]) -> int:
    """Run one job; an error of ours is one line on stderr."""
    folder, model, n_components, seed, figures = arguments
    try:
        run_job(Path(folder), Job(model, int(n_components), int(seed)), tuple(figures.split(",")))
    except NeuralTopicError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
