"""Coherence of topics: NPMI, C_V, UMass and C_UCI of the top words of each topic.

Every figure equals that of gensim's `CoherenceModel` where gensim defines it, and is finite elsewhere: for a word that
never occurs, and for a list of one word. Axes: K topics, n words in a list.

References
----------
Newman, Lau, Grieser, Baldwin (2010), Automatic evaluation of topic coherence: C_UCI.
Mimno, Wallach, Talley, Leenders, McCallum (2011), Optimizing semantic coherence in topic models: UMass.
Röder, Both, Hinneburg (2015), Exploring the space of topic coherence measures: C_V, and all in one scheme.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.tokenisation.token_stream import Block, FormIds, numbered
from neuraltopic.topics.co_occurrence import WHOLE_DOCUMENT, WindowCounts, count_windows, document_blocks

# gensim's windows, those of the papers, and the probability that it adds to that of a pair before the logarithm.
NPMI_WINDOW = 10
C_V_WINDOW = 110
EPSILON = 1e-12

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Coherence:
    """Coherence of K topics, arrays of shape (K,); higher is better in all of them.

    Attributes
    ----------
    npmi : from -1 to 1
        Mean over the pairs of words, in windows of 10 tokens; gensim's c_npmi.
    npmi_document : from -1 to 1
        The same with the whole document as the window.
    c_v : from -1 to 1, in practice above 0
        In windows of 110 tokens; gensim's c_v.
    umass : nats
        In whole documents; gensim's u_mass. At most 0, except for `EPSILON`.
    uci : nats
        Mean pointwise mutual information, in windows of 10 tokens; gensim's c_uci.
    """

    npmi: FloatArray
    npmi_document: FloatArray
    c_v: FloatArray
    umass: FloatArray
    uci: FloatArray

    def to_dict(self) -> dict[str, FloatArray]:
        """The arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def topic_coherence(topics: Sequence[Sequence[str]], texts: Iterable[Sequence[str]]) -> Coherence:
    """Coherence of lists of words in tokenised texts.

    Parameters
    ----------
    topics : K sequences of str
        The top words of each topic, best first, distinct in a list.
    texts : iterable of sequences of str
        The reference, each text as its tokens in order; read once.

    Raises
    ------
    UsageError
        When there is no topic, or a list is empty or has a word twice.
    NeuralTopicError
        When there is no text.
    """
    for number, words in enumerate(topics):
        if isinstance(words, str) or not len(words) or len(set(words)) < len(words):
            raise UsageError(
                f"topic {number}",
                expected="a list of distinct words, at least one",
                got=repr(words)[:80],
                hint="Give each topic as a list of str",
            )
    if not len(topics):
        raise UsageError("topics", expected="at least one list of words", got="none", hint="Pass a list per topic")
    forms = FormIds()
    lists = np.full((len(topics), max(map(len, topics))), -1, np.int64)
    for row, words in zip(lists, topics, strict=True):
        row[: len(words)] = [forms[word] for word in words]
    return coherence_of_blocks(lists, numbered(map(list, texts), forms))


def coherence_of_blocks(
    lists: NDArray[np.integer], blocks: Iterable[Block], *, report: Callable[[int], None] | None = None
) -> Coherence:
    """Coherence of lists of numbered words in numbered documents, read once.

    Parameters
    ----------
    lists : int array of shape (K, n)
        Words of each topic, best first; -1 behind the end of a shorter list.
    blocks : iterable of Block
    report : callable of the documents done, optional

    Raises
    ------
    NeuralTopicError
        When there is no document.
    """
    windows = count_windows(blocks, lists, (NPMI_WINDOW, C_V_WINDOW, WHOLE_DOCUMENT), report=report)
    narrow, wide, document = (_checked(windows[size]) for size in (NPMI_WINDOW, C_V_WINDOW, WHOLE_DOCUMENT))
    return Coherence(
        npmi=npmi(narrow), npmi_document=npmi(document), c_v=c_v(wide), umass=umass(document), uci=uci(narrow)
    )


def document_npmi(lists: NDArray[np.integer], counts: Counts) -> FloatArray:
    """NPMI with the whole document as the window, (K,), from counts alone: no order of words is needed.

    Raises
    ------
    NeuralTopicError
        When there is no document.
    """
    return npmi(_checked(count_windows(document_blocks(counts), lists, (WHOLE_DOCUMENT,))[WHOLE_DOCUMENT]))


def npmi(counts: WindowCounts) -> FloatArray:
    r"""Mean over the pairs of a list of their normalised pointwise mutual information, (K,) (Bouma 2009).

    .. math:: \frac{\log \frac{p(a, b) + \epsilon}{p(a)\,p(b)}}{-\log(p(a, b) + \epsilon)}

    p is a share of the windows, and :math:`\epsilon` is gensim's 1e-12. 1 for words that only occur together, 0 for
    independent ones. A pair that never occurs together is near -1, and less near for rarer words: it is :math:`-1 +
    \log(p(a)\,p(b)) / \log \epsilon`. A word that never occurs has -1 with every other. A list of one word has 0.
    """
    return _pair_mean(_npmi(counts), counts.listed)


def uci(counts: WindowCounts) -> FloatArray:
    """Mean over the pairs of a list of their pointwise mutual information, (K,), in nats (Newman et al. 2010).

    A word that never occurs has log 1e-12 with every other, the least there can be. A list of one word has 0.
    """
    return _pair_mean(_pmi(counts), counts.listed)


def umass(counts: WindowCounts) -> FloatArray:
    r"""Mean over the pairs of a list, b ranked above a, of :math:`\log((p(a, b) + \epsilon) / p(b))`, (K,), in nats.

    As in gensim, it is the mean instead of the sum of Mimno et al. (2011), with 1e-12 instead of one document added. A
    pair whose b never occurs counts 0, and so does a list of one word.
    """
    p, joint = _shares(counts)
    given = p[:, None, :]  # b, the column
    values = np.where(given > 0, np.log(joint + EPSILON) - np.log(np.where(given > 0, given, 1.0)), 0.0)
    n = p.shape[1]
    ranked = np.tri(n, k=-1, dtype=bool) & _both_listed(counts.listed)
    return _masked_mean(values, ranked)


def c_v(counts: WindowCounts) -> FloatArray:
    """Mean cosine between each word's NPMI with the words of its list, itself included, and the sum of these, (K,).

    Röder et al. (2015), with the one-set segmentation and gamma = 1 as in gensim. The vector of a word that never
    occurs is 0, and so is its cosine.
    """
    p, _ = _shares(counts)
    seen = p > 0
    vectors = np.where(seen[:, :, None] & seen[:, None, :], _npmi(counts), 0.0)  # of each word, (K, n, n)
    total = vectors.sum(1)  # (K, n)
    norms = np.linalg.norm(vectors, axis=2) * np.linalg.norm(total, axis=1)[:, None]
    products = (vectors @ total[:, :, None])[:, :, 0]
    cosine = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    return _masked_mean(cosine, counts.listed)


def _shares(counts: WindowCounts) -> tuple[FloatArray, FloatArray]:
    return counts.words / counts.n_windows, counts.pairs / counts.n_windows


def _pmi(counts: WindowCounts) -> FloatArray:
    p, joint = _shares(counts)
    independent = p[:, :, None] * p[:, None, :]
    return np.log(joint + EPSILON) - np.log(np.where(independent > 0, independent, 1.0))


def _npmi(counts: WindowCounts) -> FloatArray:
    return _pmi(counts) / -np.log(_shares(counts)[1] + EPSILON)


def _pair_mean(values: FloatArray, listed: NDArray[np.bool_]) -> FloatArray:
    """Mean over the pairs of distinct words, (K,) from symmetric (K, n, n); 0 where there is none."""
    return _masked_mean(values, _both_listed(listed) & ~np.eye(values.shape[1], dtype=bool))


def _both_listed(listed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return listed[:, :, None] & listed[:, None, :]


def _masked_mean(values: FloatArray, mask: NDArray[np.bool_]) -> FloatArray:
    axes = tuple(range(1, values.ndim))
    return np.where(mask, values, 0.0).sum(axes) / np.maximum(mask.sum(axes), 1)


def _checked(counts: WindowCounts) -> WindowCounts:
    if not counts.n_windows:
        raise NeuralTopicError(
            "reference documents", expected="at least one", got="none", hint="Pass the documents to look in"
        )
    return counts
