import numpy as np
import pytest
from scipy import sparse

from neuraltopic.compare.source import Source
from neuraltopic.documents.readers import open_corpus
from neuraltopic.documents.settings import Preprocessing
from neuraltopic.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vocab.txt").write_text("moon\ngoal\n")
    sparse.save_npz(tmp_path / "train_bow.npz", sparse.csr_matrix(np.eye(2, dtype=int).repeat(5, 0)))
    return tmp_path


def test_a_request_says_all_that_the_counts_depend_on(corpus, folder):
    first = Source(open_corpus(corpus)).request()
    assert first["held_out"] == 0.2
    assert first["corpus"]["estimate"]["n_documents"] == 60
    assert first["preprocessing"]["min_df"] == 5
    for other in (
        Source(open_corpus(corpus), 0.3),
        Source(open_corpus(corpus), open_corpus(corpus)),
        Source(open_corpus(corpus), preprocessing=Preprocessing(min_df=1)),
        Source(open_corpus(corpus), label="label"),
        Source(open_corpus(corpus), seed=1),
        Source(open_corpus("-")),
    ):
        assert other.request() != first
    counts = Source(folder).request()
    assert set(counts["files"]) == {"vocab.txt", "train_bow.npz"}
    (folder / "vocab.txt").write_text("moon\ngoals\n")
    assert Source(folder).request() != counts


def test_it_reads_either_kind(corpus, folder):
    source = Source(open_corpus(corpus), preprocessing=Preprocessing(min_df=1))
    assert len(source.read().train) == 48
    assert (source.path, source.name) == (corpus, str(corpus))
    source = Source(folder, 0.3)
    assert len(source.read().train) == 7
    assert (source.path, source.name) == (folder, str(folder))


def test_options_that_do_not_apply(corpus, folder):
    for options, said in (
        ({"label": "kind"}, "label: expected it only with documents"),
        ({"preprocessing": Preprocessing()}, "preprocessing: expected it only with documents"),
        ({"held_out": open_corpus(corpus)}, "held_out: expected a share, with prepared counts"),
    ):
        with pytest.raises(UsageError, match=said):
            Source(folder, **options)
    with pytest.raises(UsageError, match="texts: expected it only with prepared counts"):
        Source(open_corpus(corpus), texts=folder / "a.txt")
    with pytest.raises(UsageError, match=r"expected a folder with train_bow\.npz"):
        Source(folder / "none")
