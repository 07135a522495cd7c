"""`neuraltopic fit --seed-words`, from the file to what `inspect` says."""

import json

import pytest

from tests.cli.conftest import FAST


@pytest.fixture
def fit(call, corpus, tmp_path):
    def run(text, *more):
        (tmp_path / "seeds.txt").write_text(text, encoding="utf-8")
        return call("fit", corpus, "-o", tmp_path / "run", *FAST, "--seed-words", tmp_path / "seeds.txt", *more)

    return run


@pytest.mark.parametrize("text", ["2: Bread, oven\n0: gaol goal\n", '{"2": ["Bread", "oven"], "0": ["gaol", "goal"]}'])
def test_seeds_reach_their_topics_and_are_named_wherever_the_run_is(fit, call, tmp_path, text):
    result = fit(text, "--json")
    assert result.code == 0
    note = "note: --seed-words: left out, since they are not in the vocabulary: 'gaol' of topic 0 (near: goal)"
    assert note in result.err.splitlines()
    words = [row["words"].split()[:5] for row in result.json["topics"]]
    assert {"bread", "oven"} <= set(words[2])
    assert "goal" in words[0]
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["parameters"]["seed_words"] == {"0": ["gaol", "goal"], "2": ["Bread", "oven"]}
    shown = call("inspect", tmp_path / "run")
    assert "seed words topic 0: goal\nseed words topic 2: bread oven\n" in shown.out
    told = call("inspect", tmp_path / "run", "--json").json
    assert told["model"]["seed_words"] == {"0": ["goal"], "2": ["bread", "oven"]}


def test_quiet_says_nothing(fit):
    assert fit("goal gaol", "--quiet").err == ""


@pytest.mark.parametrize(
    ("text", "more", "code", "said"),
    [
        ("gaol", (), 1, "--seed-words of topic 0: expected a word of the vocabulary; got none: 'gaol'. Try goal."),
        ("3: goal", (), 2, "--seed-words: expected topics from 0 to 2; got 3."),
        ("1:", (), 2, "--seed-words: expected a seed for topic 1; got none."),
        ('{"0": "goal"}', (), 2, "--seed-words: expected words by topic"),
        ("goal", ("--recipe", "nvdm"), 2, "--seed-words: expected a recipe with shares of topics; got nvdm"),
        ("", (), 2, "expected a line of words for each topic; got an empty file."),
        ("[", (), 1, "expected JSON in UTF-8"),
    ],
)
def test_seeds_that_cannot_be_used_are_refused_in_a_line(fit, tmp_path, text, more, code, said):
    result = fit(text, *more, "--quiet")
    assert result.code == code
    assert said in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_damaged_vocabulary_is_named_by_inspect(fit, call, tmp_path):
    assert fit("goal", "--quiet").code == 0
    config = tmp_path / "run" / "model" / "config.json"
    text = config.read_text(encoding="utf-8")
    spoilt = text.replace('"seed_words": {\n      "0": [\n        ', '"seed_words": {\n      "0": [\n        9')
    assert len(spoilt) == len(text) + 1
    config.write_text(spoilt, encoding="utf-8")
    manifest = tmp_path / "run" / "model" / "manifest.json"
    written = json.loads(manifest.read_text(encoding="utf-8"))
    written["files"]["config.json"]["bytes"] += 1
    manifest.write_text(json.dumps(written), encoding="utf-8")
    result = call("inspect", tmp_path / "run" / "model")
    assert result.code == 1
    assert "preprocessing.json: expected the seed words of config.json; got IndexError" in result.err
