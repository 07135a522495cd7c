import gzip
import io
import tarfile
from types import SimpleNamespace

import pytest

from neuraltopic.corpora import newsgroups, write_corpus
from neuraltopic.errors import NeuralTopicError, UsageError

POST = """From: a@b.c
Subject: caf\xe9

In article <1@x> somebody writes:
> quoted
My answer is caf\xe9.

--
A signature
"""


def make_archive(path, members: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content := text.encode("latin-1"))
            archive.addfile(member, io.BytesIO(content))


@pytest.fixture
def archive(data_variable):
    make_archive(
        data_variable / newsgroups.ARCHIVE,
        {
            "README": "no post",
            "20news-bydate-train/sci.space/1": POST,
            "20news-bydate-train/rec.autos/2": "Subject: x\n\nonly a line",
            "20news-bydate-test/sci.space/3": POST,
        },
    )
    return data_variable / newsgroups.ARCHIVE


def written(folder) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.txt")}


@pytest.mark.parametrize(
    ("subset", "files"),
    [
        ("train", {"sci.space/1.txt", "rec.autos/2.txt"}),
        ("test", {"sci.space/3.txt"}),
        ("all", {"sci.space/1.txt", "rec.autos/2.txt", "sci.space/3.txt"}),
    ],
)
def test_subsets(archive, tmp_path, subset, files):
    calls = []
    count = write_corpus("newsgroups", tmp_path / "out", subset=subset, progress=lambda *call: calls.append(call))
    assert count == len(files)
    assert set(written(tmp_path / "out")) == files
    assert calls == [("writing", done, None) for done in range(1, count + 1)]


@pytest.mark.parametrize(
    ("remove", "text"),
    [
        ([], POST),
        (["headers"], POST.partition("\n\n")[2]),
        (["headers", "footers"], "In article <1@x> somebody writes:\n> quoted\nMy answer is café.\n"),
        (["quotes", "footers", "headers"], "My answer is café.\n"),
    ],
)
def test_parts_are_taken_out_as_scikit_learn_does(archive, tmp_path, remove, text):
    write_corpus("newsgroups", tmp_path / "out", subset="test", remove=remove)
    assert written(tmp_path / "out") == {"sci.space/3.txt": text}


def test_unknown_choices_are_refused(tmp_path):
    with pytest.raises(UsageError, match="subset: expected one of train, test, all; got 'half'"):
        write_corpus("newsgroups", tmp_path / "out", subset="half")
    with pytest.raises(UsageError, match="remove: expected one of headers, footers, quotes; got 'verbs'"):
        write_corpus("newsgroups", tmp_path / "out", remove=["verbs"])


@pytest.mark.parametrize(
    "name", ["20news-bydate-train/../1", "20news-bydate-train/sci.space/..", "20news-bydate-test/a/x"]
)
def test_names_that_are_no_posts_are_refused(data_variable, tmp_path, name):
    make_archive(data_variable / newsgroups.ARCHIVE, {name: POST})
    with pytest.raises(NeuralTopicError, match="expected the whole archive of 20 Newsgroups; got a post called"):
        write_corpus("newsgroups", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_truncated_archive_is_refused(archive, tmp_path):
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(NeuralTopicError, match="expected a whole gzip file; got "):
        write_corpus("newsgroups", tmp_path / "out")


def test_a_wrong_checksum_after_the_last_post_is_refused(archive, tmp_path):
    packed = bytearray(gzip.compress(gzip.decompress(archive.read_bytes()) + bytes(1 << 18)))
    packed[-8] ^= 1
    archive.write_bytes(packed)
    with pytest.raises(NeuralTopicError, match="expected a whole gzip file; got CRC check failed"):
        write_corpus("newsgroups", tmp_path / "out")


def test_without_the_archive_scikit_learn_fetches_it(data_variable, tmp_path, monkeypatch):
    def fetch(subset, shuffle):
        assert (subset, shuffle) == ("train", False)
        return SimpleNamespace(filenames=["/cache/20news-bydate-train/sci.space/1"], data=[POST])

    monkeypatch.setattr("sklearn.datasets.fetch_20newsgroups", fetch)
    assert write_corpus("newsgroups", tmp_path / "out", subset="train") == 1
    assert written(tmp_path / "out") == {"sci.space/1.txt": POST}


def test_without_archive_and_network_it_says_so(data_variable, tmp_path, monkeypatch):
    def fetch(**options):
        raise OSError("no network")

    monkeypatch.setattr("sklearn.datasets.fetch_20newsgroups", fetch)
    with pytest.raises(NeuralTopicError, match=r"or a network to fetch it; got no archive, and no network. Set"):
        write_corpus("newsgroups", tmp_path / "out")


@pytest.mark.slow
def test_the_real_archive(data_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NEURALTOPIC_DATA", str(data_folder))
    if not (data_folder / newsgroups.ARCHIVE).is_file():
        pytest.skip(f"{newsgroups.ARCHIVE} not found in {data_folder}")
    assert write_corpus("newsgroups", tmp_path / "out", subset="test", remove=newsgroups.PARTS) == 7_532
    assert len(list((tmp_path / "out").iterdir())) == 20
