"""`neuraltopic compare PATH`."""

from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.options import (
    AsJson,
    EmbeddingsFile,
    EmbedWith,
    Encoding,
    FirstSeed,
    Force,
    HeldOut,
    HeldOutEmbeddings,
    IdColumn,
    Label,
    NewFolder,
    OrderedTexts,
    Quiet,
    Resume,
    Seeds,
    TextColumn,
    Threads,
    Topics,
)
from neuraltopic.cli.preprocessing import takes_preprocessing
from neuraltopic.cli.printing import WIDTH, print_json
from neuraltopic.cli.source import open_source
from neuraltopic.cli.sweep import interruptible_sweep, refuse_failures
from neuraltopic.preprocessing.settings import Preprocessing

if TYPE_CHECKING:
    from neuraltopic.compare.results import Comparison

_NAME, _CELL = 22, 13  # columns of a metric and of a model


CorpusOrCounts = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="Documents as for fit, or a folder of counts: train_bow.npz, vocab.txt and optionally test_bow.npz, "
        "train_labels.txt, test_labels.txt, train_texts.txt.",
    ),
]
Models = Annotated[
    str,
    typer.Option(
        "--models",
        metavar="NAMES",
        help="Comma-separated: default, any recipe, gensim-lda (or lda), sklearn-lda, nmf, tomotopy "
        "(needs neuraltopic[compare]), and with --embeddings bertopic and fastopic (need neuraltopic[peers]).",
    ),
]


@takes_preprocessing
def compare(
    path: CorpusOrCounts,
    output: NewFolder,
    models: Models = "default,lda,nmf",
    topics: Topics = 50,
    seeds: Seeds = 3,
    seed: FirstSeed = 0,
    held_out: HeldOut = None,
    label: Label = None,
    texts: OrderedTexts = None,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
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
    """Fit several models to the same documents and evaluate them side by side."""
    source = open_source(
        path,
        text=text,
        id=id,
        encoding=encoding,
        preprocessing=preprocessing,
        held_out=held_out,
        label=label,
        texts=texts,
        embeddings=embeddings,
        embed_with=embed_with,
        held_out_embeddings=held_out_embeddings,
        seed=seed,
    )
    from neuraltopic.compare import comparison

    with interruptible_sweep(quiet=quiet) as progress:
        source.report_to(progress)
        found = comparison.compare(
            source,
            [name.strip() for name in models.split(",") if name.strip()],
            output,
            n_components=topics,
            n_seeds=seeds,
            seed=seed,
            threads=threads,
            resume=resume,
            force=force,
            progress=progress,
        )
        progress.note(f"comparison: {output}")
    if as_json:
        print_json({"comparison": str(output), "medians": _medians(found), "failures": found.failures})
    else:
        _print(found)
    refuse_failures(found.failures, len(found.results), output)


def _medians(found: "Comparison") -> dict[str, dict[str, float | None]]:
    """Median of each metric over the seeds, by model."""
    return {
        model: {metric.name: found.median(model, metric.name) for metric in found.metrics} for model in found.models
    }


def _print(comparison: "Comparison") -> None:
    """A line a metric and a column a model, as many models abreast as fit; an asterisk at the best."""
    import textwrap

    from neuraltopic.compare.page import heading, remarks, shown

    sizes = comparison.sizes
    print(
        f"{sizes['train_documents']:,} training documents, {sizes['test_documents']:,} held out, "
        f"{sizes['words']:,} words, {sizes['labels'] or 'no'} labels; * is best\n"
    )
    abreast = (WIDTH - _NAME) // _CELL
    for start in range(0, len(comparison.models), abreast):
        models = comparison.models[start : start + abreast]
        if start:
            print()
        names = "".join(f"{model:>{_CELL - 1}} " for model in models)
        print(f"{'median over seeds':<{_NAME}}{names}".rstrip())
        for metric in comparison.metrics:
            best = comparison.best(metric)
            cells = "".join(
                f"{shown(comparison.median(model, metric.name), metric):>{_CELL - 1}}{'*' if model in best else ' '}"
                for model in models
            )
            print(f"{heading(metric):<{_NAME}}{cells}".rstrip())
    for remark in remarks(comparison):
        print()
        print(textwrap.fill(remark, WIDTH))
