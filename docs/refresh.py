"""Write what the examples of pages print now into the pages: python docs/refresh.py PAGE ...

Only outputs after the comment `<!-- varies -->` are replaced. Of another output that differs, a line on stderr tells.
"""

import contextlib
import doctest
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.documentation import Block, alike, blocks, commands, output_of


def console(block: Block) -> str:
    """The block with what its commands print."""
    lines = []
    for command, expected in commands(block.text):
        _, got = output_of(command)
        if expected and not alike(expected, got, varies=block.varies):
            print(f"{command}prints\n{got}", file=sys.stderr)
        typed = command.rstrip("\n").replace("\n", "\n> ")
        lines.append(f"$ {typed}\n{got if expected and block.varies else expected}")
    return "".join(lines)


def python(block: Block, names: dict[str, Any]) -> str:
    """The block with what its statements print."""
    if ">>>" not in block.text:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(block.text, names)
        return block.text
    lines = []
    for example in doctest.DocTestParser().get_examples(block.text):
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            exec(compile(example.source, "page", "single"), names)
        typed = example.source.rstrip("\n").replace("\n", "\n... ")
        lines.append(f">>> {typed}\n{shown.getvalue() if block.varies else example.want}")
    return "".join(lines)


def refresh(page: Path) -> None:
    """Run the page in an empty folder and rewrite it."""
    text, names = page.read_text(encoding="utf-8"), {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for block in blocks(page):
            if block.language == "console":
                text = text.replace(block.text, console(block), 1)
            elif block.language == "python":
                text = text.replace(block.text, python(block, names), 1)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in sys.argv[1:]:
        refresh(Path(name).resolve())
