"""Documentation strings of the scientific packages that are installed.

Obtained by parsing the packages' source files; nothing is imported or downloaded, so this corpus is available
with every installation. A document is the docstring of a module, a class or a function with at least 40
words, without its code examples; exact repetitions, test suites and private folders are left out. What comes
out depends on the versions installed.

Licence: each package's own (gensim LGPL-2.1; matplotlib's own, BSD-like; numpy, pandas, scikit-learn, scipy
and torch BSD-3-Clause; spaCy MIT). The texts stay under it when they are passed on.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from neuraltopic.corpora.sources import package_folder
from neuraltopic.errors import NeuralTopicError

PACKAGES = ("gensim", "matplotlib", "numpy", "pandas", "scipy", "sklearn", "spacy", "torch")
MIN_WORDS = 40

_TESTS = frozenset({"conftest.py", "test", "testing", "tests"})
_WORD = re.compile(r"[^\W\d_]{2,}")
_EXAMPLE = re.compile(r"^[ \t]*>>>.*\n(?:[ \t]*\S.*\n)*", re.MULTILINE)  # down to the next blank line
_TITLE = re.compile(
    r"^[ \t]*(?:(?:Parameters|Other Parameters|Returns|Yields|Attributes|Methods|Raises|Warns|See Also|Notes"
    r"|References|Examples?)[ \t]*\n[ \t]*)?[-=~^*]{3,}[ \t]*\n",
    re.MULTILINE,
)
_DIRECTIVE = re.compile(r"^[ \t]*\.\. .*\n", re.MULTILINE)
_ROLE = re.compile(r":[\w:]+:`~?([^`<]*?)(?: <[^`>]*>)?`")
_BLANK_LINES = re.compile(r"\n\s*\n+")


def write(
    folder: Path,
    *,
    progress: Callable[[str, int, int | None], None] | None = None,
    packages: Sequence[str] = PACKAGES,
) -> int:
    """Write a text file a docstring, ``PACKAGE/module.path.object.txt``; return how many.

    Parameters
    ----------
    folder : Path
        An empty folder.
    progress : callable, optional
        Called with "parsing", the number of source files done and how many there are.
    packages : sequence of str
        The packages to read, by the names they are imported by; those not installed are passed over.

    Raises
    ------
    NeuralTopicError
        When none of the packages is installed.
    """
    sources = [source for package in packages for source in _sources(package)]
    if not sources:
        raise NeuralTopicError(
            "corpus docstrings",
            expected="at least one package installed",
            got=f"none of {', '.join(packages)}",
            hint="Install one of them",
        )
    written: set[str] = set()
    paths: set[Path] = set()
    for done, (package, root, source) in enumerate(sources, start=1):
        module = ".".join(source.relative_to(root).with_suffix("").parts)
        for name, docstring in _docstrings(source):
            path = folder / package / f"{module}{name}.txt"
            if len(_WORD.findall(docstring)) < MIN_WORDS or path in paths:
                continue
            text = readable(docstring)
            if len(_WORD.findall(text)) < MIN_WORDS or text in written:
                continue
            written.add(text)
            paths.add(path)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        if progress:
            progress("parsing", done, len(sources))
    return len(written)


def _sources(package: str) -> Iterator[tuple[str, Path, Path]]:
    root = package_folder(package)
    if root is not None:
        for source in sorted(root.rglob("*.py")):
            parts = source.relative_to(root).parts
            # Private folders hold a compiler's inside or other people's code; numpy's _core holds numpy.
            private = any(part.startswith("_") and part != "_core" for part in parts[:-1])
            if not private and _TESTS.isdisjoint(parts):
                yield package, root, source


def _docstrings(source: Path) -> Iterator[tuple[str, str]]:
    """Names, each with a dot before it, and docstrings; the module's own name is empty."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's escape sequences
            tree = ast.parse(source.read_bytes())
    except (SyntaxError, ValueError):  # a template, or written for a later Python
        return
    yield "", ast.get_docstring(tree) or ""
    yield from _inside(tree, "")


def _inside(parent: ast.AST, prefix: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}.{node.name}"
            yield name, ast.get_docstring(node) or ""
            if isinstance(node, ast.ClassDef):
                yield from _inside(node, name)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _inside(node, prefix)


def readable(docstring: str) -> str:
    """Take out of a docstring its code examples, section titles, underlines and markup."""
    text = docstring + "\n"
    for pattern in (_EXAMPLE, _TITLE, _DIRECTIVE):
        text = pattern.sub("", text)
    text = _ROLE.sub(r"\1", text).replace("``", "")
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"
