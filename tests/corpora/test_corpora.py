import gzip

import pytest

from neuraltopic.corpora import CORPORA, write_corpus
from neuraltopic.corpora.sources import data_file, package_folder
from neuraltopic.errors import NeuralTopicError, UsageError


def test_every_recipe_says_how_it_is_obtained_and_its_licence():
    assert list(CORPORA) == ["docstrings", "lee", "newsgroups", "mnist"]
    for recipe in CORPORA.values():
        said = __import__(recipe.load().__module__, fromlist=["write"]).__doc__
        assert "\n\nObtained " in said
        assert "\n\nLicence: " in said


def test_an_unknown_corpus_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match="expected one of docstrings, lee, newsgroups, mnist; got 'reuters'"):
        write_corpus("reuters", tmp_path / "out")


def test_an_unknown_option_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match="corpus newsgroups: expected options among subset, remove; got 'part'"):
        write_corpus("newsgroups", tmp_path / "out", part="all")
    with pytest.raises(UsageError, match="corpus lee: expected no options; got 'subset'"):
        write_corpus("lee", tmp_path / "out", subset="all")


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(
        UsageError, match=r"expected a folder that does not exist yet; got one that does\. Choose"
    ) as refused:
        write_corpus("lee", tmp_path)
    assert "force" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_failure_leaves_nothing(tmp_path, data_variable):
    (data_variable / "20news-bydate.tar.gz").write_bytes(gzip.compress(b"no archive"))
    with pytest.raises(NeuralTopicError, match="expected the whole archive of 20 Newsgroups"):
        write_corpus("newsgroups", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_packages_are_found_without_importing_them():
    assert (package_folder("gensim") / "corpora").is_dir()
    assert package_folder("no_such_package") is None
    assert package_folder("csv") is None


def test_data_sets_are_found_by_the_variable_or_next_to_the_checkout(data_variable, monkeypatch):
    (data_variable / "a.txt").touch()
    assert data_file("a.txt") == data_variable / "a.txt"
    assert data_file("b.txt") is None
    monkeypatch.delenv("NEURALTOPIC_DATA")
    assert data_file("there-is-no-such-file") is None
