import numpy as np
import pytest

FAST = ("--range", "2:4", "--steps", "3", "--seeds", "3", "--min-df", "1", "--recipe", "nvdm")


def test_a_table_and_a_recommendation(call, corpus, tmp_path, fake_jobs):
    result = call("choose-k", corpus, "-o", tmp_path / "out", *FAST)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split()[0] == "K"
    assert [line.split()[0] for line in lines[1:4]] == ["2", "3*", "4"]
    assert " ".join(lines[5:]).startswith("3 topics: 4 topics describe held-out documents best (-6.9590 nats per token")
    assert result.err.splitlines()[-1] == f"choice of K: {tmp_path / 'out'}"
    assert len(fake_jobs()) == 9


def test_as_json_and_resumed(call, corpus, tmp_path, fake_jobs):
    arguments = ("choose-k", corpus, "-o", tmp_path / "out", *FAST, "--json", "-q")
    first = call(*arguments)
    assert first.err == ""
    assert first.json["k"] == 3
    assert list(first.json["means"]) == ["2", "3", "4"]
    assert first.json["means"]["2"]["perplexity_bound_corpus"] == 501.0
    assert call(*arguments).code == 2
    assert call(*arguments, "--resume").json == first.json
    assert len(fake_jobs()) == 9


def test_a_recipe_that_takes_embeddings(call, corpus, tmp_path, fake_jobs):
    np.save(tmp_path / "embeddings.npy", np.eye(60))
    options = ("--recipe", "contextual", "--embeddings", tmp_path / "embeddings.npy", "-q")
    assert call("choose-k", corpus, "-o", tmp_path / "out", *FAST, *options).code == 0
    assert np.load(tmp_path / "out" / "data" / "train_embeddings.npy").shape == (48, 60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--range", "10"), "--range: expected two numbers such as 10:200; got '10'"),
        (("--range", "9:3"), "range: expected two increasing numbers"),
        (("--steps", "1"), "steps: expected a whole number of 2 or more"),
        (("--seeds", "2"), "--seeds: expected a whole number of 3 or more"),
        (("--recipe", "lda"), "recipe: expected one of"),
        (("--recipe", "contextual"), "model contextual: expected embeddings of the documents; got none"),
    ],
)
def test_wrong_requests(call, corpus, tmp_path, arguments, said):
    result = call("choose-k", corpus, "-o", tmp_path / "out", *arguments, "-q")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err
    assert not (tmp_path / "out").exists()
