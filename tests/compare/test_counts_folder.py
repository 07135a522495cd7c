import numpy as np
import pytest
from scipy import sparse

from neuraltopic.compare.counts_folder import is_counts_folder, read_counts_folder
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.vectors.embedding_files import EmbeddingFile

TRAIN = np.array([[2, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]])
TEST = np.array([[0, 0, 3], [0, 0, 0]])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vocab.txt").write_text("moon\ngoal\nbread\n")
    sparse.save_npz(tmp_path / "train_bow.npz", sparse.csr_matrix(TRAIN))
    sparse.save_npz(tmp_path / "test_bow.npz", sparse.csr_matrix(TEST))
    (tmp_path / "train_labels.txt").write_text("0\n1\n1\n\n")
    (tmp_path / "test_labels.txt").write_text("1\n0\n")
    (tmp_path / "train_texts.txt").write_text("moon bread moon\ngoal\n\nbread the moon goal\n")
    return tmp_path


def test_documents_without_words_are_left_out_with_their_labels_and_texts(folder):
    data = read_counts_folder(folder)
    assert data.words == ("moon", "goal", "bread")
    assert np.array_equal(data.train.to_scipy().toarray(), TRAIN[[0, 1, 3]])
    assert np.array_equal(data.test.to_scipy().toarray(), TEST[:1])
    assert (data.train_labels, data.test_labels) == (["0", "1", None], ["1"])
    assert data.tokens.tokens.tolist() == [0, 2, 0, 1, 2, -1, 0, 1]
    assert data.tokens.bounds.tolist() == [0, 3, 4, 8]


def test_what_is_not_there_is_left_out(folder):
    (folder / "test_labels.txt").unlink()
    (folder / "train_texts.txt").unlink()
    data = read_counts_folder(folder)
    assert (data.train_labels, data.test_labels, data.tokens) == (None, None, None)


def test_texts_may_come_from_elsewhere(folder):
    other = folder / "other.txt"
    other.write_text("bread moon moon\ngoal\n\nmoon goal bread")
    assert read_counts_folder(folder, texts=other).tokens.tokens.tolist() == [2, 0, 0, 1, 0, 1, 2]
    with pytest.raises(NeuralTopicError, match=r"gone\.txt: expected a text file in UTF-8; got No such file"):
        read_counts_folder(folder, texts=folder / "gone.txt")


def test_without_test_counts_a_share_is_held_out(folder):
    (folder / "test_bow.npz").unlink()
    data = read_counts_folder(folder, held_out=0.5, seed=1)
    both = np.concatenate([data.train.to_scipy().toarray(), data.test.to_scipy().toarray()])
    assert sorted(map(tuple, both)) == sorted(map(tuple, TRAIN[[0, 1, 3]]))
    labels = dict(zip(map(tuple, TRAIN), ["0", "1", "1", None], strict=True))
    for counts, found in ((data.train, data.train_labels), (data.test, data.test_labels)):
        assert found == [labels[tuple(row)] for row in counts.to_scipy().toarray()]


def test_embeddings_of_documents_that_stay(folder):
    for name, n in (("train", 4), ("test", 2)):
        np.save(folder / f"{name}.npy", np.arange(float(n))[:, None])
    train, test = (EmbeddingFile(folder / f"{name}.npy") for name in ("train", "test"))
    data = read_counts_folder(folder, embeddings=train, held_out_embeddings=test)
    assert (data.train_embeddings.ravel().tolist(), data.test_embeddings.ravel().tolist()) == ([0, 1, 3], [0])
    (folder / "test_bow.npz").unlink()
    data = read_counts_folder(folder, held_out=0.5, seed=1, embeddings=train)
    for counts, embeddings in ((data.train, data.train_embeddings), (data.test, data.test_embeddings)):
        assert np.array_equal(counts.to_scipy().toarray(), TRAIN[embeddings.ravel().astype(int)])


def test_a_held_out_share_with_test_counts_is_refused(folder):
    with pytest.raises(UsageError, match=r"held_out: expected no share where .*test_bow\.npz"):
        read_counts_folder(folder, held_out=0.2)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("vocab.txt", "moon\ngoal\nmoon\n", "expected distinct words"),
        ("vocab.txt", "moon\ngoal\n", "train_bow.npz: expected 2 columns"),
        ("train_labels.txt", "0\n", "expected 4 lines, one per document; got 1"),
        ("train_texts.txt", "moon\n", "expected 4 lines, one a training document; got 1"),
        ("train_bow.npz", "moon\n", "train_bow.npz: expected a matrix"),
        ("test_bow.npz", "", "test_bow.npz: expected a matrix"),
    ],
)
def test_files_that_disagree(folder, name, text, said):
    (folder / name).write_text(text)
    with pytest.raises(NeuralTopicError, match=said):
        read_counts_folder(folder)


def test_which_folders_hold_counts(folder):
    assert is_counts_folder(folder)
    (folder / "train_bow.npz").unlink()
    assert not is_counts_folder(folder)
