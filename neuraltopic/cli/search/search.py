"""`neuraltopic search INDEX QUERY`."""

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import AsJson, QueriesEmbedWith, Quiet
from neuraltopic.cli.common.printing import WIDTH, print_json
from neuraltopic.errors import UsageError

if TYPE_CHECKING:
    from neuraltopic.search import Answer, Hit, SearchIndex

# Words and topics that are named as reasons.
_REASONS = 4


@examples(
    "neuraltopic search news.index 'moon landing'", "neuraltopic search news.index --like doc-17 --where 'year >= 2015'"
)
def search(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="Path to the index.")],
    query: Annotated[
        str | None,
        typer.Argument(metavar="[QUERY]", help="Words or a text; - reads one query per line from standard input."),
    ] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="Number of hits.")] = 10,
    skip: Annotated[int, typer.Option("--skip", min=0, help="Number of hits to skip.")] = 0,
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Score: words, topics, embeddings or hybrid (all).")
    ] = "hybrid",
    like: Annotated[
        str | None, typer.Option("--like", metavar="ID", help="Find documents similar to the one with this id.")
    ] = None,
    topic: Annotated[
        int | None, typer.Option("--topic", help="Find the documents with the largest share of this topic.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="FILTER", help="Metadata filter, such as: year >= 2015 and section = 'sport'."),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option("--embeddings", metavar="FILE", help="Query embeddings: .npy with one row per query."),
    ] = None,
    embed_with: QueriesEmbedWith = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Search an index by words, topics and embeddings, with reasons."""
    from neuraltopic.search import SearchIndex

    if embeddings is not None and embed_with is not None:
        raise UsageError("--embed-with", expected="either it or --embeddings", got="both", hint="Leave one of them out")
    found = SearchIndex.open(index, embed_with=embed_with)
    options: dict[str, Any] = {"by": by, "like": like, "topic": topic, "where": where, "skip": skip}
    queries: list[str | None] = [*_read_queries()] if query == "-" else [query]
    vectors, told = _vectors(embeddings, len(queries)), set[str]()
    for place, text in enumerate(queries):
        vector = None if vectors is None else vectors[place]
        answer = found.answer(text, number, embedding=vector, **options)
        if not quiet:
            for note in answer.notes:
                if note not in told:
                    print(f"note: {_printable(note)}", file=sys.stderr)
            told.update(answer.notes)
        if query == "-":
            _print_line(answer) if as_json else _print_many(answer, found)
        elif as_json:
            print_json(answer.to_dict())
        else:
            _print(answer, found)


def _read_queries() -> list[str]:
    """A query per line of standard input, in UTF-8."""
    try:
        lines = sys.stdin.buffer.read().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UsageError(
            "standard input", expected="queries in UTF-8", got=str(error), hint="Convert them to UTF-8"
        ) from error
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]


def _vectors(path: Path | None, n_queries: int) -> Any:
    if path is None:
        return None
    from neuraltopic.reading.vectors.embedding_files import EmbeddingFile

    values = EmbeddingFile(path).values
    if len(values) != n_queries:
        raise UsageError(
            f"embeddings {path}",
            expected=f"a row for each of the {n_queries:,} queries",
            got=f"{len(values):,}",
            hint="Give the queries in the order of the rows",
        )
    return values


def _print_line(answer: "Answer") -> None:
    print(json.dumps(answer.to_dict(), ensure_ascii=False, allow_nan=False))


def _print_many(answer: "Answer", index: "SearchIndex") -> None:
    print(f"# {_printable(answer.query)}")
    _print(answer, index)
    print()


def _print(answer: "Answer", index: "SearchIndex") -> None:
    """Print rank, score and id, then the topic, the passage and the reasons of each hit."""
    if not answer.hits:
        print(f"no more of {answer.n_found:,} documents" if answer.n_found else "no document found")
    labels = index.topic_labels
    for hit in answer.hits:
        print(f"{hit.rank:>3}  {hit.score:>7.3f}  {_printable(hit.id)}{f'  [{hit.label}]' if hit.label else ''}")
        for line in textwrap.wrap(_marked(hit), WIDTH - 14):
            print(f"{'':14}{line}")
        if reasons := _reasons(hit, labels):
            print(f"{'':14}because of {reasons}")


def _marked(hit: "Hit") -> str:
    """The passage with the words of the query in bold on a terminal, between * elsewhere."""
    before, after = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("*", "*")
    pieces, end = [], 0
    for start, stop in hit.marked:
        pieces += [_printable(hit.snippet[end:start]), before, _printable(hit.snippet[start:stop]), after]
        end = stop
    return "".join([*pieces, _printable(hit.snippet[end:])])


def _printable(text: str) -> str:
    """Without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _reasons(hit: "Hit", labels: list[str]) -> str:
    """The largest parts of the score, and the rest of it."""
    names = [*labels, "topics that were dropped"]  # these have the number -1
    parts = [*hit.words.items(), *((names[topic], part) for topic, part in hit.topics.items())]
    if hit.embedding:
        parts.append(("the embedding", hit.embedding))
    parts.sort(key=lambda part: -abs(part[1]))
    named = [f"{name} {part:+z.2f}" for name, part in parts[:_REASONS]]
    rest = sum(part for _, part in parts[_REASONS:])
    return ", ".join(named) + (f", the rest {rest:+z.2f}" if len(parts) > _REASONS else "")
