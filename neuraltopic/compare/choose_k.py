"""Choice of the number of topics: fits over a range of K, several seeds each, and a recommendation with its reason.

request.json              the request
data/                     the documents, counted once
runs/                     the result of each fit
choose_k.csv              one line per K, seed and metric
choose_k.md               means over seeds with their intervals, and the recommendation
choose_k.png, .svg, .pdf  each figure over K
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuraltopic.compare.agreement import FEWEST_SEEDS, pseudo_values
from neuraltopic.compare.comparison import add_stability
from neuraltopic.compare.jobs import Job
from neuraltopic.compare.models.names import DEFAULT, check_recipe
from neuraltopic.compare.recommendation import Sample, recommend
from neuraltopic.compare.results import SHOWN, ChoiceOfK
from neuraltopic.compare.runner import Bench
from neuraltopic.compare.source import Source
from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.estimators.fitting import require_whole
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.tables import write_table
from neuraltopic.version import __version__

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

FORMAT = "a neuraltopic choice of K"
FILES = ("choose_k.csv", "choose_k.md", "choose_k.png", "choose_k.svg", "choose_k.pdf")


def choose_k(
    source: Source,
    output: Path,
    *,
    ks: Sequence[int],
    recipe: str = DEFAULT,
    n_seeds: int = 3,
    seed: int = 0,
    threads: int = 1,
    resume: bool = False,
    force: bool = False,
    progress: "Progress | None" = None,
) -> ChoiceOfK:
    """Fit a recipe with each K and seed, each in a separate process, and recommend a K.

    Parameters
    ----------
    source : Source
        The documents.
    output : Path
        The folder to write; each result is added when it is done.
    ks : sequence of int
        The numbers of topics, two or more: see `spread`.
    recipe : str
        One of `neuraltopic.models.recipes.RECIPES`, or "default".
    n_seeds : int
        3 or more, which the interval of stability needs.
    seed, threads, resume, force, progress
        As for `compare`.

    Raises
    ------
    UsageError
        When a name or number is wrong, `output` may not be written, or with `resume` another request was begun there.
    NeuralTopicError
        When the documents cannot be used, or fewer than two K have three fits that did not fail.
    """
    ks = _checked_ks(ks)
    require_whole("n_seeds", n_seeds, FEWEST_SEEDS)
    require_whole("threads", threads)
    require_whole("seed", seed, 0)
    check_recipe(recipe, embedded=source.embeddings is not None)
    settings = {"recipe": recipe, "ks": ks, "n_seeds": n_seeds, "seed": seed, "threads": threads}
    request = {"neuraltopic": __version__, **source.request(), **settings}
    bench = Bench(output, FORMAT, FILES, request)
    bench.check(resume=resume, force=force, source=source.path)
    jobs = [Job(recipe, k, seed + number) for k in ks for number in range(n_seeds)]
    read = partial(source.read, progress)
    results = bench.run(read, jobs, ("topics", "bound"), threads=threads, resume=resume, progress=progress)
    add_stability(results)
    samples = tuple(samples_of(results, ks))
    if len(samples) < 2:
        raise _too_many_failed(results, Path(output))
    choice = ChoiceOfK(Path(output), source.name, recipe, samples, results, recommend(samples))
    _write(choice)
    return choice


def _checked_ks(ks: Sequence[int]) -> list[int]:
    ks = sorted(set(ks))
    for k in ks:
        require_whole("K", k)
    if len(ks) < 2:
        raise UsageError(parameter("K"), expected="two values or more", got=str(ks), hint="Try 10:200")
    return ks


def _too_many_failed(results: Sequence[dict[str, Any]], output: Path) -> NeuralTopicError:
    failure = next(result for result in results if "error" in result)
    return NeuralTopicError(
        "fits",
        expected="at least three for each of two or more numbers of topics",
        got=f"too many failures, the first with: {failure['error']}",
        hint=f"See {output / 'runs'}, and try again with {parameter('resume', True)}",
    )


def spread(least: int, most: int, steps: int = 6) -> list[int]:
    """Whole numbers from `least` to `most` at about equal ratios, each once: 10 to 200 in 6 is 10 18 33 60 110 200.

    Raises
    ------
    UsageError
        When the range is empty or begins below 1, or there are fewer than two steps.
    """
    if not 1 <= least < most:
        raise UsageError(
            "range", expected="two increasing numbers such as 10:200", got=f"{least}:{most}", hint="Try 10:200"
        )
    require_whole("steps", steps, 2)
    return sorted({round(k) for k in np.geomspace(least, most, steps).tolist()})


def samples_of(results: Sequence[dict[str, Any]], ks: Sequence[int]) -> "list[Sample]":
    """The figures of each K with enough fits."""
    samples = []
    for k in ks:
        figures = [each["figures"] for each in results if each["n_components"] == k and "figures" in each]
        if len(figures) >= FEWEST_SEEDS:
            names = (*SHOWN, "bound_per_token", "bound_per_token_error")
            values = {name: np.array([each[name] for each in figures]) for name in names}
            samples.append(Sample(k, {**values, "stability": pseudo_values(values["stability"])}))
    return samples


def _write(choice: ChoiceOfK) -> None:
    from neuraltopic.compare.page import choice_markdown
    from neuraltopic.compare.picture import draw_choice, write_pictures

    write_table(choice.to_frame(), choice.folder / "choose_k.csv", "csv")
    with atomic_write(choice.folder / "choose_k.md") as file:
        file.write(choice_markdown(choice).encode("utf-8"))
    write_pictures(draw_choice(choice), choice.folder / "choose_k")
