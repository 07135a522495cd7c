import json
import shutil

import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run
from neuraltopic.runs.facts import model_folder_of, read_run_facts, run_file
from tests.tiny_corpus import sentences


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    model = TopicModel(3, max_epochs=1, random_state=0, preprocessing=Preprocessing(min_df=1))
    return fit_run(model, open_corpus(sentences()), tmp_path_factory.mktemp("run") / "run").folder


@pytest.fixture
def folder(original, tmp_path):
    shutil.copytree(original, tmp_path / "run")
    return tmp_path / "run"


def change(folder, **facts):
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_a_run(folder):
    facts = read_run_facts(folder)
    assert (facts["kind"], facts["checked"], facts["folder"]) == ("run", "sizes", str(folder))
    assert facts["model"] == {
        "schema_version": 1,
        "neuraltopic": facts["run"]["neuraltopic"],
        "recipe": "semi_amortised_prodlda",
        "topics": 3,
        "words": 15,
        "documents": 60,
        "epochs": 1,
        "corpus_sha256": facts["run"]["corpus_sha256"],
        "updates": [],
    }
    on_disk = {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}
    del on_disk["run.json"], on_disk["model/manifest.json"]
    assert facts["files"] == on_disk
    assert read_run_facts(folder, verify=True) == facts | {"checked": "sizes and SHA-256"}


def test_a_model(folder):
    facts = read_run_facts(folder / "model")
    assert (facts["kind"], facts["run"]) == ("model", None)
    assert "weights.safetensors" in facts["files"]
    assert model_folder_of(folder) == model_folder_of(folder / "model") == folder / "model"


@pytest.mark.parametrize("name", ["vectors.npy", "model/weights.safetensors"])
def test_another_size_is_always_seen_and_another_byte_when_asked(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    read_run_facts(folder)
    with pytest.raises(NeuralTopicError, match="SHA-256"):
        read_run_facts(folder, verify=True)
    (folder / name).write_bytes(content[:-1])
    with pytest.raises(NeuralTopicError, match=f"{len(content):,} bytes"):
        read_run_facts(folder)


def test_a_file_that_is_gone(folder):
    (folder / "topics.csv").unlink()
    with pytest.raises(NeuralTopicError, match=r"topics.csv"):
        read_run_facts(folder)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"format": "other"}, "the format neuraltopic-run"),
        ({"schema_version": 2}, "Upgrade neuraltopic"),
        ({"schema_version": "1"}, "Upgrade neuraltopic"),
        ({"files": []}, "the bytes and sha256 of each file"),
        ({"files": {"../x": {"bytes": 1, "sha256": "0"}}}, "the bytes and sha256"),
        ({"files": {"a\0b": {"bytes": 1, "sha256": "0"}}}, "the bytes and sha256"),
        ({"files": {"x": {"bytes": "1", "sha256": "0"}}}, "the bytes and sha256"),
        ({"files": {"x": {"bytes": 1}}}, "the bytes and sha256"),
        ({"files": {"x": 1}}, "the bytes and sha256"),
        ({"files": {}}, "vectors.npy among the files"),
    ],
)
def test_what_run_json_must_say(folder, facts, said):
    change(folder, **facts)
    with pytest.raises(NeuralTopicError, match=said):
        run_file(folder, "vectors.npy")


def test_run_json_that_is_no_object(folder):
    (folder / "run.json").write_text("[]")
    with pytest.raises(NeuralTopicError, match="the format neuraltopic-run"):
        read_run_facts(folder)


def test_a_config_without_the_facts(folder):
    manifest = json.loads((folder / "model" / "manifest.json").read_text())
    manifest["files"]["config.json"]["bytes"] = 2
    (folder / "model" / "manifest.json").write_text(json.dumps(manifest))
    (folder / "model" / "config.json").write_text("{}")
    with pytest.raises(NeuralTopicError, match="the facts of a model"):
        read_run_facts(folder)


def test_a_file_of_a_run(folder):
    assert run_file(folder, "vectors.npy") == folder / "vectors.npy"
    with pytest.raises(UsageError, match="holds nothing of the documents"):
        run_file(folder / "model", "vectors.npy")


@pytest.mark.parametrize(("name", "said"), [("gone", "no such folder"), ("", "neither run.json nor manifest.json")])
def test_neither(tmp_path, name, said):
    with pytest.raises(UsageError, match=said):
        read_run_facts(tmp_path / name)
