"""XML: the elements that repeat are rows, and a file without such elements is one document.

Entities are limited by the parser (expat from 2.4 on), and files that a document type names are not read.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from neuraltopic.errors import NeuralTopicError
from neuraltopic.reading.encodings import SAMPLE, Lines
from neuraltopic.reading.formats.objects import HEAD, Parsed, object_rows
from neuraltopic.reading.rows import Row, note

Element = ElementTree.Element
Path = tuple[str, ...]

# Share of the characters of a file that the elements must hold that are its rows.
_MOST = 0.5


def xml_rows(lines: Lines, name: str, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read a row for each of the elements that repeat, such as the items of a feed.

    They are the outermost elements of one path that occur twice or more in the first mebibyte and hold most of its
    characters. Their attributes and the elements in them are the columns, "a.b" the element b in a; the text of an
    element that holds others among its words is all the text in it, in the column "text" where it is the row itself.
    Columns are chosen as in `object_rows`.

    Raises
    ------
    UsageError
        When a column is missing or ambiguous.
    NeuralTopicError
        When it is not well-formed XML, or an id comes twice in a column that was asked for.
    """
    stream = iter(lines)
    sample = _sample(stream)
    path = _repeated_path(sample, name)
    everything = itertools.chain(sample, stream)
    if path is None:
        (root, problem), *_ = _elements(everything, None, name)
        yield from object_rows([Parsed({"text": text_of(root)}, problem)], [], name, lines.encoding, text=text, id=id)
        return
    note(name, f"each element {'/'.join(path)} is a row")
    parsed = (Parsed(_fields(element), problem) for element, problem in _elements(everything, path, name))
    head = list(itertools.islice(parsed, HEAD))
    yield from object_rows(head, parsed, name, lines.encoding, text=text, id=id)


def text_of(element: Element) -> str:
    """The text of an element: one line per element in it, unless these are among words."""
    if _is_mixed(element):
        return " ".join("".join(element.itertext()).split())
    parts = [element.text or "", *map(text_of, element)]
    return "\n".join(part.strip() for part in parts if part.strip())


def _is_mixed(element: Element) -> bool:
    """Whether other elements are among words."""
    around = [element.text, *(child.tail for child in element)]
    return len(element) > 0 and any(text and text.strip() for text in around)


def _sample(stream: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """The lines of the first mebibyte."""
    sample, size = [], 0
    for pair in stream:
        sample.append(pair)
        size += len(pair[0]) + 1
        if size >= SAMPLE:
            break
    return sample


def _repeated_path(sample: list[tuple[str, str]], name: str) -> Path | None:
    """The path of the elements that are rows; None where the file is one document."""
    times, sizes, total = Counter[Path](), Counter[Path](), 0
    above: list[str] = []
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    for line, _ in sample:
        for event, element in _fed(parser, line, name):
            if event == "start":
                above.append(_plain(element.tag))
                times[tuple(above)] += 1
                size = sum(map(len, element.attrib.values()))
            else:
                size = len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element)
            total += size
            for depth in range(1, len(above) + 1):
                sizes[tuple(above[:depth])] += size
            if event == "end":
                above.pop()
    rows = [path for path, n in times.items() if n > 1 and sizes[path] > _MOST * total]
    return min(rows, key=len, default=None)


def _elements(lines: Iterator[tuple[str, str]], path: Path | None, name: str) -> Iterator[tuple[Element, str]]:
    """The elements of this path, or the root, with the problem of their lines."""
    above: list[Element] = []
    names: list[str] = []
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    problem = ""
    for line, found in lines:
        problem = problem or found
        for event, element in _fed(parser, line, name):
            if event == "start":
                above.append(element)
                names.append(_plain(element.tag))
                continue
            above.pop()
            if tuple(names) == path or (path is None and not above):
                yield element, problem if problem and "\ufffd" in "".join(element.itertext()) else ""
                problem = found
                if above:
                    above[-1].remove(element)
            names.pop()
    try:
        parser.close()
    except ElementTree.ParseError as error:
        raise _broken(name, error) from error


def _fed(parser: Any, line: str, name: str) -> Iterator[tuple[str, Element]]:
    try:
        parser.feed(line + "\n")
        yield from parser.read_events()
    except ElementTree.ParseError as error:
        raise _broken(name, error) from error


def _plain(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]


def _fields(element: Element) -> dict[str, Any]:
    """The attributes of an element and the elements in it, by name; those of one name are joined."""
    fields: dict[str, Any] = {_plain(name): value for name, value in element.attrib.items()}
    if _is_mixed(element) or not len(element):
        own = text_of(element)
        return {**fields, "text": own} if own or not fields else fields
    children: dict[str, list[Element]] = {}
    for child in element:
        children.setdefault(_name_of(child), []).append(child)
    for name, (first, *others) in children.items():
        if others or _is_mixed(first) or not len(first):
            fields[name] = "\n".join(filter(None, map(text_of, (first, *others))))
            fields |= {f"{name}.{_plain(key)}": value for key, value in first.attrib.items() if key != "name"}
        else:
            fields[name] = _fields(first)
    return fields


def _name_of(child: Element) -> str:
    """Its tag, or the name in <field name="text">, as dumps of databases have it."""
    return child.attrib["name"] if list(child.attrib) == ["name"] and not len(child) else _plain(child.tag)


def _broken(name: str, error: ElementTree.ParseError) -> NeuralTopicError:
    return NeuralTopicError(
        name,
        expected="well-formed XML",
        got=str(error),
        hint="Repair the file, for instance by xmllint --recover, or write the texts as CSV or JSON",
    )
