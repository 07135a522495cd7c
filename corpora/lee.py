"""The Lee background corpus: 300 short news articles of 2001, from the Australian Broadcasting Corporation.

Obtained from the installed gensim, which carries it as `lee_background.cor` among its test data, a document a
line. Collected by Michael D. Lee, Brandon Pincombe and Matthew Welsh, "An empirical evaluation of models of
text document similarity", Proceedings of the Cognitive Science Society, 2005.

Licence: gensim, which passes it on, is under LGPL-2.1. The articles are the broadcaster's, given out for
research; neuraltopic holds no copy of them.
"""

from collections.abc import Callable
from pathlib import Path

from neuraltopic.corpora.sources import package_folder
from neuraltopic.errors import NeuralTopicError

_FILE = "test/test_data/lee_background.cor"


def write(folder: Path, *, progress: Callable[[str, int, int | None], None] | None = None) -> int:
    """Write a text file per document, ``000.txt`` and on; return how many.

    Raises
    ------
    NeuralTopicError
        When gensim is not installed, or was installed without its test data.
    """
    gensim = package_folder("gensim")
    if gensim is None or not (gensim / _FILE).is_file():
        raise NeuralTopicError(
            "corpus lee",
            expected=f"gensim with its {_FILE}",
            got="no gensim" if gensim is None else f"no such file in {gensim}",
            hint="Install gensim from PyPI",
        )
    documents = (gensim / _FILE).read_text(encoding="utf-8").splitlines()
    for number, document in enumerate(documents):
        (folder / f"{number:03d}.txt").write_text(document + "\n", encoding="utf-8", newline="\n")
        if progress:
            progress("writing", number + 1, len(documents))
    return len(documents)
