"""`neuraltopic topics RUN`, and what works on topics: `edit`, `name`, `hierarchy`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from neuraltopic.cli.common.help import Command, examples
from neuraltopic.cli.common.option_groups import corpus_of_fit, takes
from neuraltopic.cli.common.options import AsJson, Ranking, RunFolder, Words
from neuraltopic.cli.common.printing import print_json, print_topics, records
from neuraltopic.errors import UsageError
from neuraltopic.storage.strict_json import read_json

if TYPE_CHECKING:
    from neuraltopic.reading.rows import Corpus

_MAX_FILE_BYTES = 1 << 24


class _RunFirst(TyperGroup):
    """A group with a default command: `topics RUN` is `topics show RUN`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command where none is named."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["show", *args]
        return super().parse_args(ctx, args)


topics = typer.Typer(
    name="topics",
    cls=_RunFirst,
    no_args_is_help=True,
    help="Print, name or edit the topics of a run.",
)


@topics.command("show", cls=Command)
@examples("neuraltopic topics run", "neuraltopic topics run --words 20 --ranking lift --json")
def show(run: RunFolder, words: Words = 10, ranking: Ranking = "default", as_json: AsJson = False) -> None:
    """Print the topics of a run; the word show may be left out."""
    from neuraltopic.runs.documents import open_run

    table = open_run(run, device="cpu").get_topic_info(words, ranking)
    if as_json:
        print_json({"run": str(run), "topics": records(table)})
    else:
        print_topics(table)


@topics.command("hierarchy", cls=Command)
@examples("neuraltopic topics hierarchy run")
def hierarchy(run: RunFolder, as_json: AsJson = False) -> None:
    """Print a tree of the topics, the most similar merged first."""
    from neuraltopic.runs.documents import open_run

    table = open_run(run, device="cpu").get_topic_hierarchy()
    if as_json:
        print_json({"run": str(run), "hierarchy": records(table)})
        return
    print("distance  merged")
    for row in table.itertuples():
        print(f"{row.distance:8.3f}  {row.left_label}  |  {row.right_label}")


@topics.command("name", cls=Command)
@takes(corpus=corpus_of_fit)
@examples("neuraltopic topics name run --dry-run")
def name(
    run: RunFolder,
    *,
    command: Annotated[
        str | None,
        typer.Option(
            "--name-with",
            metavar="COMMAND",
            help="Program that reads a prompt and prints a name. [default: phrases of the documents]",
        ),
    ] = None,
    corpus: "Corpus | None",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the names without changing the run.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name the topics after phrases of their documents.

    With --name-with a program gives the names. `topics edit RUN undo` removes them again.
    """
    from neuraltopic.runs.editing import edit_run
    from neuraltopic.runs.naming import suggest_names

    names = suggest_names(run, command=command, corpus=corpus)
    if names and not dry_run:
        edit_run(run, [{"op": "rename", "labels": {str(topic): label for topic, label in names.items()}}])
    if as_json:
        print_json({"run": str(run), "names": {str(topic): label for topic, label in names.items()}})
        return
    for topic, label in names.items():
        print(f"{topic:>5}  {label}")


@topics.command("edit", cls=Command)
@takes(corpus=corpus_of_fit)
@examples(
    "neuraltopic topics edit run merge 3 7",
    "neuraltopic topics edit run rename 3 'space flight'",
    "neuraltopic topics edit run undo",
)
def edit(
    run: RunFolder,
    *,
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="[ACTION]",
            help="merge 3 7 | rename 3 NAME | split 4 | drop 9 11 | junk 8 | reorder 2 0 1 | move WORD 3 5 | reduce 20 "
            "| undo | apply FILE (a JSON list of edits). Without an action: list the edits.",
        ),
    ] = None,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="[VALUE]...", help="Topics, names or words that the action takes.")
    ] = None,
    corpus: "Corpus | None",
    words: Words = 10,
    as_json: AsJson = False,
) -> None:
    """Merge, rename, split, drop, reorder or undo topics of a run.

    Edits are a log in the run folder that every command applies; the fitted model stays as it is.
    """
    from neuraltopic.runs.editing import edit_run

    if action is None:
        _list_edits(run, as_json=as_json)
        return
    operations = _operations(run, action, values or [])
    model = edit_run(run, operations, corpus=corpus)
    table = model.get_topic_info(words)
    if as_json:
        print_json({"run": str(run), "edits": model.edits_, "topics": records(table)})
    else:
        print_topics(table)


def _operations(run: Path, action: str, values: list[str]) -> list[Any]:
    """The given edits, in the form of the log."""
    if action == "apply":
        content: Any = read_json(_one(action, values, "the name of a JSON file"), _MAX_FILE_BYTES)
        return content if isinstance(content, list) else [content]
    if action == "reduce":
        from neuraltopic.runs.documents import open_run

        (n,) = _numbers(action, [_one(action, values, "a number of topics")])
        groups = open_run(run, device="cpu").groups_of(n)
        return [{"op": "merge", "groups": groups}] if groups else []
    if action == "merge":
        return [{"op": "merge", "groups": [_numbers(action, values)]}]
    if action in ("drop", "junk"):
        return [{"op": action, "topics": _numbers(action, values)}]
    if action == "reorder":
        return [{"op": "reorder", "order": _numbers(action, values)}]
    if action == "split":
        (topic,) = _numbers(action, [_one(action, values, "one topic")])
        return [{"op": "split", "topic": topic}]
    if action == "rename":
        named, label = _several(action, values, 2, "a topic and a name, in quotes where it has spaces")
        return [{"op": "rename", "labels": {named: label or None}}]
    if action == "move":
        word, source, target = _several(action, values, 3, "a word, the topic it is in and the one it moves to")
        first, second = _numbers(action, [source, target])
        return [{"op": "move", "word": word, "from": first, "to": second}]
    if action == "undo":
        _several(action, values, 0, "nothing after it")
        return [{"op": "undo"}]
    known = "merge, rename, split, drop, junk, reorder, move, reduce, undo, apply"
    raise UsageError("action", expected=f"one of {known}", got=repr(action), hint="Choose one of these")


def _several(action: str, values: list[str], n: int, expected: str) -> list[str]:
    if len(values) != n:
        raise UsageError(
            action, expected=expected, got=" ".join(values) or "nothing", hint="See neuraltopic topics edit --help"
        )
    return values


def _one(action: str, values: list[str], expected: str) -> str:
    return _several(action, values, 1, expected)[0]


def _numbers(action: str, values: list[str]) -> list[int]:
    if not values or not all(value.isascii() and value.isdigit() for value in values):
        raise UsageError(
            action, expected="topic numbers", got=" ".join(values) or "none", hint="See neuraltopic topics RUN"
        )
    return [int(value) for value in values]


def _list_edits(run: Path, *, as_json: bool) -> None:
    from neuraltopic.runs.documents import open_run

    edits = open_run(run, device="cpu").edits_
    if as_json:
        print_json({"run": str(run), "edits": edits})
        return
    for number, operation in enumerate(edits, start=1):
        print(f"{number}  {json.dumps(operation, ensure_ascii=False)}")
