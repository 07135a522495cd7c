"""One file per corpus: how it is obtained, its licence, and a function that writes it to a folder."""

import importlib
import inspect
import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from neuraltopic.errors import UsageError
from neuraltopic.progress import Progress
from neuraltopic.storage.atomic import atomic_folder


class Recipe(NamedTuple):
    """A corpus that can be written: what it is, in a line, and the module that writes it."""

    summary: str
    module: str

    def load(self) -> Callable[..., int]:
        """Import the module's ``write(folder, *, progress=None, **options)``."""
        write: Callable[..., int] = importlib.import_module(self.module).write
        return write


CORPORA: dict[str, Recipe] = {
    "docstrings": Recipe("documentation of the installed scientific packages", f"{__name__}.docstrings"),
    "lee": Recipe("300 short news articles that gensim carries", f"{__name__}.lee"),
    "newsgroups": Recipe("18,846 posts to 20 newsgroups", f"{__name__}.newsgroups"),
    "mnist": Recipe("70,000 images of handwritten digits", f"{__name__}.mnist"),
}


def write_corpus(name: str, folder: str | PathLike[str], *, progress: Progress | None = None, **options: Any) -> int:
    """Write a corpus to a new folder, whole or not at all.

    Parameters
    ----------
    name : str
        One of `CORPORA`.
    folder : path
        It must not exist yet.
    progress : callable, optional
        Called with the stage, how many are done and of how many.
    **options
        Of the corpus; its module describes them.

    Returns
    -------
    int
        The number of documents or images written.

    Raises
    ------
    UsageError
        When the name or an option is unknown, or the folder exists.
    NeuralTopicError
        When the corpus cannot be obtained.
    """
    if name not in CORPORA:
        raise UsageError("corpus", expected=f"one of {', '.join(CORPORA)}", got=repr(name), hint="Choose one of these")
    write = CORPORA[name].load()
    known = [option for option in inspect.signature(write).parameters if option not in ("folder", "progress")]
    for option in options:
        if option not in known:
            raise UsageError(
                f"corpus {name}",
                expected=f"options among {', '.join(known)}" if known else "no options",
                got=repr(option),
                hint="Leave it out",
            )
    if os.path.lexists(folder):
        raise UsageError(
            f"output {os.fspath(folder)}",
            expected="a folder that does not exist yet",
            got="one that does",
            hint="Choose another folder, or delete it",
        )
    with atomic_folder(Path(folder)) as unfinished:
        return write(unfinished, progress=progress, **options)
