"""`neuraltopic drift RUN NEW`."""

from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import FitCorpus, ReadAs, read_as, table_output, takes
from neuraltopic.cli.common.options import AsJson, CorpusPath, Force, Quiet, RunFolder
from neuraltopic.cli.common.printing import print_facts, print_json, records

DocumentsFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="File for one line per document; the suffix gives the format."),
]


@takes(read_as=read_as)
@examples("neuraltopic drift run december.csv --text body")
def drift(
    run: RunFolder,
    new: CorpusPath,
    corpus: FitCorpus = None,
    *,
    read_as: ReadAs,
    output: DocumentsFile = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed of the comparison samples.")
    ] = 0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how well a run fits new documents and advise."""
    from neuraltopic.progress import show_progress
    from neuraltopic.runs import drift as runs

    table = table_output(output, force, as_json)
    documents = read_as.open(new)
    with show_progress(quiet=quiet) as progress:
        found = runs.drift(
            run, documents, corpus=None if corpus is None else read_as.open(corpus), seed=seed, progress=progress
        )
    topics = found.topics_table()
    table.write_file(found.documents)
    if as_json:
        print_json({"run": str(run), **found.facts(), "topics": records(topics)})
        return
    least = found.documents["id"][:3].tolist()
    print_facts(
        [
            ("verdict", f"{found.verdict}: {found.advice}"),
            ("documents", f"{found.n_documents:,} with known words, {found.n_wordless:,} without"),
            ("unfamiliar", f"{found.unfamiliar:.1%} fit worse than 99 % of those of the fit; least {', '.join(least)}"),
            ("new words", f"{found.unknown:.1%} of the tokens, {found.unknown_of_fit:.1%} of those of the fit"),
            (
                "topics",
                f"distance of the shares {found.topics.distance:.3f}; samples of the fit stay below "
                f"{found.topics.expected:.3f} in 95 %",
            ),
        ],
        width=12,
    )
    moved = topics[topics["moved"]].sort_values("change", key=abs, ascending=False)[:10]
    for row in moved.itertuples():
        print(f"{'':<12}{row.change:+6.1%}  {row.label}")
