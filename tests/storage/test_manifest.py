import hashlib
import json
import os

import pytest

import neuraltopic
from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage import manifest as module
from neuraltopic.storage.manifest import verify_manifest, write_manifest

KIND = "neuraltopic-model"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"12345")
    (folder / "empty.json").write_bytes(b"")
    write_manifest(folder, kind=KIND, schema_version=2, extra={"seed": 7})
    return folder


def verify(folder, version=2):
    return verify_manifest(folder, kind=KIND, schema_version=version)


def rewrite(folder, **changes):
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(content | changes))


def test_the_manifest_says_what_is_there(folder):
    expected = {
        "format": KIND,
        "schema_version": 2,
        "neuraltopic": neuraltopic.__version__,
        "files": {
            "empty.json": {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()},
            "weights.safetensors": {"bytes": 5, "sha256": hashlib.sha256(b"12345").hexdigest()},
        },
        "seed": 7,
    }
    assert verify(folder) == expected
    assert json.loads((folder / "manifest.json").read_text()) == expected


def test_written_again_it_does_not_list_itself(folder):
    write_manifest(folder, kind=KIND, schema_version=1, extra={})
    assert sorted(verify(folder)["files"]) == ["empty.json", "weights.safetensors"]


def test_a_hard_link_is_a_file(folder):
    os.link(folder / "weights.safetensors", folder.parent / "hard")
    verify(folder)


def test_any_single_changed_byte_is_found(folder):
    path = folder / "weights.safetensors"
    for place in range(5):
        changed = bytearray(b"12345")
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(NeuralTopicError, match=rf"^{path}: expected the SHA-256 5994471a.*; got [0-9a-f]{{64}}"):
            verify(folder)


@pytest.mark.parametrize("content", [b"1234", b"123456", b""])
def test_another_size_is_found_before_any_hash_is_taken(folder, monkeypatch, content):
    (folder / "weights.safetensors").write_bytes(content)
    monkeypatch.setattr(module.hashlib, "file_digest", lambda *arguments: pytest.fail("hashed"))
    with pytest.raises(NeuralTopicError, match=rf"weights.safetensors: expected 5 bytes; got {len(content)} bytes"):
        verify(folder)


@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b""), lambda path: path.mkdir()])
def test_an_extra_file_or_folder(folder, make):
    make(folder / "extra")
    with pytest.raises(NeuralTopicError, match=r"model/extra: .*got a file that is not in it. Remove it"):
        verify(folder)


def test_a_missing_file(folder):
    (folder / "empty.json").unlink()
    with pytest.raises(NeuralTopicError, match=r"model/empty.json: expected exactly .*; got no such file"):
        verify(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "manifest.json"])
def test_a_link_even_to_the_right_bytes(folder, name):
    (folder / name).rename(folder.parent / "outside")
    (folder / name).symlink_to(folder.parent / "outside")
    with pytest.raises(NeuralTopicError, match=rf"model/{name}: expected a regular file; got a symbolic link"):
        verify(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "manifest.json"])
def test_a_folder_or_pipe_in_the_place_of_a_file(folder, name):
    for make in (os.mkdir, os.mkfifo):
        path = folder / name
        path.unlink() if path.is_file() else path.rmdir()
        make(path)
        with pytest.raises(NeuralTopicError, match=rf"model/{name}: expected a regular file; got a folder, a pipe"):
            verify(folder)


def test_no_folder_at_all(folder):
    with pytest.raises(NeuralTopicError, match=r"nowhere: .*got nothing of that name"):
        verify(folder.parent / "nowhere")
    with pytest.raises(NeuralTopicError, match=r"empty.json: .*got a file\."):
        verify(folder / "empty.json")
    (folder / "manifest.json").unlink()
    with pytest.raises(NeuralTopicError, match=r"model: .*got no manifest.json in it"):
        verify(folder)


def test_a_folder_that_cannot_be_listed(folder, monkeypatch):
    def listdir(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", listdir)
    with pytest.raises(NeuralTopicError, match=r"model: expected a folder that can be listed; got Permission denied"):
        verify(folder)


def test_a_folder_reached_by_a_link(folder):
    (folder.parent / "latest").symlink_to("model")
    assert verify(folder.parent / "latest") == verify(folder)


def test_another_kind_or_version(folder):
    with pytest.raises(NeuralTopicError, match=r"expected the format neuraltopic-index; got 'neuraltopic-model'"):
        verify_manifest(folder, kind="neuraltopic-index", schema_version=2)
    assert verify(folder, version=3)["schema_version"] == 2
    with pytest.raises(NeuralTopicError, match=r"schema version 1 or older; got version 2, .*Upgrade neuraltopic"):
        verify(folder, version=1)


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_a_version_that_is_none(folder, version):
    rewrite(folder, schema_version=version)
    with pytest.raises(NeuralTopicError, match=r"manifest.json: expected a schema_version from 1"):
        verify(folder)


@pytest.mark.parametrize("content", ["[]", "{}", '{"schema_version": 1}', "1", "null"])
def test_a_manifest_that_is_something_else(folder, content):
    (folder / "manifest.json").write_text(content)
    with pytest.raises(NeuralTopicError, match=r"manifest.json: expected an object with a format"):
        verify(folder)


def test_a_manifest_over_its_cap(folder):
    rewrite(folder, padding="x" * module.MAX_MANIFEST_BYTES)
    with pytest.raises(NeuralTopicError, match=r"manifest.json: expected at most 1,048,576 bytes"):
        verify(folder)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "/etc/passwd", "a/b", "a\\b", "c:a", "a\0", "a\n", "manifest.json"]
)
def test_a_name_that_leads_elsewhere(folder, name):
    rewrite(folder, files={name: {"bytes": 0, "sha256": "0" * 64}})
    with pytest.raises(NeuralTopicError, match=r"manifest.json: expected plain file names"):
        verify(folder)


FACTS = {"bytes": 5, "sha256": "0" * 64}


@pytest.mark.parametrize(
    "facts",
    [
        [],
        {"bytes": 5},
        FACTS | {"more": 1},
        FACTS | {"bytes": "5"},
        FACTS | {"bytes": True},
        FACTS | {"sha256": 0},
        FACTS | {"sha256": "0" * 63},
        FACTS | {"sha256": "0" * 64 + "\n"},
        FACTS | {"sha256": "A" * 64},
    ],
)
def test_facts_that_are_none(folder, facts):
    rewrite(folder, files={"a": facts})
    with pytest.raises(NeuralTopicError, match=r"manifest.json: expected the bytes and sha256 of 'a'"):
        verify(folder)


@pytest.mark.parametrize("files", [None, [], "a"])
def test_files_that_are_none(folder, files):
    rewrite(folder, files=files)
    with pytest.raises(NeuralTopicError, match=r"manifest.json: expected an object called files"):
        verify(folder)


def test_only_plain_folders_get_a_manifest(tmp_path):
    (tmp_path / "nested").mkdir()
    with pytest.raises(NeuralTopicError, match=r"nested: expected a regular file"):
        write_manifest(tmp_path, kind=KIND, schema_version=1, extra={})


def test_extra_facts_do_not_take_the_manifests_own_keys(tmp_path):
    with pytest.raises(NeuralTopicError, match=r"extra: expected keys other than .*; got files"):
        write_manifest(tmp_path, kind=KIND, schema_version=1, extra={"files": {}})
