"""`neuraltopic choose-k PATH`."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.options import (
    AsJson,
    CorpusPath,
    EmbeddingsFile,
    Encoding,
    FirstSeed,
    Force,
    HeldOut,
    HeldOutEmbeddings,
    IdColumn,
    NewFolder,
    OrderedTexts,
    Quiet,
    Resume,
    Seeds,
    TextColumn,
    Threads,
)
from neuraltopic.cli.preprocessing import takes_preprocessing
from neuraltopic.cli.printing import WIDTH, print_json
from neuraltopic.cli.source import open_source
from neuraltopic.cli.sweep import interruptible_sweep, refuse_failures
from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.settings import Preprocessing

if TYPE_CHECKING:
    from neuraltopic.compare.results import ChoiceOfK


Range = Annotated[str, typer.Option("--range", metavar="LEAST:MOST", help="Smallest and largest number of topics.")]
Steps = Annotated[
    int, typer.Option("--steps", metavar="NUMBER", help="How many numbers to try, evenly spaced in log K.")
]
Recipe = Annotated[str, typer.Option("--recipe", metavar="NAME", help="Model recipe.")]


@takes_preprocessing
def choose_k(
    path: CorpusPath,
    output: NewFolder,
    range_: Range = "10:200",
    steps: Steps = 6,
    recipe: Recipe = ("default"),
    seeds: Seeds = 3,
    seed: FirstSeed = 0,
    held_out: HeldOut = None,
    texts: OrderedTexts = None,
    embeddings: EmbeddingsFile = None,
    held_out_embeddings: HeldOutEmbeddings = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    *,
    preprocessing: Preprocessing,
    threads: Threads = 1,
    resume: Resume = False,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit at several numbers of topics and recommend one."""
    fewest, most = _ends(range_)
    source = open_source(
        path,
        text=text,
        id=id,
        encoding=encoding,
        preprocessing=preprocessing,
        held_out=held_out,
        label=None,
        texts=texts,
        embeddings=embeddings,
        held_out_embeddings=held_out_embeddings,
        seed=seed,
    )
    from neuraltopic.compare import choose_k as sweep

    with interruptible_sweep(quiet=quiet) as progress:
        choice = sweep.choose_k(
            source,
            output,
            ks=sweep.spread(fewest, most, steps),
            recipe=recipe,
            n_seeds=seeds,
            seed=seed,
            threads=threads,
            resume=resume,
            force=force,
            progress=progress,
        )
        progress.note(f"choice of K: {output}")
    if as_json:
        print_json({"choice": str(output), **_as_json(choice)})
    else:
        _print(choice)
    refuse_failures(choice.failures, len(choice.results), output)


def _ends(text: str) -> tuple[int, int]:
    """The smallest and the largest number of topics."""
    ends = re.fullmatch(r"(\d{1,6}):(\d{1,6})", text)
    if not ends:
        raise UsageError("--range", expected="two numbers such as 10:200", got=repr(text), hint="Correct it")
    return int(ends[1]), int(ends[2])


def _as_json(choice: "ChoiceOfK") -> dict[str, Any]:
    means = {
        str(sample.k): {metric.name: sample.mean(metric.name) for metric in choice.metrics} for sample in choice.samples
    }
    chosen = choice.recommendation
    return {"k": chosen.k, "why": chosen.why, "means": means, "failures": choice.failures}


def _print(choice: "ChoiceOfK") -> None:
    """A line a K, means over seeds with half their 95% intervals, and the recommendation."""
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
