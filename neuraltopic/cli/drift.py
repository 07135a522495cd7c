"""`neuraltopic drift RUN NEW`."""

from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.option_groups import FitCorpus, corpus_of_fit, table_output
from neuraltopic.cli.options import AsJson, CorpusPath, Encoding, Force, IdColumn, Quiet, RunFolder, TextColumn
from neuraltopic.cli.printing import print_facts, print_json, records

DocumentsFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="File for one line per document; the suffix gives the format."),
]


def drift(
    run: RunFolder,
    new: CorpusPath,
    corpus: FitCorpus = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    output: DocumentsFile = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed of the comparison samples.")
    ] = 0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tell how well a run fits new documents, and what to do."""
    from neuraltopic.progress import show_progress
    from neuraltopic.reading.readers import open_corpus
    from neuraltopic.runs import drift as runs

    table = table_output(output, force, as_json)
    documents = open_corpus(new, text=text, id=id, encoding=encoding)
    with show_progress(quiet=quiet) as progress:
        found = runs.drift(
            run, documents, corpus=corpus_of_fit(corpus, text, id, encoding), seed=seed, progress=progress
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
