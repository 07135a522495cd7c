"""The model folder as from a stranger: whatever is wrong with it ends in one line that names it."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.storage.formats import MODEL_KIND
from neuraltopic.storage.manifest import write_manifest
from tests.tiny_corpus import sentences

DROP = object()

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    model = TopicModel(3, max_epochs=2, device="cpu", random_state=0, preprocessing=Preprocessing(min_df=1))
    model.fit(sentences()).save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(saved, tmp_path / "model")


def sign(folder, version=1):
    """Make the manifest true again, as anyone can: the checks behind it are then reached."""
    write_manifest(folder, kind=MODEL_KIND, schema_version=version, extra={})


def refused(folder, named, said=None):
    with pytest.raises(NeuralTopicError, match=said) as raised:
        TopicModel.load(folder, device="cpu")
    message = str(raised.value)
    assert message.startswith(str(named)), message
    assert "\n" not in message
    # A folder that is wrong is no wrong request.
    assert not isinstance(raised.value, UsageError)


def change(path, place, value):
    """Set the entry at `place`, a tuple of keys, of a JSON file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    at = content
    for key in place[:-1]:
        at = at[key]
    if value is DROP:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    path.write_text(json.dumps(content), encoding="utf-8")


# What lies in the folder


def test_the_folder_holds_these_files_and_no_text_of_the_corpus(saved):
    assert sorted(os.listdir(saved)) == sorted([*TopicModel.format.files, "manifest.json"])
    for name in os.listdir(saved):
        content = (saved / name).read_bytes().decode("utf-8", "replace")
        for sentence in sentences():
            words = sentence.split()
            for first in range(len(words) - 2):
                assert " ".join(words[first : first + 3]) not in content, name


def test_nothing_in_it_is_code(saved):
    for name in TopicModel.format.files[:3]:
        json.loads((saved / name).read_bytes())
    header = int.from_bytes((saved / "weights.safetensors").read_bytes()[:8], "little")
    assert json.loads((saved / "weights.safetensors").read_bytes()[8 : 8 + header])


def test_the_seed_that_was_drawn_is_saved(saved):
    assert json.loads((saved / "config.json").read_text())["parameters"]["random_state"] == 0


# The manifest


@pytest.mark.parametrize("name", [*TopicModel.format.files, "manifest.json"])
def test_a_changed_byte_is_found(folder, name):
    path = folder / name
    content = bytearray(path.read_bytes())
    for place in (0, len(content) // 2, len(content) - 2):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        refused(folder, folder)


@pytest.mark.parametrize("name", [*TopicModel.format.files, "manifest.json"])
def test_a_shortened_file_is_found(folder, name):
    content = (folder / name).read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 2):
        (folder / name).write_bytes(content[:length])
        refused(folder, folder)


@pytest.mark.parametrize("name", [*TopicModel.format.files, "manifest.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    refused(folder, folder if name == "manifest.json" else folder / name)


def test_a_file_too_many_is_named(folder):
    (folder / "notes.txt").touch()
    refused(folder, folder / "notes.txt")
    sign(folder)
    refused(folder, folder, "expected the files config.json, ")


@pytest.mark.parametrize("name", [*TopicModel.format.files, "manifest.json"])
def test_a_link_is_refused(folder, saved, name):
    (folder / name).unlink()
    (folder / name).symlink_to(saved / name)
    refused(folder, folder / name, "a regular file; got a symbolic link")


@pytest.mark.parametrize("name", TopicModel.format.files)
def test_a_folder_in_place_of_a_file_is_refused(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(folder, folder / name, "regular file")


def test_fewer_files_signed(folder):
    (folder / "topics.json").unlink()
    sign(folder)
    refused(folder, folder, "expected the files .*; got config.json, preprocessing.json, weights.safetensors")


def test_a_newer_version_asks_for_an_upgrade(folder):
    sign(folder, version=2)
    refused(folder, folder, "schema version 1 or older; got version 2.*Upgrade neuraltopic")


def test_another_kind_of_folder(folder):
    write_manifest(folder, kind="neuraltopic-run", schema_version=1, extra={})
    refused(folder, folder, "expected the format neuraltopic-model; got 'neuraltopic-run'")


def test_no_folder(tmp_path):
    refused(tmp_path / "none", tmp_path / "none", "nothing of that name")
    (tmp_path / "file").touch()
    refused(tmp_path / "file", tmp_path / "file", "a file")


# What the files say of one another


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (("parameters", "n_components"), [0, -1, 2, 4, 10**12, 2.5, "3", None, True, DROP]),
        (("parameters", "recipe"), ["lda", None, 3, [], {}, DROP]),
        (("parameters", "max_epochs"), [0, "2", 2.5]),
        (("parameters", "learning_rate"), [0, -1, "fast", [1], {}]),
        (("parameters", "validation_fraction"), [2, "x", []]),
        (("parameters", "random_state"), [-1, 2**70, "x", 1.5, [], None]),
        (("parameters", "unknown"), [1]),
        (("parameters",), [[], {}, None, "x", 3, DROP]),
        (("n_words",), [0, -15, 14, 16, 10**12, 15.0, "15", None, True, DROP]),
        (("n_documents",), [0, -1, 3, 1.5, "60", None, DROP]),
        (("corpus_sha256",), [3, None, [], DROP]),
        (
            ("information",),
            [[], [0.1] * 2, [0.1] * 4, [0.1, 0.2, "x"], [0.1, 0.2, "0.3"], [[0.1]] * 3, 3, "abc", [None] * 3, DROP],
        ),
        (("information", 1), [1e300, 10**400, -1e39, True, None, {}]),
        (("history",), [{}, 3, [3], [[]], [{"epoch": "1"}], [{"epoch": None}], "x", DROP]),
        (("unknown",), [1, None]),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_a_wrong_config(folder, place, values):
    content = (folder / "config.json").read_text()
    for value in values:
        (folder / "config.json").write_text(content)
        change(folder / "config.json", place, value)
        sign(folder)
        # A number of documents below that of a topic shows in topics.json.
        refused(folder, folder / ("topics.json" if (place, value) == (("n_documents",), 3) else "config.json"))


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (("share",), [[], [0.5, 0.5], [0.25] * 4, ["a", "b", "c"], ["0.1", "0.2", "0.7"], 1, "abc", DROP]),
        (("share", 0), [None, True, [], 1e300, 10**400, -0.1]),
        (("n_documents",), [[30, 30], [20.0] * 3, [20, 20, -20], [61, 0, 0], [10**30] * 3, ["20"] * 3, DROP]),
        (("strength",), [[], [1.0], [1.0] * 4, "abc", [None] * 3, DROP]),
        (("information",), [[], [1.0], [[1.0]] * 3, {}, DROP]),
        (("typical",), [[], [["1"]] * 2, [["1"]] * 4, "abc", ["abc"] * 3, [[1]] * 3, [[None]] * 3, [{}] * 3, DROP]),
        (("unknown",), [[1, 2, 3]]),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_wrong_topics(folder, place, values):
    content = (folder / "topics.json").read_text()
    for value in values:
        (folder / "topics.json").write_text(content)
        change(folder / "topics.json", place, value)
        sign(folder)
        refused(folder, folder / "topics.json")


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (("words",), [[], ["a"], "abc", [1] * 15, ["a"] * 15, None, {}, DROP]),
        (("df",), [[], [1], ["1"] * 15, [0] * 15, [61] * 15, DROP]),
        (("cf",), [[1], [2**63] * 15, [1.5] * 15, DROP]),
        (("n_documents",), [0, -1, "60", None, DROP]),
        (("phrases",), [[["a"]], [["a", "b"]], "ab", 3, DROP]),
        (("stop_words",), ["abc", [1], None, DROP]),
        (("tokeniser",), [{"name": 1}, [], None, DROP]),
        (("libraries",), [[], {"regex": 1}, DROP]),
        (("settings",), [[], None, {"unknown": 1}, {"min_df": "x"}, {"min_df": -1}, {"language": 3}, DROP]),
        (("settings", "max_vocabulary"), [0, "x", 1.5, None]),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_wrong_preprocessing(folder, place, values):
    content = (folder / "preprocessing.json").read_text()
    for value in values:
        (folder / "preprocessing.json").write_text(content)
        change(folder / "preprocessing.json", place, value)
        sign(folder)
        refused(folder, folder)


def test_a_vocabulary_of_another_size(folder):
    for name in ("words", "df", "cf"):
        values = json.loads((folder / "preprocessing.json").read_text())[name]
        change(folder / "preprocessing.json", (name,), values[:-1])
    sign(folder)
    refused(folder, folder / "config.json", "expected n_words 14, as the vocabulary has; got 15")


@pytest.mark.parametrize("name", TopicModel.format.files[:3])
@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"3", b"null", b'"x"', b"{}", b"{", b"\xff\xfe", b"[" * 10_000, b'{"a": NaN}', b'{"a": 1, "a": 2}'],
    ids=lambda content: repr(content[:12]),
)
def test_a_file_that_is_no_object_of_ours(folder, name, content):
    (folder / name).write_bytes(content)
    sign(folder)
    refused(folder, folder / name)


def test_settings_that_the_preprocessor_does_not_know(folder):
    change(folder / "preprocessing.json", ("settings", "colour"), "red")
    sign(folder)
    refused(folder, folder / "preprocessing.json", "a setting 'colour'")


# The weights


def respoiled(folder, spoil):
    """Change the tensors."""
    tensors = load_file(folder / "weights.safetensors")
    spoil(tensors)
    save_file(tensors, folder / "weights.safetensors")
    sign(folder)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(folder, number):
    def spoil(tensors):
        tensors["decoder.weight"][3, 1] = number

    respoiled(folder, spoil)
    refused(folder, folder / "weights.safetensors", "decoder.weight: expected finite numbers")


@pytest.mark.parametrize("name", ["listed_words", "listed_documents"])
def test_documents_listed_less_than_never(folder, name):
    def spoil(tensors):
        tensors[name].view(-1)[1] = -0.25

    respoiled(folder, spoil)
    refused(folder, folder / "weights.safetensors", "expected listed words and documents from 0; got -0.25")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.update({"decoder.weight": t["decoder.weight"].T.contiguous()}),
        lambda t: t.update({"decoder.weight": t["decoder.weight"][:-1].contiguous()}),
        lambda t: t.update({"decoder.bias": t["decoder.bias"].double()}),
        lambda t: t.update({"decoder.bias": t["decoder.bias"].half()}),
        lambda t: t.update({"decoder.bias": t["decoder.bias"][None]}),
        lambda t: t.update({"more": torch.zeros(1)}),
        lambda t: t.pop("decoder.bias"),
        lambda t: t.clear(),
    ],
    ids=["turned", "shorter", "float64", "float16", "of two axes", "one more", "one less", "none"],
)
def test_weights_of_another_shape(folder, spoil):
    respoiled(folder, spoil)
    refused(folder, folder / "weights.safetensors", "of another model or version")


def test_weights_that_are_no_safetensors(folder):
    content = (folder / "weights.safetensors").read_bytes()
    for wrong in (b"", b"x", content[:-4], content + b"\0", b"\xff" * 8 + content[8:]):
        (folder / "weights.safetensors").write_bytes(wrong)
        sign(folder)
        refused(folder, folder / "weights.safetensors")


def test_no_size_is_believed_before_it_is_compared(folder, monkeypatch):
    """A folder that claims a million topics is refused before a network of that size is thought of."""
    monkeypatch.setattr(
        "neuraltopic.estimators.counts.document_vae_state.find_recipe", lambda name: pytest.fail("a network was built")
    )
    change(folder / "config.json", ("parameters", "n_components"), 10**6)
    sign(folder)
    refused(folder, folder / "config.json")
    change(folder / "config.json", ("parameters", "n_components"), 3)
    change(folder / "config.json", ("n_words",), 10**9)
    sign(folder)
    refused(folder, folder / "config.json")


@pytest.mark.parametrize("revision", [1, 2, 3, 4, 5, 6, 8, DROP])
def test_weights_that_mean_another_thing(folder, revision):
    """Without a revision, as from before there were any, it is the first."""
    change(folder / "config.json", ("revision",), revision)
    sign(folder)
    got = 1 if revision is DROP else revision
    refused(
        folder, folder / "config.json", f"expected revision 7 of the recipe semi_amortised_prodlda; got revision {got}"
    )


# Where it goes


def test_the_device_is_the_callers(saved):
    with pytest.raises(UsageError, match=re.escape("device: expected auto, or one of")):
        TopicModel.load(saved, device="tpu")
    assert TopicModel.load(saved, device="cpu").device == "cpu"


@pytest.mark.parametrize("pipeline", ["../evil", "/tmp/evil", "evil.package"])
def test_a_spacy_pipeline_at_a_path_is_refused(folder, pipeline):
    change(folder / "preprocessing.json", ("settings", "spacy_pipeline"), pipeline)
    sign(folder)
    refused(folder, folder / "preprocessing.json", "installed spaCy pipeline")


def test_a_spacy_pipeline_of_a_name_is_not(folder):
    change(folder / "preprocessing.json", ("settings", "spacy_pipeline"), "blank:en")
    sign(folder)
    assert TopicModel.load(folder, device="cpu").preprocessor_.settings.spacy_pipeline == "blank:en"
