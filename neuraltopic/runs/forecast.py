"""What a fit would cost, before it begins: the time and the memory for --dry-run.

Axes: D documents, V words, K topics.

The constants were measured on the training posts of 20 Newsgroups without headers, footers and quotes
(13.8 MB, D = 10,933, V = 10,000, K = 50) and on a folder of 11,045 docstrings (12.6 MB, V = 7,510), on two
cores.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from neuraltopic.core.training import Schedule
from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.fitting import n_held_out
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.estimators.update_schedule import schedule_of_update
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.vocabulary import document_limits
from neuraltopic.reading.rows import Corpus, CorpusEstimate
from neuraltopic.runs.machine import best_of, exp_rate, matmul_rate

_START_SECONDS = 4.0  # importing torch, and writing the run
_READ_BYTES_A_SECOND = 6e6  # small files
_SPACY_FACTOR = 100.0  # how much slower a spaCy pipeline is
# What the work below takes over the time of its operations at the rates of `machine`, which are those of one
# large matrix product and one long vector: the products here are thin, and much of the time goes to memory.
_SLACK = 3.5
_BASE_BYTES = 900e6  # Python, torch, scikit-learn, pandas, and the tiles of the inference
_BYTES_A_DOCUMENT = 4000.0  # the ledger, and the table of documents


@dataclass(frozen=True)
class Forecast:
    """What `fit` would do.

    Attributes
    ----------
    corpus : CorpusEstimate
        What would be read.
    n_topics, n_words, n_epochs : int
        K, a guess of V, and the most epochs.
    seconds : float
        By the clock, on this machine when nothing else runs, to the last epoch; within a factor of about 3.
    memory_bytes : float
        The most resident at once; within a factor of about 3.
    """

    corpus: CorpusEstimate
    n_topics: int
    n_words: int
    n_epochs: int
    seconds: float
    memory_bytes: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return dataclasses.asdict(self)


def estimate_fit(corpus: Corpus, model: TopicModel) -> Forecast:
    """Say what fitting `model` to `corpus` would read, and the time and memory expected.

    Raises
    ------
    UsageError
        When a parameter is out of range, a language, package or pipeline is not there, or the corpus is standard input.
    NeuralTopicError
        When the documents, counted exactly, are fewer than the topics.
    """
    schedule = model.check_parameters().schedule()
    settings = model.preprocessing or Preprocessing()
    Preprocessor(settings).require_available()
    read = corpus.estimate()
    D, K = read.n_documents, model.n_components
    least = max(2, K)
    if read.exact and least > D and settings.split is None:
        raise NeuralTopicError(
            f"documents in {corpus.name}",
            expected=f"at least {least}, one a topic",
            got=f"{D:,}",
            hint="Ask for fewer topics, or give more documents",
        )
    return _forecast(read, expected_words(read.n_bytes, D, settings), model, settings, schedule)


def estimate_update(corpus: Corpus, model: TopicModel) -> Forecast:
    """Say what updating a fitted `model` with a corpus would read, and the time and memory expected.

    Raises
    ------
    UsageError
        When the corpus is standard input.
    NeuralTopicError
        When the model cannot be updated.
    """
    model.document_vae_.require_updatable()
    read = corpus.estimate()
    schedule = schedule_of_update(model.check_parameters().schedule(), read.n_documents)
    return _forecast(read, len(model.vocabulary_), model, model.preprocessor_.settings, schedule)


def _forecast(read: CorpusEstimate, V: int, model: TopicModel, settings: Preprocessing, schedule: Schedule) -> Forecast:
    D, K = read.n_documents, model.n_components
    held_out = n_held_out(D, model.validation_fraction)
    epochs = schedule.resolve(D - held_out).max_epochs
    multiply_adds, exponentials = fit_operations(D, V, K, epochs, held_out)
    training = _SLACK * (2.0 * multiply_adds / best_of(matmul_rate) + exponentials / best_of(exp_rate))
    reading = read.n_bytes / _READ_BYTES_A_SECOND * (_SPACY_FACTOR if settings.spacy_pipeline else 1.0)
    return Forecast(
        corpus=read,
        n_topics=K,
        n_words=V,
        n_epochs=epochs,
        seconds=_START_SECONDS + reading + training,
        memory_bytes=expected_memory(D, V, K),
    )


def expected_words(n_bytes: int, D: int, settings: Preprocessing) -> int:
    """A guess of V: Heaps' law, 0.6 n_bytes^0.6 words in five documents or more, which fall as min_df^-0.7.

    20 Newsgroups has 15,108 in 13.8 MB, the docstrings 7,510 in 12.6 MB, 300 news articles 1,241 in 0.36 MB.
    """
    min_df, _ = document_limits(settings, D)
    words = 0.6 * n_bytes**0.6 * (5.0 / max(1.0, min_df)) ** 0.7
    return max(1, min(settings.max_vocabulary, round(words)))


def fit_operations(D: int, V: int, K: int, epochs: int, held_out: int) -> tuple[float, float]:
    """Multiply-adds and exponentials of a fit that runs all its epochs.

    To train on a document the decoder forms the energies and multiplies them twice more for the gradients of z
    and R, and the encoder looks at some of the words too: at most 4 V K multiply-adds and 2 V exponentials. The bound
    of one that is held out takes half of that after every epoch. To infer z by Newton's method, of all at the end,
    takes about 9 V K and 5 V, and 3,500 K^2 for the curvature, whatever V.
    """
    trained = (D - 0.5 * held_out) * epochs
    return 4.0 * trained * V * K + D * (9.0 * V * K + 3500.0 * K**2), (2.0 * trained + 5.0 * D) * V


def expected_memory(D: int, V: int, K: int) -> float:
    """Bytes resident at most.

    The weights stand in memory about ten times: themselves, gradient, two moments, the best so far, and those
    four once more in the checkpoint and in the buffer it is written from.
    """
    return _BASE_BYTES + 10.0 * 4.0 * V * K + D * (_BYTES_A_DOCUMENT + 4.0 * 4.0 * K)
