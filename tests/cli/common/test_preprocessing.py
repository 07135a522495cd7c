"""The options of preprocessing are those of every command that counts documents, and mean the same in each."""

import dataclasses
import json
from typing import Any

import pytest

from neuraltopic.cli.common.preprocessing import settings_of
from neuraltopic.preprocessing.settings import Preprocessing

OPTIONS = {
    "language": ("--language", "de"),
    "stop_words": ("--keep-stop-words",),
    "extra_stop_words": ("--stop-words", "FILE"),
    "numbers": ("--numbers",),
    "lemmas": ("--lemmas",),
    "phrases": ("--phrases",),
    "min_length": ("--min-length", "4"),
    "min_df": ("--min-df", "1"),
    "max_df": ("--max-df", "0.9"),
    "max_vocabulary": ("--vocabulary-size", "40"),
    "spacy_pipeline": ("--spacy", "blank:en"),
    "segmenter": ("--segmenter", "rjieba"),
    "token_pattern": ("--token-pattern", r"\w+"),
    "pretokenised": ("--pretokenised",),
    "keep_markup": ("--keep-markup",),
    "keep_duplicates": ("--keep-duplicates",),
    "split": ("--split", "paragraphs"),
}


def test_every_setting_has_an_option():
    """But for those that Python alone sets."""
    assert {field.name for field in dataclasses.fields(Preprocessing)} - {"lowercase", "max_length"} == set(OPTIONS)
    assert settings_of() == Preprocessing()


LEFT_OUT = ("language", "lemmas", "spacy_pipeline", "token_pattern", "pretokenised", "split")


@pytest.fixture
def typed(tmp_path) -> list[str]:
    """Every option but those that need more than these few documents."""
    (tmp_path / "stop.txt").write_text("rocket", encoding="utf-8")
    left = [option for name, option in OPTIONS.items() if name not in LEFT_OUT]
    return [str(tmp_path / "stop.txt") if part == "FILE" else part for option in left for part in option]


EXPECTED = Preprocessing(
    stop_words=False,
    extra_stop_words=("rocket",),
    numbers=True,
    phrases=True,
    min_length=4,
    min_df=1,
    max_df=0.9,
    max_vocabulary=40,
    segmenter="rjieba",
    keep_markup=True,
    keep_duplicates=True,
)


def test_a_sweep_of_passages_is_refused(call, corpus, tmp_path):
    said = call("compare", corpus, "-o", tmp_path / "out", "-k", "3", "--models", "nmf", "--split", "paragraphs")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("neuraltopic: --split: expected none, as every model of a comparison learns from whole")


@pytest.mark.parametrize("command", ["compare", "choose-k"])
def test_sweeps_count_by_the_same_options_as_fit(call, corpus, tmp_path, fake_jobs, typed, command):
    own = (
        ("--range", "2:4", "--steps", "3", "--recipe", "nvdm")
        if command == "choose-k"
        else ("-k", "3", "--models", "nmf")
    )
    assert call(command, corpus, "-o", tmp_path / "out", *own, *typed, "-q").code == 0
    request: dict[str, Any] = json.loads((tmp_path / "out" / "request.json").read_text(encoding="utf-8"))
    request = request.get("request", request)
    assert Preprocessing.from_dict(request["preprocessing"]) == EXPECTED


def test_fit_counts_by_them(call, corpus, tmp_path, typed):
    assert call("fit", corpus, "-o", tmp_path / "run", "-k", "3", "--epochs", "1", *typed, "-q").code == 0
    state = json.loads((tmp_path / "run" / "model" / "preprocessing.json").read_text(encoding="utf-8"))
    assert Preprocessing.from_dict(state["settings"]) == EXPECTED


@pytest.mark.parametrize("command", ["fit", "compare", "choose-k"])
@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--min-df", "few"), "--min-df: expected a number of documents such as 5, or a share such as 0.5; got 'few'"),
        (("--stop-words", "none.txt"), "stop words none.txt: expected a file of words"),
        (("--min-length", "0"), "--min-length: expected"),
    ],
)
def test_wrong_options_are_refused_alike(call, corpus, tmp_path, command, option, said):
    result = call(command, corpus, "-o", tmp_path / "out", *option, "-q")
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert not (tmp_path / "out").exists()
