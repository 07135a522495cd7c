import os
import resource

import pytest

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.regular import open_regular


def test_a_file_and_a_hard_link_to_it_are_read(tmp_path):
    (tmp_path / "file").write_bytes(b"bytes")
    os.link(tmp_path / "file", tmp_path / "hard")
    for name in ("file", "hard"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"bytes"


def test_whatever_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path):
    (tmp_path / "file").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "link", tmp_path / "dangling", tmp_path / "pipe", tmp_path, "/dev/null"):
        with pytest.raises(NeuralTopicError, match=f"^{path}: expected a regular file; got "):
            open_regular(path)


def test_a_link_slipped_in_after_the_check_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to("file")
    monkeypatch.setattr("pathlib.Path.is_symlink", lambda path: False)
    with pytest.raises(NeuralTopicError, match=r"link: expected a file that can be read; got .*symbolic"):
        open_regular(tmp_path / "link")


def test_a_missing_file_says_so_and_keeps_the_cause(tmp_path):
    with pytest.raises(NeuralTopicError, match=r"nowhere: .*got No such file or directory") as caught:
        open_regular(tmp_path / "nowhere")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_refused_file_is_closed_again(tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else limit
    for _ in range(20):
        with pytest.raises(NeuralTopicError):
            open_regular(tmp_path)
    if before < limit:
        assert len(os.listdir("/proc/self/fd")) <= before
