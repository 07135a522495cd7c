import numpy as np
import pytest
from scipy import sparse

from neuraltopic.compare.source import Source
from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.vectors.embedding_files import EmbeddingFile


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vocab.txt").write_text("moon\ngoal\n")
    sparse.save_npz(tmp_path / "train_bow.npz", sparse.csr_matrix(np.eye(2, dtype=int).repeat(5, 0)))
    return tmp_path


def test_a_request_says_all_that_the_counts_depend_on(corpus, folder):
    first = Source(open_corpus(corpus)).request()
    assert first["held_out"] == 0.2
    assert first["corpus"]["estimate"]["n_documents"] == 60
    assert first["preprocessing"]["min_df"] is None
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


def embeddings(folder, n, dimensions=2) -> EmbeddingFile:
    path = folder / f"{n}x{dimensions}.npy"
    np.save(path, np.zeros((n, dimensions)))
    return EmbeddingFile(path)


def test_embeddings_come_for_both_sides_or_for_none(corpus, folder, tmp_path):
    train, test = embeddings(tmp_path, 10), embeddings(tmp_path, 5)
    found = Source(folder, embeddings=train)
    assert found.read().train_embeddings.shape == (8, 2)
    assert found.request() != Source(folder).request()
    sparse.save_npz(folder / "test_bow.npz", sparse.csr_matrix(np.eye(2, dtype=int).repeat(3, 0)[:5]))
    assert Source(folder, embeddings=train, held_out_embeddings=test).read().test_embeddings.shape == (5, 2)
    apart = {"held_out": open_corpus(corpus)}
    Source(open_corpus(corpus), **apart, embeddings=train, held_out_embeddings=test)
    for documents, options, said in (
        (folder, {"embeddings": train}, "expected a file, since held-out documents are given by themselves; got none"),
        (open_corpus(corpus), {**apart, "embeddings": train}, "expected a file"),
        (folder, {"held_out_embeddings": test}, "expected no value, as it applies only to separate"),
        (
            open_corpus(corpus),
            {"embeddings": train, "held_out_embeddings": test},
            "expected no value, as it applies only to separate",
        ),
        (
            folder,
            {"embeddings": train, "held_out_embeddings": embeddings(tmp_path, 5, 3)},
            "expected 2 numbers per document",
        ),
    ):
        with pytest.raises(UsageError, match=f"held_out_embeddings: {said}"):
            Source(documents, **options)


def test_options_that_do_not_apply(corpus, folder):
    for options, said in (
        ({"label": "kind"}, "label: expected no value, as it applies only to documents"),
        ({"preprocessing": Preprocessing()}, "preprocessing: expected no value, as it applies only to documents"),
        ({"held_out": open_corpus(corpus)}, "held_out: expected a share, with prepared counts"),
    ):
        with pytest.raises(UsageError, match=said):
            Source(folder, **options)
    with pytest.raises(UsageError, match="texts: expected no value, as it applies only to prepared counts"):
        Source(open_corpus(corpus), texts=folder / "a.txt")
    with pytest.raises(UsageError, match=r"expected a folder with train_bow\.npz"):
        Source(folder / "none")
