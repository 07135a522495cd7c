import pytest

from neuraltopic.corpora import lee, write_corpus
from neuraltopic.errors import NeuralTopicError


def test_three_hundred_articles(tmp_path):
    calls = []
    assert write_corpus("lee", tmp_path / "lee", progress=lambda *call: calls.append(call)) == 300
    files = sorted((tmp_path / "lee").iterdir())
    assert [file.name for file in files] == [f"{number:03d}.txt" for number in range(300)]
    assert files[0].read_text().startswith("Hundreds of people have been forced to vacate their homes")
    assert all(len(file.read_text().split()) > 40 for file in files)
    assert calls[-1] == ("writing", 300, 300)
    (tmp_path / "quiet").mkdir()
    assert lee.write(tmp_path / "quiet") == 300


@pytest.mark.parametrize(("found", "got"), [(None, "no gensim"), ("empty", "no such file in ")])
def test_without_gensim_or_its_data_it_says_so(tmp_path, monkeypatch, found, got):
    monkeypatch.setattr(lee, "package_folder", lambda package: found and tmp_path / found)
    with pytest.raises(NeuralTopicError, match=f"corpus lee: expected gensim with its .*; got {got}"):
        lee.write(tmp_path)
