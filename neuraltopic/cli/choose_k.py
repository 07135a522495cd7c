"""`neuraltopic choose-k PATH`."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import takes
from neuraltopic.cli.common.printing import WIDTH, print_json
from neuraltopic.cli.common.source import source_of
from neuraltopic.cli.common.sweep import Sweep, interruptible_sweep, refuse_failures, sweep_of
from neuraltopic.errors import UsageError

if TYPE_CHECKING:
    from neuraltopic.compare.results import ChoiceOfK
    from neuraltopic.compare.source import Source


Range = Annotated[str, typer.Option("--range", metavar="LEAST:MOST", help="Smallest and largest number of topics.")]
Steps = Annotated[
    int, typer.Option("--steps", metavar="NUMBER", help="Number of values of K to fit, evenly spaced in log K.")
]
Recipe = Annotated[str, typer.Option("--recipe", metavar="NAME", help="Model recipe.")]


@takes(source=source_of, sweep=sweep_of)
@examples("neuraltopic choose-k texts/ -o choice --range 10:100 --steps 5")
def choose_k(
    *,
    source: "Source",
    range_: Range = "10:200",
    steps: Steps = 6,
    recipe: Recipe = "default",
    sweep: Sweep,
) -> None:
    """Fit at several numbers of topics and recommend one."""
    fewest, most = _ends(range_)
    from neuraltopic.compare import choose_k as library

    with interruptible_sweep(quiet=sweep.quiet) as progress:
        ks = library.spread(fewest, most, steps)
        choice = library.choose_k(source, ks=ks, recipe=recipe, **sweep.arguments(source), progress=progress)
        progress.note(f"choice of K: {sweep.output}")
    if sweep.as_json:
        print_json({"choice": str(sweep.output), **_as_json(choice)})
    else:
        _print(choice)
    refuse_failures(choice.failures, len(choice.results), sweep.output)


def _ends(text: str) -> tuple[int, int]:
    """The smallest and the largest number of topics."""
    ends = re.fullmatch(r"(\d{1,6}):(\d{1,6})", text)
    if not ends:
        raise UsageError(
            "--range",
            expected="two numbers such as 10:200",
            got=repr(text),
            hint="Give the smallest and the largest number of topics",
        )
    return int(ends[1]), int(ends[2])


def _as_json(choice: "ChoiceOfK") -> dict[str, Any]:
    means = {
        str(sample.k): {metric.name: sample.mean(metric.name) for metric in choice.metrics} for sample in choice.samples
    }
    chosen = choice.recommendation
    return {"k": chosen.k, "why": chosen.why, "means": means, "failures": choice.failures}


def _print(choice: "ChoiceOfK") -> None:
    """Print one line per K, means over seeds with half their 95% intervals, and the recommendation."""
    import textwrap

    from neuraltopic.compare.page import heading, shown

    print(f"{'K':>6}" + "".join(f"{heading(metric):>22}" for metric in choice.metrics))
    for sample in choice.samples:
        cells = [
            f"{shown(sample.mean(metric.name), metric)} ± {shown(sample.half_width(metric.name), metric)}"
            for metric in choice.metrics
        ]
        mark = "*" if sample.k == choice.recommendation.k else " "
        print(f"{sample.k:>5}{mark}" + "".join(f"{cell:>22}" for cell in cells))
    print()
    print(textwrap.fill(f"{choice.recommendation.k} topics: {choice.recommendation.why}", WIDTH))
