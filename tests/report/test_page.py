import base64
import csv
import hashlib
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.cli import main
from neuraltopic.errors import UsageError
from neuraltopic.reading.readers import open_corpus
from neuraltopic.report.content import Sources, page_content
from neuraltopic.report.documents import documents_of
from neuraltopic.report.page import embedded_json, write_report
from neuraltopic.report.texts import shortened
from neuraltopic.runs.documents import fit_run, open_run
from neuraltopic.runs.editing import edit_run, open_with_documents
from neuraltopic.runs.groups import topics_per_class
from neuraltopic.topics.editing.edits import Drop, Rename
from neuraltopic.topics.words.ranking import relevance, top_words
from tests.runs.test_documents import small
from tests.tiny_corpus import sentences


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture(scope="module")
def page(run) -> str:
    return (run / "report.html").read_text(encoding="utf-8")


@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.booleans(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_what_is_embedded_is_read_back_and_never_ends_its_element(value):
    text = embedded_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_half_a_surrogate_pair_can_be_embedded():
    assert json.loads(embedded_json("a\udc80").encode("utf-8")) == "a\udc80"


def test_the_policy_allows_exactly_what_the_page_holds(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    allowed = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert allowed["default-src"] == "'none'"
    assert not re.search(r"unsafe|https?:|\*", policy)

    def digest(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert allowed["script-src"].split() == [digest(script) for script in scripts]
    assert allowed["style-src"] == digest(re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1])


def test_nothing_in_the_page_names_another_place(page):
    outside_data = re.sub(r'id="data">.*?</script>', "", page, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|@import|url\(', outside_data)


def test_the_page_says_what_the_tables_say(run, page):
    data = data_of(page)
    topics = pd.read_csv(run / "topics.csv", keep_default_na=False)
    assert [topic["share"] for topic in data["topics"]] == pytest.approx(topics["share"].tolist(), abs=1e-6)
    assert [topic["n_documents"] for topic in data["topics"]] == topics["n_documents"].tolist()
    assert [" ".join(topic["words"]) for topic in data["topics"]] == topics["words"].tolist()
    facts = json.loads((run / "run.json").read_text())
    assert [topic["coherence"] for topic in data["topics"]] == pytest.approx(facts["npmi_document"], abs=1e-4)
    assert data["facts"]["rows"] == facts["rows"] == {"kept": 64, "empty": 1, "duplicate": 1}
    assert [row[1] for row in data["lost"]["rows"]] == ["no text", "a copy"]
    documents = pd.read_parquet(run / "documents.parquet")
    kept = documents[documents["status"] == "kept"]
    assert data["documents"]["ids"] == kept["id"].tolist()
    assert list(base64.b64decode(data["documents"]["topic"])[::2]) == kept["topic"].tolist()


def test_typical_documents_have_their_texts(run, page, table_of_texts):
    data = data_of(page)
    texts = {row.id: row.text for row in open_corpus(table_of_texts)}
    for topic in data["topics"]:
        assert topic["typical"]
        for id, text in topic["typical"]:
            assert text == shortened(texts[id], 700)


def test_the_bars_hold_the_first_words_at_every_weight(run, page):
    data, model = data_of(page), open_run(run, device="cpu")
    log_p = model.document_vae_.topic_log_probabilities(model.statistics_.strength)
    unigram = model.document_vae_.log_unigram()
    for weight in data["relevance_weights"]:
        ranked = top_words(relevance(log_p, unigram, weight), data["bar_words"])
        for topic, row in zip(data["topics"], ranked, strict=True):
            held = {data["words"][w] for w in topic["bars"]}
            assert {model.vocabulary_[w] for w in row} <= held
    first = data["topics"][0]
    words = [data["words"][w] for w in first["bars"]]
    assert words[:10] == first["words"]
    exact = [log_p[0, model.vocabulary_.index(word)] for word in words]
    assert first["log_probabilities"] == pytest.approx(exact, abs=6e-4)


def test_shares_by_label_are_the_table(run, page):
    table = topics_per_class(run, "label")
    shown = data_of(page)["per_class"]
    assert shown["names"] == ["<i>kitchen</i>", "space", "sport"]
    for row in table.itertuples():
        place = shown["names"].index(row[table.columns.get_loc("class") + 1])
        for value in ("share", "low", "high"):
            assert shown[value][row.topic][place] == pytest.approx(getattr(row, value), abs=1e-5)


def test_dates_are_shown_where_they_are(tmp_path):
    with open(tmp_path / "posts.csv", "w", encoding="utf-8", newline="") as file:
        rows = [(text, f"200{n % 3}-05-01", 1990 + n % 4) for n, text in enumerate(sentences())]
        csv.writer(file).writerows([("text", "date", "of"), *rows])
    fit_run(small(), open_corpus(tmp_path / "posts.csv", text="text"), tmp_path / "run")
    data = page_content(tmp_path / "run", Sources())
    assert data["per_class"] is None
    assert data["over_time"]["names"][0] == "2000-05-01"
    assert data["over_time"]["names"][-1] == "2002-05-01"
    # Months between have no documents, so no share.
    assert data["over_time"]["share"][0][1] is None
    assert sum(share[0] for share in data["over_time"]["share"]) == pytest.approx(1.0, abs=1e-4)
    data = page_content(tmp_path / "run", Sources(dates="of", classes="date"))
    assert data["over_time"]["names"] == ["1990", "1991", "1992", "1993"]
    assert data["per_class"]["names"] == ["2000-05-01", "2001-05-01", "2002-05-01"]
    with pytest.raises(UsageError, match=r"column: .* date, of; got 'nothing'"):
        page_content(tmp_path / "run", Sources(dates="nothing"))


def test_twelve_years_of_dates_are_shown_by_quarters_and_columns_that_are_not_shown_are_named(tmp_path):
    rows = [(text, f"{2001 + n % 12}-0{1 + n % 9}-15", f"group {n}") for n, text in enumerate(sentences(120))]
    with open(tmp_path / "posts.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "date", "label"), *rows])
    fit_run(small(), open_corpus(tmp_path / "posts.csv", text="text"), tmp_path / "run")
    data = page_content(tmp_path / "run", Sources())
    assert data["over_time"]["names"][:2] == ["2001-01-01", "2001-04-01"]
    assert len(data["over_time"]["names"]) == 12 * 4 - 1
    assert data["per_class"] is None
    assert data["why_no_groups"] == ["No shares by label: it has 120 values, and the page shows 100 by itself."]
    assert len(page_content(tmp_path / "run", Sources(classes="label"))["per_class"]["names"]) == 120


def test_the_page_follows_edits(run, tmp_path, table_of_texts):
    copy = shutil.copytree(run, tmp_path / "run")
    before = page_content(copy, Sources())
    model = edit_run(copy, [Rename({0: "<b>First</b>"}), Drop((2,))])
    data = page_content(copy, Sources())
    assert [topic["name"] for topic in data["topics"]] == ["<b>First</b>", None]
    assert [topic["n_documents"] for topic in data["topics"]] == [t["n_documents"] for t in before["topics"][:2]]
    # Coherence is that of the fit where the words are, and unknown elsewhere.
    assert [t["coherence"] for t in data["topics"]] == [t["coherence"] for t in before["topics"][:2]]
    assert data["edits"] == 2
    assert "2 edits" in data["methods"]
    topics = np.frombuffer(base64.b64decode(data["documents"]["topic"]), "<u2")
    assert topics.tolist() == np.where(model.topics_ < 0, 0xFFFF, model.topics_).tolist()
    assert (topics == 0xFFFF).sum() == before["topics"][2]["n_documents"]
    merged = page_content(copy, Sources(), model.merge_topics([0, 1]))
    assert [topic["coherence"] for topic in merged["topics"]] == [None]


def test_without_text_no_document_is_in_the_page(run, tmp_path, table_of_texts):
    assert main(["report", str(run), "-o", str(tmp_path / "page.html"), "--no-text", "-q"]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    data = data_of(page)
    assert data["documents"]["ids"] == data["documents"]["texts"] == []
    assert not any(topic["typical"] for topic in data["topics"])
    for row in open_corpus(table_of_texts):
        assert not row.text or embedded_json(row.text)[1:-1] not in page
        assert f'"{embedded_json(row.id)[1:-1]}"' not in page


def test_documents_that_have_changed_are_not_shown(run, tmp_path, table_of_texts):
    changed = tmp_path / "posts.csv"
    changed.write_text(table_of_texts.read_text(encoding="utf-8").replace("rocket", "rockets", 1), encoding="utf-8")
    data = page_content(run, Sources(corpus=open_corpus(changed)))
    assert data["documents"]["texts"] == []
    assert "not those of the fit" in data["why_no_text"]


def test_documents_that_have_moved_can_be_named(run, tmp_path, table_of_texts, page):
    copy = shutil.copytree(run, tmp_path / "run")
    facts = json.loads((copy / "run.json").read_text())
    facts["corpus"]["name"] = "gone.csv"
    (copy / "run.json").write_text(json.dumps(facts))
    assert "could not be read" in page_content(copy, Sources())["why_no_text"]
    found = page_content(copy, Sources(corpus=open_corpus(table_of_texts)))
    assert found["documents"]["texts"] == data_of(page)["documents"]["texts"]


def test_documents_of_a_list_have_no_text_but_a_page(tmp_path):
    fit_run(small(), open_corpus(sentences()), tmp_path / "run")
    write_report(tmp_path / "run", tmp_path / "page.html")
    data = data_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "could not be read" in data["why_no_text"]
    assert data["per_class"] is None


def test_a_model_folder_has_no_page(run, tmp_path):
    with pytest.raises(UsageError, match="a run folder"):
        write_report(run / "model", tmp_path / "page.html")


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    for name in ("a", "b"):
        write_report(run, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (run / "report.html").read_bytes()


def test_many_documents_are_aggregated(run, monkeypatch):
    from neuraltopic.report import documents as module

    monkeypatch.setattr(module, "MOST_POINTS", 10)
    data = page_content(run, Sources())
    assert len(data["documents"]["ids"]) == 10
    assert data["documents"]["ids"][0] == "d0"
    assert data["documents"]["n"] == 64
    documents = documents_of(open_with_documents(run), np.array([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.5]]))
    density = documents.density()
    assert density.sum() == 64
    cells = np.minimum(((documents.positions.astype(float) / 1.3 + 1) / 2 * len(density)).astype(int), len(density) - 1)
    expected = np.zeros_like(density)
    np.add.at(expected, (cells[:, 1], cells[:, 0]), 1)
    assert np.array_equal(density, expected)


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("a  b\n c", 9, "a b c"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("ab " * 500, 5, "ab a…"),
        ("", 5, ""),
    ],
)
def test_shortened(text, length, expected):
    assert shortened(text, length) == expected


class TestCommand:
    def test_a_fit_without_a_page(self, tmp_path, table_of_texts):
        options = ["-k", "2", "--epochs", "1", "--min-df", "1", "-q", "--no-report"]
        assert main(["fit", str(table_of_texts), "-o", str(tmp_path / "run"), *options]) == 0
        assert not (tmp_path / "run" / "report.html").exists()
        assert main(["report", str(tmp_path / "run"), "-q"]) == 0
        assert main(["report", str(tmp_path / "run"), "-q"]) == 0  # written anew
        assert (tmp_path / "run" / "report.html").exists()
        # The page is no obstacle to replacing the run.
        assert main(["fit", str(table_of_texts), "-o", str(tmp_path / "run"), *options, "--force"]) == 0

    def test_another_file_stays(self, run, tmp_path, capfd):
        (tmp_path / "page.html").write_text("mine")
        assert main(["report", str(run), "-o", str(tmp_path / "page.html"), "-q"]) == 2
        assert "--force" in capfd.readouterr().err
        assert (tmp_path / "page.html").read_text() == "mine"
        assert main(["report", str(run), "-o", str(tmp_path / "page.html"), "-q", "--force"]) == 0
        assert "<!DOCTYPE html>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_notes_of_the_fit_are_not_repeated(tmp_path, capsys):
    path = tmp_path / "posts.csv"
    rows = [f'{number},"{text} "x' if number == 7 else f"{number},{text}" for number, text in enumerate(sentences(60))]
    path.write_text("id,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    options = ["-k", "2", "--epochs", "1", "--min-df", "1"]
    assert main(["fit", str(path), "-o", str(tmp_path / "run"), *options]) == 0
    assert capsys.readouterr().err.count("quotes are read as text") == 1
