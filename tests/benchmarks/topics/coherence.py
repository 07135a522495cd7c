"""Coherence of 50 topics in 20 Newsgroups posts: CPU seconds and values, beside gensim's CoherenceModel.

Run: python -m tests.benchmarks.topics.coherence [posts]
The topics are an NMF's. Both get the same lists of words and the same tokens as lists of str; gensim works in one
process, one measure after the other, and its dictionary is made beforehand.
"""

import sys
import tarfile
import time
from collections.abc import Callable

import numpy as np
from gensim.corpora import Dictionary
from gensim.models import CoherenceModel
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer

from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.reading.rows import Row
from neuraltopic.topics.coherence import topic_coherence
from neuraltopic.topics.words.ranking import top_words
from tests.benchmarks.data import data_folder

THEIRS = {"npmi": "c_npmi", "uci": "c_uci", "umass": "u_mass", "c_v": "c_v"}


def rows(n: int) -> list[Row]:
    folder = data_folder()
    with tarfile.open(folder / "20news-bydate.tar.gz") as archive:
        files = (archive.extractfile(member) for member in archive if member.isfile() and "-train/" in member.name)
        texts = [file.read().decode("latin-1") for file in files if file is not None]
    rng = np.random.default_rng(0)
    return [Row(str(d), texts[d], {}) for d in sorted(rng.permutation(len(texts))[:n].tolist())]


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    posts = rows(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
    preprocessor = Preprocessor(Preprocessing(max_vocabulary=5000))
    counts = preprocessor.fit_transform(posts).counts.to_scipy()
    words = preprocessor.vocabulary.words
    components = NMF(50, random_state=0).fit(TfidfTransformer().fit_transform(counts)).components_
    topics = [[words[w] for w in row] for row in top_words(components, 10).tolist()]
    texts = [
        [words[w] for w in block.tokens[start:stop]]
        for block in preprocessor.token_blocks(posts)
        for start, stop in zip(block.bounds[:-1], block.bounds[1:], strict=True)
    ]
    print(f"{len(texts):,} posts, {sum(map(len, texts)):,} tokens, {len(topics)} topics of {len(topics[0])} words")
    seconds, ours = timed(lambda: topic_coherence(topics, texts))
    print(f"neuraltopic, all five: {seconds:.2f} CPU s")
    dictionary = Dictionary(texts)
    total = 0.0
    for name, theirs in THEIRS.items():
        model = CoherenceModel(topics=topics, texts=texts, dictionary=dictionary, coherence=theirs, processes=1)
        spent, values = timed(model.get_coherence_per_topic)
        total += spent
        difference = np.abs(getattr(ours, name) - np.array(values)).max()
        print(f"gensim {theirs}: {spent:.2f} CPU s, mean {np.mean(values):.4f}, largest difference {difference:.1e}")
    print(f"gensim, these four: {total:.2f} CPU s, {total / seconds:.0f} times ours")


if __name__ == "__main__":
    main()
