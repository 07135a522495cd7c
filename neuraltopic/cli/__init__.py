"""The command line: each command parses, calls one library function of the same name, and prints.

Data go to stdout; notes, progress and errors to stderr. An error is one line. Exit codes: 0 done, 1 the data
cannot be used, 2 the request is wrong, 130 interrupted, 141 the output is no longer read, 143 terminated.
"""

import errno
import io
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from neuraltopic.cli.choose_k import choose_k
from neuraltopic.cli.common.help import Command, Group, examples
from neuraltopic.cli.common.names import options
from neuraltopic.cli.compare import compare
from neuraltopic.cli.corpus import corpus
from neuraltopic.cli.drift import drift
from neuraltopic.cli.embed import embed
from neuraltopic.cli.evaluate import evaluate
from neuraltopic.cli.explore import explore
from neuraltopic.cli.export import export
from neuraltopic.cli.fit import fit
from neuraltopic.cli.groups import effects, over_time, per_class
from neuraltopic.cli.images import images
from neuraltopic.cli.importing import import_
from neuraltopic.cli.inspect import inspect
from neuraltopic.cli.plot import plot
from neuraltopic.cli.report import report
from neuraltopic.cli.search.index import index
from neuraltopic.cli.search.search import search
from neuraltopic.cli.search.serve import serve
from neuraltopic.cli.topics import topics
from neuraltopic.cli.update import update
from neuraltopic.errors import NeuralTopicError

_DEBUG = "--debug"
# Hidden names next to an output, as storage.atomic and runs.workspace make them.
_HIDDEN = re.compile(r"(?<![^/\\])\.([^/\\]+)\.(?:[0-9a-f]{16}\.(?:partial|replaced)|unfinished)(?![^/\\])")

app = typer.Typer(add_completion=False, rich_markup_mode=None, cls=Group)
# The commands by what they are for, as `--help` lists them.
_COMMANDS: dict[str, tuple[Callable[..., None] | typer.Typer, ...]] = {
    "Fit": (fit, update, choose_k, compare),
    "Read the topics": (topics, report, explore, plot, over_time, per_class, effects),
    "Check": (evaluate, drift, inspect),
    "Search and export": (embed, index, search, serve, export),
    "Other": (import_, corpus, images),
}
for task, commands in _COMMANDS.items():
    for command in commands:
        if isinstance(command, typer.Typer):
            app.add_typer(command, rich_help_panel=task)
        else:
            app.command(command.__name__.strip("_").replace("_", "-"), cls=Command, rich_help_panel=task)(command)


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM)."""


def _show_version(asked: bool) -> None:
    if asked:
        from neuraltopic.version import __version__

        typer.echo(f"neuraltopic {__version__}")
        raise typer.Exit


@app.callback()
@examples(
    "neuraltopic corpus lee news",
    "neuraltopic fit news -k 10 -o run",
    "neuraltopic topics run",
    "neuraltopic fit --help",
)
def neuraltopic_(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option(_DEBUG, help="Show the traceback of an error, with any command.")] = False,
) -> None:
    """Topics, document vectors and evaluation figures from documents."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        `sys.argv` without the name of the program by default.
    """
    is_process = arguments is None
    if is_process and sys.getfilesystemencoding() != "utf-8":
        _start_again_in_utf8()
    given = sys.argv[1:] if arguments is None else list(arguments)
    debug = _DEBUG in given
    # Threads that spin while they wait slow down a busy machine several times. torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    arguments = [argument for argument in given if argument != _DEBUG] or ["--help"]
    _open_closed_streams()
    _escape_what_cannot_be_printed()
    try:
        with _terminable():
            _invoke(arguments)
            sys.stdout.flush()
        return 0
    except typer.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # Nothing more can be written, also not what Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt as interruption:
        if is_process:  # it ends, and another Ctrl-C must not replace what it says by a traceback
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return _report(str(interruption) or "interrupted", 143 if isinstance(interruption, Terminated) else 130, debug)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "neuraltopic"
        message = f"{error.format_message().rstrip('.')}. Try '{command} --help'."
        return _report(message, error.exit_code, debug)
    except NeuralTopicError as error:
        return _report(error.rendered(options(images=arguments[0] == "images")), error.exit_code, debug)
    except OSError as error:
        return _report(_of_system(error), 1, debug)


def _start_again_in_utf8() -> None:
    """Replace the process by one that reads paths as UTF-8, in any locale.

    Otherwise paths would hold half surrogates for their bytes, which Arrow, safetensors and spaCy refuse.
    """
    os.environ["PYTHONUTF8"] = "1"  # for the processes that it starts
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _open_closed_streams() -> None:
    """Read nothing from a standard stream that the shell has closed, and write nothing to it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (for the whole process)


def _escape_what_cannot_be_printed() -> None:
    """Print escapes such as \\u4e2d for characters that the encoding of stdout or stderr does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _of_system(error: OSError) -> str:
    """The error of the system, with the given path in place of the hidden one."""
    what = _HIDDEN.sub(r"\1", error.filename) if isinstance(error.filename, str) else "input and output"
    expected, hint = "a path that can be read or written", "Check the path and the disk, and try again"
    if isinstance(error, PermissionError):
        expected, hint = "a path that may be read or written", "Choose another or allow it"
    elif error.errno == errno.ENOSPC:
        expected, hint = "room on the disk", "Free some, or choose another disk"
    return str(NeuralTopicError(what, expected=expected, got=error.strerror or str(error), hint=hint))


def _invoke(arguments: list[str]) -> None:
    # Without typer's own main(), which would print and exit in its own way.
    with typer.main.get_command(app).make_context("neuraltopic", arguments) as context:
        context.command.invoke(context)


def _report(message: str, exit_code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"neuraltopic: {' '.join(message.split())}", file=sys.stderr)
    return exit_code


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, so that nothing half-written stays."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
