"""`neuraltopic evaluate RUN HELD_OUT`."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.common.embeddings import embedding_source
from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import ReadAs, read_as, takes
from neuraltopic.cli.common.options import (
    AsJson,
    Device,
    EmbeddingsFile,
    EmbedWith,
    Force,
    Label,
    Quiet,
    Ranking,
    RunFolder,
    Words,
)
from neuraltopic.cli.common.printing import WIDTH, print_json, records
from neuraltopic.cli.common.resumable import noted
from neuraltopic.storage.outputs import check_new_file
from neuraltopic.storage.tables import format_of, write_table

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.evaluate import Evaluation, Figure, Labelled


HeldOut = Annotated[
    str,
    typer.Argument(metavar="HELD_OUT", help="Held-out documents: a path as for fit; - reads standard input."),
]
Reference = Annotated[
    str | None,
    typer.Option("--reference", metavar="PATH", help="Reference corpus for coherence. [default: HELD_OUT]"),
]
Against = Annotated[
    list[Path] | None,
    typer.Option("--against", metavar="RUN", help="Run with another seed, for stability; repeatable."),
]
PerTopic = Annotated[bool, typer.Option("--per-topic", help="Print one line per topic instead of one per figure.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="File for the table; the suffix gives the format."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed for samples and intervals.")]


@takes(read_as=read_as)
@examples(
    "neuraltopic evaluate run held-out/", "neuraltopic evaluate run held-out.csv --text body --per-topic -o figures.csv"
)
def evaluate(
    run: RunFolder,
    held_out: HeldOut,
    reference: Reference = None,
    label: Label = None,
    against: Against = None,
    words: Words = 10,
    ranking: Ranking = "default",
    per_topic: PerTopic = False,
    output: Output = None,
    seed: Seed = 0,
    *,
    read_as: ReadAs,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    device: Device = "auto",
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate a run on held-out documents."""
    from neuraltopic.progress import show_progress

    format = format_of(output) if output else None
    if output:
        check_new_file(output, force=force)
    corpus = read_as.open(held_out)
    reference_corpus = None if reference is None else read_as.open(reference)
    embedding_file = embedding_source(embeddings, embed_with, corpus, device=device)
    from neuraltopic.evaluate import evaluate_model
    from neuraltopic.runs.documents import open_run

    with show_progress(quiet=quiet) as progress, noted(progress):
        if embedding_file is not None:
            embedding_file.report_to(progress)
        evaluation = evaluate_model(
            open_run(run, device=device),
            corpus,
            embeddings=embedding_file,
            reference=reference_corpus,
            training=_training(run, label),
            label=label,
            others=[open_run(other, device=device) for other in against or ()],
            n_words=words,
            ranking=ranking,
            seed=seed,
            progress=progress,
        )
        for note in evaluation.notes:
            progress.note(note)
        progress.note(f"words counted in: {evaluation.reference}; the rest measured on: {evaluation.held_out}")
    if output and format:
        write_table(evaluation.topics if per_topic else evaluation.to_frame(), output, format)
    if as_json:
        print_json({"run": str(run), "ranking": ranking, **_as_json(evaluation)})
    elif not output:
        _print_topics(evaluation.topics) if per_topic else _print_figures(evaluation.figures)


def _training(run: Path, label: str | None) -> "Labelled | None":
    """Vectors of the fit with their labels; a model folder has none."""
    from neuraltopic.evaluate import training_vectors
    from neuraltopic.evaluate.labels import DEFAULT_LABEL
    from neuraltopic.runs.facts import model_folder_of

    return None if model_folder_of(run) == run else training_vectors(run, label or DEFAULT_LABEL)


def _as_json(evaluation: "Evaluation") -> dict[str, Any]:
    return {
        "held_out": evaluation.held_out,
        "reference": evaluation.reference,
        "figures": records(evaluation.to_frame()),
        "topics": records(evaluation.topics),
        "notes": list(evaluation.notes),
    }


def _print_figures(figures: "tuple[Figure, ...]") -> None:
    """Print metric, value, interval, n and meaning in at most `WIDTH` columns."""
    lines = [("metric", "value", "95% interval", "n", "meaning")]
    for figure in figures:
        interval = " to ".join(map(_number, figure.interval or ()))
        lines.append((figure.metric, _number(figure.value), interval, f"{figure.n:,}", figure.meaning))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    margin = sum(widths) + 2 * len(widths)
    for metric, value, interval, n, meaning in lines:
        lead = f"{metric:<{widths[0]}}  {value:>{widths[1]}}  {interval:>{widths[2]}}  {n:>{widths[3]}}  "
        for part in textwrap.wrap(meaning, WIDTH - margin):
            print(f"{lead}{part}")
            lead = " " * margin


def _print_topics(topics: "pd.DataFrame") -> None:
    """Print one line per topic, its label last."""
    names = [str(name) for name in topics if name not in ("topic", "label")]
    lines = [["topic", *names, "label"]]
    for values in topics[["topic", *names, "label"]].itertuples(index=False):
        lines.append([str(values[0]), *map(_number, values[1:-1]), str(values[-1])])
    widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
    for line in lines:
        cells = [f"{cell:>{width}}" for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]]))


def _number(value: float) -> str:
    """Four significant digits of large numbers, three decimals of small ones."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"
