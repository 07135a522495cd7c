"""A corpus of several languages from the command line: what is found is said, and no document is lost."""

import json
import re

from tests.cli.conftest import FAST
from tests.preprocessing.languages.test_corpus_languages import ARABIZI, CHINESE, GERMAN, SPANISH, texts


def test_the_languages_and_the_segmenter_are_noted_and_in_run_json(call, tmp_path):
    documents = texts(GERMAN, 30) + texts(SPANISH, 20) + texts(CHINESE, 12)
    (tmp_path / "mixed.txt").write_text("\n".join(documents), encoding="utf-8")
    result = call("fit", tmp_path / "mixed.txt", "-o", tmp_path / "run", *FAST, "--min-df", "1", "--max-df", "1.0")
    assert result.code == 0
    (note,) = [line for line in result.err.splitlines() if line.startswith("languages: ")]
    assert re.fullmatch(
        r"languages: German, 30 documents \(543 stop words, dictionary forms\);"
        r" Spanish, 20 documents \(521 stop words, dictionary forms\);"
        r" Chinese, 12 documents \([\d,]+ stop words\); words cut by icu [\d.]+",
        note,
    )
    facts = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert facts["rows"] == {"kept": 62}
    assert [(found["code"], found["documents"], found["lemmas"]) for found in facts["languages"]] == [
        ("de", 30, True),
        ("es", 20, True),
        ("zh", 12, False),
        ("en", 0, False),
    ][: len(facts["languages"])]
    assert facts["segmenter"]["name"] == "icu"
    state = json.loads((tmp_path / "run" / "model" / "preprocessing.json").read_text(encoding="utf-8"))
    assert state["segmenter"] == facts["segmenter"]


def test_a_language_may_be_written_in_many_ways_and_one_that_is_none_is_refused(call, tmp_path):
    (tmp_path / "german.txt").write_text("\n".join(texts(GERMAN, 12)), encoding="utf-8")
    for number, written in enumerate(("german", "de-DE", "DE")):
        run = tmp_path / f"run{number}"
        result = call("fit", tmp_path / "german.txt", "-o", run, *FAST, "--min-df", "1", "--language", written, "-q")
        assert result.code == 0, result.err
        assert json.loads((run / "run.json").read_text(encoding="utf-8"))["languages"][0]["code"] == "de"
    result = call("fit", tmp_path / "german.txt", "-o", tmp_path / "none", *FAST, "--language", "qq")
    assert result.code == 2
    assert "language: expected auto, or the code or English name of a language" in result.err


def test_an_unsure_language_is_noted(call, tmp_path):
    (tmp_path / "chat.txt").write_text("\n".join(ARABIZI * 2), encoding="utf-8")
    result = call("fit", tmp_path / "chat.txt", "-o", tmp_path / "run", *FAST, "--min-df", "1", "--max-df", "1.0")
    assert result.code == 0
    (note,) = [line for line in result.err.splitlines() if line.startswith("languages: ")]
    assert note.endswith("unsure, as most of them do not look like it (--language names another)")
    facts = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert facts["languages"][0]["unsure"]
