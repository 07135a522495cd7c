"""The examples of a Markdown page: fenced blocks, run in their order as a reader would run them.

- `python`: with prompts (`>>>`) a doctest, else statements that must not fail; all blocks of a page share their names.
- `console`: a command after each `$ ` (continued after `> `), then what it prints. `neuraltopic` runs in this process.
- `sh`: commands that change the machine, such as an installation. They are not run.

Output is compared as doctest compares it: `...` stands for anything and white space is one. Progress is left out.
After the comment `<!-- varies -->`, for figures that depend on the machine, numbers are equal to numbers, and half
of the words must be there.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from neuraltopic.cli import main

ROOT = Path(__file__).parents[1]
VARIES = "<!-- varies -->"
_SHARE_THAT_STAYS = 0.5
_BLOCK = re.compile(r"^(?P<comment><!--[^\n]*-->\n)?```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.M | re.S)
_PROGRESS = re.compile(r"^(?:[a-z]+: [\d,]+(?: of [\d,]+)? in [\d.]+ s)\n", re.M)
_NUMBER = re.compile(r"\d[\d,.]*")
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_SHELL = re.compile(r"[|<>;&]")


class Block(NamedTuple):
    """A fenced block: its language, its text, the line it starts at, and whether its output varies."""

    language: str
    text: str
    line: int
    varies: bool


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match["language"],
            match["text"],
            text.count("\n", 0, match.start("text")) + 1,
            (match["comment"] or "").strip() == VARIES,
        )
        for match in _BLOCK.finditer(text)
    ]


def alike(expected: str, got: str, *, varies: bool) -> bool:
    """Whether the output of an example is what the page shows."""
    if not varies:
        return doctest.OutputChecker().check_output(expected, got, _OPTIONS)
    words = [_NUMBER.sub("0", text).split() for text in (expected, got)]
    return SequenceMatcher(None, *words, autojunk=False).ratio() >= _SHARE_THAT_STAYS


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, and what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        lines = part.splitlines(keepends=True)
        end = 1
        while end < len(lines) and lines[end].startswith("> "):
            end += 1
        yield lines[0] + "".join(line[2:] for line in lines[1:end]), "".join(lines[end:])


class _Lenient(doctest.OutputChecker):
    def __init__(self, varies: bool) -> None:
        self._varies = varies

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return alike(want, got, varies=self._varies)


def run_page(page: Path, read: Callable[[], tuple[str, str]]) -> int:
    """Run every example of a page in the working directory; return how many there are.

    Parameters
    ----------
    page : Path
    read : callable
        Gives what was printed to stdout and stderr since it was called before.

    Raises
    ------
    AssertionError
        Where an example fails or prints something else; it names the page and the line.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    run = 0
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}, line {block.line}"
        if block.language == "console":
            for command, expected in commands(block.text):
                _run_command(command, expected, where, read, varies=block.varies)
                run += 1
        elif block.language == "python":
            _run_python(block, names, where, read)
            run += 1
    return run


def _run_python(block: Block, names: dict[str, Any], where: str, read: Callable[[], tuple[str, str]]) -> None:
    if ">>>" not in block.text:
        exec(compile(block.text, where, "exec"), names)
        return
    example = doctest.DocTestParser().get_doctest(block.text, names, where, None, 0)
    complaints: list[str] = []
    runner = doctest.DocTestRunner(checker=_Lenient(block.varies), verbose=False, optionflags=_OPTIONS)
    runner.run(example, out=complaints.append, clear_globs=False)
    names.update(example.globs)
    read()
    assert not complaints, f"{where}\n{''.join(complaints)}"


def _run_command(command: str, expected: str, where: str, read: Callable[[], tuple[str, str]], *, varies: bool) -> None:
    if command.startswith("neuraltopic ") and not _SHELL.search(command):
        read()
        code = main(shlex.split(command, comments=True)[1:])
        said, noted = read()
        got = said or _PROGRESS.sub("", noted)
    else:
        code, got = output_of(command)
    assert bool(code) == expected.startswith("neuraltopic: "), f"{where}: {command}exit code {code}\n{got}"
    if expected:
        assert alike(expected, got, varies=varies), f"{where}: {command}expected:\n{expected}\ngot:\n{got}"


def output_of(command: str) -> tuple[int, str]:
    """Exit code of a command, and what it prints to stdout, or where it is silent there, to stderr but for progress."""
    python = f'neuraltopic() {{ {shlex.quote(sys.executable)} -m neuraltopic "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", python + command],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.returncode, done.stdout or _PROGRESS.sub("", done.stderr)
