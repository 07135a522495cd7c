"""`neuraltopic compare PATH`."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import takes
from neuraltopic.cli.common.options import Label, Topics
from neuraltopic.cli.common.printing import WIDTH, print_json
from neuraltopic.cli.common.source import source_of
from neuraltopic.cli.common.sweep import Sweep, interruptible_sweep, refuse_failures, sweep_of

if TYPE_CHECKING:
    from neuraltopic.compare.results import Comparison
    from neuraltopic.compare.source import Source

_NAME, _CELL = 22, 13  # columns of a metric and of a model


Models = Annotated[
    str,
    typer.Option(
        "--models",
        metavar="NAMES",
        help="Comma-separated: default, any recipe, gensim-lda (or lda), sklearn-lda, nmf, tomotopy "
        "(needs neuraltopic[compare]), and with --embeddings bertopic and fastopic (need neuraltopic[peers]).",
    ),
]


@takes(source=source_of, sweep=sweep_of)
@examples("neuraltopic compare texts/ -o comparison -k 20 --models default,lda,nmf")
def compare(
    *,
    source: "Source",
    models: Models = "default,lda,nmf",
    topics: Topics = 50,
    label: Label = None,
    sweep: Sweep,
) -> None:
    """Fit several models to the same documents and compare them."""
    from neuraltopic.compare import comparison

    source = dataclasses.replace(source, label=label)
    with interruptible_sweep(quiet=sweep.quiet) as progress:
        source.report_to(progress)
        names = [name.strip() for name in models.split(",") if name.strip()]
        found = comparison.compare(source, names, n_components=topics, **sweep.arguments(source), progress=progress)
        progress.note(f"comparison: {sweep.output}")
    if sweep.as_json:
        print_json({"comparison": str(sweep.output), "medians": _medians(found), "failures": found.failures})
    else:
        _print(found)
    refuse_failures(found.failures, len(found.results), sweep.output)


def _medians(found: "Comparison") -> dict[str, dict[str, float | None]]:
    """Median of each metric over the seeds, by model."""
    return {
        model: {metric.name: found.median(model, metric.name) for metric in found.metrics} for model in found.models
    }


def _print(comparison: "Comparison") -> None:
    """Print one line per metric and one column per model; an asterisk marks the best."""
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
