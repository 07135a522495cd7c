"""Exports of bibliographies, as each program writes them."""

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.reading.readers import open_corpus

PUBMED = """PMID- 123
OWN - NLM
TI  - Effects of rain on
      bread baking.
AB  - BACKGROUND: Rain is wet.
      METHODS: We baked.
AU  - Smith J
AU  - Doe K

PMID- 124
TI  - Another trial of soup.
"""
RIS = """TY  - JOUR
TI  - Effects of rain on bread baking.
AB  - BACKGROUND: Rain is wet.
AI METHODS: We baked.
ER  -

TY  - JOUR
TI  - Another trial of soup.
ER  -
"""
WEB_OF_SCIENCE = """\ufeffFN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Smith, J
   Doe, K
TI Effects of rain on
   bread baking.
AB BACKGROUND: Rain is wet.
ER

PT J
TI Another trial of soup.
ER

EF
"""


def rows(tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8"))
    return list(open_corpus(path, **options))


def test_records_of_pubmed(tmp_path):
    first, second = rows(tmp_path, "a.nbib", PUBMED, text="TI", id="PMID")
    assert (first.id, first.text) == ("123", "Effects of rain on bread baking.")
    abstract = "BACKGROUND: Rain is wet. METHODS: We baked."
    assert first.metadata == {"OWN": "NLM", "AB": abstract, "AU": "Smith J; Doe K"}
    assert (first.line, first.n_lines, second.line, second.n_lines) == (1, 8, 10, 2)
    assert (second.id, second.text, second.metadata) == ("124", "Another trial of soup.", {})


def test_records_of_ris(tmp_path):
    first, second = rows(tmp_path, "a.ris", RIS, text=["TI", "AB"])
    assert first.text == "Effects of rain on bread baking.\n\nBACKGROUND: Rain is wet. AI METHODS: We baked."
    assert (second.id, second.text, second.metadata) == ("2", "Another trial of soup.", {"TY": "JOUR"})


def test_records_of_web_of_science(tmp_path):
    first, second = rows(tmp_path, "a.ciw", WEB_OF_SCIENCE, text="TI")
    assert first.text == "Effects of rain on bread baking."
    assert first.metadata == {"PT": "J", "AU": "Smith, J Doe, K", "AB": "BACKGROUND: Rain is wet."}
    assert second.text == "Another trial of soup."


def test_a_column_must_be_named_and_a_file_must_have_records(tmp_path):
    with pytest.raises(UsageError, match="got columns TY, TI, AB"):
        rows(tmp_path, "a.ris", RIS)
    with pytest.raises(UsageError, match="expected records whose lines begin with a tag"):
        rows(tmp_path, "b.ris", "no tag here\n")


@pytest.mark.parametrize(
    ("suffix", "content"),
    [(".nbib", "\n" + PUBMED), (".ris", RIS), (".ciw", WEB_OF_SCIENCE)],
    ids=["PubMed", "RIS", "WoS"],
)
def test_exports_that_are_called_text_are_read_as_what_they_are(tmp_path, suffix, content):
    """PubMed saves pubmed-....txt, and Web of Science savedrecs.txt."""
    expected = rows(tmp_path, f"a{suffix}", content, text="TI")
    found = rows(tmp_path, "a.txt", content, text="TI")
    assert [row.text for row in found] == ["Effects of rain on bread baking.", "Another trial of soup."]
    assert found == expected


def test_texts_that_begin_alike_are_texts(tmp_path):
    others = ["The soup was good.", "We came back.", "It rained."]
    for first in ("PMIDs are numbers.", "TY - thank you!", "FN or FP", "TY for the soup"):
        assert [row.text for row in rows(tmp_path, "a.txt", "\n".join([first, *others]))] == [first, *others]
