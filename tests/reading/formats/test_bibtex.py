"""Entries of BibTeX, as authors and programs write them."""

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.reading.readers import open_corpus

ENTRIES = r"""% Encoding: UTF-8
@String{jb = {Journal of {B}read}}
@comment{jabref-meta: databaseType:bibtex;}

@Article{smith2020,
  Title    = {Effects of {RAIN} on
              {{Bread}} baking in {M}{\"u}nchen},
  author   = "M{\"u}ller, A. and {The {Bread} Group}",
  abstract = {Rye, \emph{not} {wheat}: 5\% of a brace \{ is "late".},
  journal  = jb # ", " # 12,
  year     = 2020
}
between entries anything is a comment
@misc(doe, title = "A \"late\" (slow) train", note={x :-) (y)}) @book{b3,title={Soup},}
"""


def rows(tmp_path, content, name="a.bib", **options):
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8"))
    return list(open_corpus(path, **options))


def test_entries_are_rows_and_fields_columns(tmp_path):
    first, second, third = rows(tmp_path, ENTRIES, text="title")
    assert (first.id, first.text) == ("smith2020", r"Effects of RAIN on Bread baking in M{\"u}nchen")
    assert first.metadata == {
        "type": "article",
        "author": r"M{\"u}ller, A. and The Bread Group",
        "abstract": r'Rye, \emph{not} wheat: 5\% of a brace \{ is "late".',
        "journal": "Journal of Bread, 12",
        "year": "2020",
    }
    assert (first.line, first.n_lines, first.problem) == (5, 8, "")
    assert (third.id, third.text, third.line) == ("b3", "Soup", 14)
    assert (second.id, second.text, second.metadata["note"]) == ("doe", r"A \"late\" (slow) train", "x :-) (y)")


@pytest.mark.parametrize("name", ["a.bib", "savedrecs.txt"])
def test_the_abstracts_of_an_export(tmp_path, name):
    content = "".join(f"@article{{k{n},\n abstract = {{Soup {n}.}},\n title = {{T}}\n}}\n\n" for n in range(250))
    found = rows(tmp_path, content, name, text="abstract")
    assert [(row.id, row.text) for row in found] == [(f"k{n}", f"Soup {n}.") for n in range(250)]
    with pytest.raises(UsageError, match="got columns id, type, abstract, title"):
        rows(tmp_path, content, name)


def test_an_entry_that_is_not_closed_costs_itself_alone(tmp_path):
    content = "@book{a,\n title = {Rye\n}\n@book{b,\n title = {Soup}\n}\n@book{c}\n@book{d, title = {Salt}"
    found = rows(tmp_path, content, text="title")
    assert [(row.id, row.text) for row in found] == [("a", None), ("b", "Soup"), ("c", None), ("d", None)]
    assert [row.problem for row in found] == [
        "a bracket that is not closed",
        "",
        "no fields",
        "a bracket that is not closed",
    ]


def test_what_is_no_bibliography_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"expected entries of BibTeX, as .* got none"):
        rows(tmp_path, "Soup\nand bread\n")
    assert len(rows(tmp_path, "@ann{late} said so, and\nleft = gone\n", "a.txt")) == 2
