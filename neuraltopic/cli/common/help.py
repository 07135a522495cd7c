"""The output of `--help`: commands by task, the options of a long command by subject, and examples."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from typer.core import TyperCommand, TyperGroup

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

# Parameters of commands by subject. The preprocessing is what `cli.preprocessing.settings_of` takes.
_SUBJECTS = {
    "Documents": (
        *("text", "id", "encoding", "corpus", "embeddings", "embed_with"),
        *("held_out", "held_out_embeddings", "label", "texts", "reference"),
    ),
    "Preprocessing": (
        *("language", "min_length", "min_df", "max_df", "vocabulary_size", "numbers", "lemmas", "phrases"),
        *("segmenter", "spacy", "token_pattern", "pretokenised", "keep_markup", "keep_duplicates", "split"),
        *("keep_stop_words", "stop_words"),
    ),
    "Training": ("epochs", "batch_size", "learning_rate", "held_out_share"),
    "Computation": (
        *("seed", "seeds", "device", "jobs", "threads", "max_time", "memory", "cluster", "cache"),
        *("resume", "dry_run"),
    ),
    "Output": ("output", "force", "report", "as_json", "quiet", "help"),
}
# Commands with fewer options list them without headings.
_MANY = 18


def examples(*lines: str) -> Callable[[FunctionT], FunctionT]:
    """Give a command example calls, which its `--help` prints and a test parses."""

    def decorate(command: FunctionT) -> FunctionT:
        command.__dict__["examples"] = lines
        return command

    return decorate


def examples_of(command: Any) -> tuple[str, ...]:
    """The example calls of a command."""
    return getattr(command.callback, "examples", ())


class Command(TyperCommand):
    """A command whose help lists many options by subject, and ends with examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, the options and the examples."""
        parameters = self.get_params(ctx)
        options = [one for one in parameters if one.param_type_name == "option"]
        _write(formatter, "Arguments", _records(ctx, set(parameters) - set(options), parameters))
        if len(options) < _MANY:
            _write(formatter, "Options", _records(ctx, options, parameters))
        else:
            _write_by_subject(ctx, formatter, options)
        _write_examples(ctx, formatter)


class Group(TyperGroup):
    """A group of commands, listed by the task that each was registered with."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the name and the first sentence of each command."""
        width = formatter.width - 6 - max(map(len, self.commands))
        tasks: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            task = getattr(command, "rich_help_panel", None)
            of_task = tasks.setdefault(task if isinstance(task, str) else "Commands", [])
            # typer has groups after commands; here they lead.
            place = 0 if hasattr(command, "commands") else len(of_task)
            of_task.insert(place, (name, command.get_short_help_str(width)))
        for task, lines in tasks.items():
            _write(formatter, task, lines)
        _write_examples(ctx, formatter)


def _write_by_subject(ctx: Any, formatter: Any, options: list[Any]) -> None:
    named = {name for names in _SUBJECTS.values() for name in names}
    _write(formatter, "Options", _records(ctx, [one for one in options if one.name not in named], options))
    for subject, names in _SUBJECTS.items():
        _write(formatter, subject, _records(ctx, [one for one in options if one.name in names], options))


def _records(ctx: Any, chosen: Iterable[Any], ordered: list[Any]) -> list[tuple[str, str]]:
    """Name and help of the chosen parameters, in the order in which the command has them."""
    chosen = set(chosen)
    records = (one.get_help_record(ctx) for one in ordered if one in chosen)
    return [record for record in records if record is not None]


def _write_examples(ctx: Any, formatter: Any) -> None:
    if lines := examples_of(ctx.command):
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in lines))


def _write(formatter: Any, heading: str, records: list[tuple[str, str]]) -> None:
    if records:
        with formatter.section(heading):
            formatter.write_dl(records)
