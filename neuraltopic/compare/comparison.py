"""Compare models: the same counts, the same held-out documents, the same word lists, each fit in its own process.

request.json                what was compared
data/                       the documents, counted once
runs/                       the result of each fit
comparison.csv              one line per model, seed and metric
comparison.md               medians over seeds, ranges, settings
comparison.png, .svg, .pdf  quality against processor time
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.compare.agreement import seed_agreement
from neuraltopic.compare.jobs import FIGURES, Job
from neuraltopic.compare.models.names import check_models
from neuraltopic.compare.results import Comparison
from neuraltopic.compare.runner import Bench
from neuraltopic.compare.source import Source
from neuraltopic.estimators.fitting import require_whole
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.tables import write_table
from neuraltopic.version import __version__

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

FORMAT = "a neuraltopic comparison"
FILES = ("comparison.csv", "comparison.md", "comparison.png", "comparison.svg", "comparison.pdf")


def compare(
    source: Source,
    models: Sequence[str],
    output: Path,
    *,
    n_components: int = 50,
    n_seeds: int = 3,
    seed: int = 0,
    threads: int = 1,
    resume: bool = False,
    force: bool = False,
    progress: "Progress | None" = None,
) -> Comparison:
    """Fit every model with every seed, each in a separate process, and measure all by the same figures.

    Parameters
    ----------
    source : Source
        The documents.
    models : sequence of str
        Names of `models.known_models`.
    output : Path
        The folder to write; each result is added when it is done.
    n_components : int
        K, of every model.
    n_seeds, seed : int
        Seeds are `seed`, `seed` + 1 and so on.
    threads : int
        Threads of each fit.
    resume : bool
        Resume an interrupted comparison in `output`; finished fits are kept, failed ones are tried again.
    force : bool
        Replace an earlier comparison.
    progress : callable of (stage, done, total), optional

    Raises
    ------
    UsageError
        When a name or number is wrong, `output` may not be written, or with `resume` another request was begun there.
    NeuralTopicError
        When the package of a baseline is missing, or the documents cannot be used. A fit that fails raises nothing:
        see `Comparison.failures`.
    """
    for name, value in (("n_components", n_components), ("n_seeds", n_seeds), ("threads", threads)):
        require_whole(name, value)
    require_whole("seed", seed, 0)
    names = check_models(tuple(models), embedded=source.embeddings is not None)
    settings = {"n_components": n_components, "n_seeds": n_seeds, "seed": seed, "threads": threads}
    request = {"neuraltopic": __version__, **source.request(), "models": list(names), **settings}
    bench = Bench(output, FORMAT, FILES, request)
    bench.check(resume=resume, force=force, source=source.path)
    jobs = [Job(name, n_components, seed + number) for name in names for number in range(n_seeds)]
    read = partial(source.read, progress)
    results = bench.run(read, jobs, FIGURES, threads=threads, resume=resume, progress=progress)
    add_stability(results)
    comparison = Comparison(Path(output), source.name, names, results, bench.data().sizes())
    _write(comparison, request)
    return comparison


def add_stability(results: Sequence[dict[str, Any]]) -> None:
    """Give each finished fit its agreement with the fits of the same model and K under other seeds."""
    for result in results:
        others = [
            other["topics"]
            for other in results
            if other is not result
            and "topics" in other
            and (other["model"], other["n_components"]) == (result["model"], result["n_components"])
        ]
        if "topics" in result and others:
            result["figures"]["stability"] = seed_agreement(result["topics"], others)


def _write(comparison: Comparison, request: dict[str, Any]) -> None:
    from neuraltopic.compare.page import markdown
    from neuraltopic.compare.picture import draw_comparison, write_pictures

    write_table(comparison.to_frame(), comparison.folder / "comparison.csv", "csv")
    with atomic_write(comparison.folder / "comparison.md") as file:
        file.write(markdown(comparison, request).encode("utf-8"))
    if comparison.metrics:
        write_pictures(draw_comparison(comparison), comparison.folder / "comparison")
