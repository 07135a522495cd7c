"""`neuraltopic evaluate RUN HELD_OUT`."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.embeddings import embedding_source
from neuraltopic.cli.options import (
    AsJson,
    Device,
    EmbeddingsFile,
    EmbedWith,
    Encoding,
    Force,
    IdColumn,
    Quiet,
    Ranking,
    RunFolder,
    TextColumn,
    Words,
)
from neuraltopic.cli.printing import WIDTH, print_json, records
from neuraltopic.cli.resumable import noted
from neuraltopic.errors import UsageError
from neuraltopic.storage.tables import format_of, write_table

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.evaluate import Figure, Labelled


def evaluate(
    run: RunFolder,
    held_out: Annotated[
        str,
        typer.Argument(
            metavar="HELD_OUT", help="Documents that were not in the fit: a path as for fit; - is standard input."
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="PATH", help="Documents to count words in; HELD_OUT by default."),
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="COLUMN", help="Column of the labels; label by default.")
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="RUN", help="A run from another seed, for stability; may be repeated."),
    ] = None,
    words: Words = 10,
    ranking: Ranking = "default",
    per_topic: Annotated[bool, typer.Option("--per-topic", help="A line a topic instead of a line a figure.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the table there; the suffix names the format."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of halves and intervals: same seed, same figures.")
    ] = 0,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    device: Device = "auto",
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure a run on documents that it has not seen."""
    from neuraltopic.progress import show_progress
    from neuraltopic.reading.readers import open_corpus

    format = format_of(output) if output else None
    if output and output.exists() and not force:
        raise UsageError(
            f"output {output}",
            expected="a path that does not exist yet",
            got="one that does",
            hint="Choose another path, or replace it with --force",
        )
    corpus = open_corpus(held_out, text=text, id=id, encoding=encoding)
    reference_corpus = None if reference is None else open_corpus(reference, text=text, id=id, encoding=encoding)
    beside = embedding_source(embeddings, embed_with, corpus, device=device)
    from neuraltopic.evaluate import evaluate_model
    from neuraltopic.runs.documents import open_run

    with show_progress(quiet=quiet) as progress, noted(progress):
        if beside is not None:
            beside.report_to(progress)
        evaluation = evaluate_model(
            open_run(run, device=device),
            corpus,
            embeddings=beside,
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
    figures = evaluation.to_frame()
    if output and format:
        write_table(evaluation.topics if per_topic else figures, output, format)
    if as_json:
        print_json(
            {
                "run": str(run),
                "held_out": evaluation.held_out,
                "reference": evaluation.reference,
                "ranking": ranking,
                "figures": records(figures),
                "topics": records(evaluation.topics),
                "notes": list(evaluation.notes),
            }
        )
    elif not output:
        _print_topics(evaluation.topics) if per_topic else _print_figures(evaluation.figures)


def _training(run: Path, label: str | None) -> "Labelled | None":
    """Vectors of the fit with their labels; a model folder has none."""
    from neuraltopic.evaluate import training_vectors
    from neuraltopic.evaluate.labels import DEFAULT_LABEL
    from neuraltopic.runs.facts import model_folder_of

    return None if model_folder_of(run) == run else training_vectors(run, label or DEFAULT_LABEL)


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
    """Print a line a topic, its label last."""
    names = [str(name) for name in topics if name not in ("topic", "label")]
    lines = [["topic", *names, "label"]]
    for values in topics[["topic", *names, "label"]].itertuples(index=False):
        lines.append([str(values[0]), *map(_number, values[1:-1]), str(values[-1])])
    widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
    for line in lines:
        cells = [f"{cell:>{width}}" for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]]))


def _number(value: float) -> str:
    """Four digits of what is large, three behind the point of what is small."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"
