"""20 Newsgroups, split by date: 11,314 posts to train on and 7,532 to test on, of 20 Usenet groups in 1993.

Obtained from `20news-bydate.tar.gz` in the folder that NEURALTOPIC_DATA names (or ../shared/data beside a
checkout), else downloaded by scikit-learn's `fetch_20newsgroups`. Collected by Ken Lang, "NewsWeeder:
learning to filter netnews", ICML 1995; the split by date is Jason Rennie's.

Licence: none is stated. The posts are their authors'; the collection has been passed on for research since
1995, and neuraltopic holds no copy of it.
"""

import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from neuraltopic.corpora.sources import data_file
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.compression import open_bytes

ARCHIVE = "20news-bydate.tar.gz"
SUBSETS = ("train", "test", "all")
PARTS = ("headers", "footers", "quotes")

_PREFIX = "20news-bydate-"
_BLOCK = 1 << 16
_GROUP = re.compile(r"[a-z]+(?:[.-][a-z]+)*")


def write(
    folder: Path,
    *,
    progress: Callable[[str, int, int | None], None] | None = None,
    subset: str = "all",
    remove: Sequence[str] = (),
) -> int:
    """Write a UTF-8 text file per post, ``GROUP/ID.txt``; return how many.

    Parameters
    ----------
    folder : Path
        An empty folder.
    progress : callable, optional
        Called with "writing", the number of posts done and None.
    subset : {"all", "train", "test"}
    remove : sequence of {"headers", "footers", "quotes"}
        Parts to take out, as scikit-learn does. A post of which nothing is left is written empty.

    Raises
    ------
    UsageError
        When an option is none of these.
    NeuralTopicError
        When the archive is corrupt, or there is neither archive nor network.
    """
    _check("subset", [subset], SUBSETS)
    _check("remove", remove, PARTS)
    archive = data_file(ARCHIVE)
    posts = _download(subset) if archive is None else _unpack(archive, subset)
    done = 0
    for group, number, text in posts:
        path = folder / group / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_strip(text, remove), encoding="utf-8", newline="")
        done += 1
        if progress:
            progress("writing", done, None)
    return done


def _check(option: str, values: Sequence[str], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            raise UsageError(option, expected=f"one of {', '.join(known)}", got=repr(value), hint="Choose one of these")


def _strip(text: str, remove: Sequence[str]) -> str:
    from sklearn.datasets import _twenty_newsgroups as sklearn_newsgroups

    if "headers" in remove:
        text = sklearn_newsgroups.strip_newsgroup_header(text)
    if "footers" in remove:
        text = sklearn_newsgroups.strip_newsgroup_footer(text)
    if "quotes" in remove:
        text = sklearn_newsgroups.strip_newsgroup_quoting(text)
    return text


def _unpack(archive: Path, subset: str) -> Iterator[tuple[str, str, str]]:
    """Group, number and text of each post; names out of the archive are never used as paths."""
    try:
        with open_bytes(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as members:
            for member in members:
                parts = PurePosixPath(member.name).parts
                if not member.isfile() or len(parts) != 3 or not parts[0].startswith(_PREFIX):
                    continue
                split, group, number = parts
                if subset not in ("all", split.removeprefix(_PREFIX)):
                    continue
                if not (number.isascii() and number.isdigit() and group.replace(".", "").replace("-", "").isalpha()):
                    raise _corrupt(archive, f"a post called {member.name!r}")
                content = members.extractfile(member)
                assert content is not None  # it is a regular file
                yield group, number, content.read().decode("latin-1")
            while stream.read(_BLOCK):  # the checksum comes last
                pass
    except tarfile.TarError as error:
        raise _corrupt(archive, str(error)) from error


def _corrupt(archive: Path, got: str) -> NeuralTopicError:
    return NeuralTopicError(
        str(archive), expected="the whole archive of 20 Newsgroups", got=got, hint="Fetch the archive again"
    )


def _download(subset: str) -> Iterator[tuple[str, str, str]]:
    from sklearn.datasets import fetch_20newsgroups

    try:
        posts = fetch_20newsgroups(subset=subset, shuffle=False)
    except OSError as error:
        raise NeuralTopicError(
            "corpus newsgroups",
            expected=f"{ARCHIVE} in the folder NEURALTOPIC_DATA, or a network to fetch it",
            got=f"no archive, and {error}",
            hint="Set NEURALTOPIC_DATA to the folder that holds it",
        ) from error
    for name, text in zip(posts.filenames, posts.data, strict=True):
        group, number = Path(name).parts[-2:]
        yield group, number, text
