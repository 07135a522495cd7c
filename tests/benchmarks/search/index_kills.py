"""Kill changes of an index at random moments: it is as it was or as it was to be, and the next change succeeds.

    python -m tests.benchmarks.search.index_kills [kills] [seed]

The changes are a build in place of an earlier index, documents that are added, documents that are deleted, and all
embedded anew with an updated model, of an index with texts and embeddings. The moments are drawn uniformly over the CPU
time of a change. `tests/search/test_kills.py` kills before each system call in turn; here the moments lie anywhere.
"""

import os
import random
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from neuraltopic import TopicModel
from neuraltopic.search import SearchIndex
from tests.benchmarks.corpora.large_corpus import KnownModel, texts
from tests.benchmarks.training.random_kills import wait

KINDS = ("build", "add", "delete", "update")
C = 32
ALL, FIRST = 1000, 700


def embeddings_of(n, seed):
    return np.random.default_rng(seed).standard_normal((n, C)).astype(np.float32)


class Changes:
    """The changes, on documents of which the first 700 are those of the index."""

    def __init__(self):
        self.texts = list(texts(KnownModel.drawn(5, 1000), ALL))
        self.model = TopicModel(5, max_epochs=2, random_state=0).fit(self.texts)
        self.updated = TopicModel(5, max_epochs=2, random_state=0).fit(self.texts).partial_fit(self.texts[:100])

    def index(self, folder):
        return SearchIndex.build(folder, self.model, self.texts[:FIRST], embeddings=embeddings_of(FIRST, 0))

    def make(self, kind, folder):
        if kind == "build":
            SearchIndex.build(folder, self.model, self.texts, embeddings=embeddings_of(ALL, 1), force=True)
            return
        index = SearchIndex.open(folder)
        if kind == "add":
            frame = pd.DataFrame({"id": [f"new{n}" for n in range(ALL - FIRST)], "text": self.texts[FIRST:]})
            index.add(frame, embeddings=embeddings_of(ALL - FIRST, 2))
        elif kind == "delete":
            index.delete([str(n) for n in range(0, FIRST, 3) if str(n) in index])
        else:
            index.update(self.updated)

    def start(self, kind, folder):
        """A process that makes a change, whose exit status is 0 when it is done."""
        child = os.fork()
        if child:
            return child
        try:
            self.make(kind, folder)
        except BaseException as error:  # whatever it is, the parent counts it
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)


def content(folder):
    """The documents of an index, every file of which is verified, with all that is kept of them."""
    index = SearchIndex.open(folder)
    found = {}
    for table in index.batches(100):
        for row in table.itertuples():
            found[row.id] = (row.topic, row.text, row.vector.tobytes(), row.embedding.tobytes())
    assert len(found) == len(index)
    return found


def main(n_kills, seed):
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # on the language of words that are drawn
    draw, outcomes = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as name:
        folder, changes = Path(name), Changes()
        changes.index(folder / "index")
        before, after, whole = content(folder / "index"), {}, {}
        for kind in KINDS:
            shutil.copytree(folder / "index", folder / kind)
            whole[kind] = wait(changes.start(kind, folder / kind))[1]
            after[kind] = content(folder / kind)
        while outcomes.total() < n_kills:
            kind, target = KINDS[outcomes.total() % len(KINDS)], folder / "target"
            shutil.copytree(folder / "index", target)
            killed, _ = wait(changes.start(kind, target), draw.random() * whole[kind])
            if killed:
                found = content(target)
                if found not in (before, after[kind]):
                    raise SystemExit(f"{kind}: neither as it was nor as it was to be, after {outcomes}")
                outcomes[f"{kind}, {'as it was' if found == before else 'done'}"] += 1
                wait(changes.start(kind, target))
                if content(target) != after[kind]:
                    raise SystemExit(f"{kind}: the change that came next is another, after {outcomes}")
                left = {path.name for path in target.iterdir()} - {"index.json", "writer.lock"}
                named = {path.split("/")[0] for path in SearchIndex.open(target).generation.files}
                if left != named or {path.name for path in folder.iterdir() if path.name.startswith(".")}:
                    raise SystemExit(f"{kind}: {left - named} left behind")
            shutil.rmtree(target)
    print(f"{outcomes.total()} kills: {dict(sorted(outcomes.items()))}; a change takes {whole} CPU s")


if __name__ == "__main__":
    main(*[int(argument) for argument in sys.argv[1:]] + [100, 0][len(sys.argv) - 1 :])
