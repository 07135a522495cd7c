"""The expected time and memory of a fit or an update of documents, for --dry-run.

Training updates and inference are timed on this machine with random documents, and reading with the first documents of
the corpus. The other stages are estimated from their number of operations.

The forecast of images (`runs.image_forecast`) is another module: it has no corpus to sample, and training, the only
stage that both have, is computed there from the sizes of the layers. `runs.costs` and `runs.machine` hold what both
share.

Axes: D documents, V words, K topics.
"""

import contextlib
import dataclasses
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from neuraltopic.core.training import Schedule
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.estimators.counts.update_schedule import schedule_of_update
from neuraltopic.estimators.document_vae import TRAINING_SHARE
from neuraltopic.estimators.fitting import n_held_out
from neuraltopic.estimators.memory import expected_memory, processes_within, require_memory
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.initialisation.nmf_topics import factorised
from neuraltopic.models.recipes import DEFAULT_RECIPE, find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.tokenisation.processors import usable_cpus
from neuraltopic.preprocessing.vocabulary.vocabulary import document_limits
from neuraltopic.reading.rows import Corpus, CorpusEstimate, Row
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource
from neuraltopic.runs.costs import Forecast
from neuraltopic.runs.machine import best_of, matmul_rate

_START_SECONDS = 4.0  # importing torch, and writing the run
_SAMPLE_CHARACTERS = 1 << 20  # of the texts that are read and cut for the forecast
_FEWER = 5  # the part of them that is tokenised separately, to find the fixed cost
_ALONE_CHARACTERS = 1 << 23  # of texts that are cut before more processes start
# Time of counting as a fraction of the time of tokenising.
_COUNTING = 0.6
_EFFICIENCY = 0.2  # rate of its thin products relative to one large product
# Seconds for each entry of the counts and topic, in which words are shared among topics and documents listed.
_SECONDS_AN_ENTRY = 1.4e-8


@dataclass(frozen=True, kw_only=True)
class DocumentForecast(Forecast):
    """The expected cost of `fit` or `update`: time and memory within a factor of about 1.5.

    Attributes
    ----------
    corpus : CorpusEstimate
        The documents that would be read.
    n_topics, n_words : int
        K, and a guess of V.
    faster : str
        Advice on how to make it faster.
    """

    corpus: CorpusEstimate
    n_topics: int
    n_words: int
    faster: str


def estimate_fit(corpus: Corpus, model: TopicModel, *, embeddings: EmbeddingSource | None = None) -> DocumentForecast:
    """Estimate the cost of fitting `model` to `corpus`.

    Raises
    ------
    UsageError
        When a parameter is out of range, a language, package or pipeline is not there, the corpus is standard input, or
        the embeddings are missing or given to a recipe that takes none, or `max_memory` is not enough.
    NeuralTopicError
        When the documents, counted exactly, are fewer than the topics.
    """
    vae = model.check_parameters()
    vae.require_embeddings_given(embeddings)
    schedule = vae.schedule()
    settings = model.preprocessing or Preprocessing()
    Preprocessor(settings).require_available()
    read = corpus.estimate()
    D, K = read.n_documents, model.n_components
    least = max(2, K)
    if read.exact and least > D and settings.split is None:
        raise NeuralTopicError(
            f"documents in {corpus.name}",
            expected=f"at least {least}, one per topic",
            got=f"{D:,}",
            hint="Ask for fewer topics, or give more documents",
        )
    forecast = _forecast(corpus, read, None, model, settings, schedule)
    require_memory(model.max_memory, D, forecast.n_words, K)
    return forecast


def estimate_update(corpus: Corpus, model: TopicModel) -> DocumentForecast:
    """Estimate the cost of updating a fitted `model` with a corpus.

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
    return _forecast(corpus, read, len(model.vocabulary_), model, model.preprocessor_.settings, schedule)


def _forecast(
    corpus: Corpus,
    read: CorpusEstimate,
    n_words: int | None,
    model: TopicModel,
    settings: Preprocessing,
    schedule: Schedule,
) -> DocumentForecast:
    D, K = read.n_documents, model.n_components
    sample = read_sample(corpus, settings)
    characters = sample.characters * D
    V = expected_words(round(characters), D, settings) if n_words is None else n_words
    resolved = schedule.resolve(D - n_held_out(D, model.validation_fraction))
    training, inference = network_seconds(model.recipe, V, K, resolved.batch_size, sample.tokens)
    entries = D * sample.tokens
    stages = {
        "reading": reading_seconds(sample, D, processes_within(model.max_memory, model.n_jobs or usable_cpus())),
        "starting": _START_SECONDS + factorisation_seconds(D, V, K, sample.tokens, best_of(matmul_rate)),
        "training": training * D * resolved.passes,
        "inferring": inference * D,
        "summarising": _SECONDS_AN_ENTRY * entries * K,
    }
    if model.max_seconds is not None:
        left = model.max_seconds - stages["reading"] - (stages["starting"] - _START_SECONDS)
        stages["training"] = min(stages["training"], max(0.0, TRAINING_SHARE * left))
    return DocumentForecast(
        corpus=read,
        n_topics=K,
        n_words=V,
        n_epochs=_whole(resolved.passes),
        memory_bytes=expected_memory(D, V, K),
        stages=stages,
        faster=_faster(stages, V, limited=model.max_seconds is not None),
    )


def _whole(passes: float) -> float:
    return int(passes) if passes == int(passes) else round(passes, 2)


def _faster(stages: dict[str, float], V: int, *, limited: bool) -> str:
    """Advice by the longest stage."""
    longest = max(stages, key=lambda stage: stages[stage])
    if longest == "reading":
        return "more processors (--jobs), or a corpus without what is not text"
    if longest == "training":
        words = f", fewer words than {V:,} (--vocabulary-size)" if V > 5000 else ""
        return f"fewer passes (--epochs){words}, or a {'lower ' if limited else ''}limit (--max-time)"
    return "fewer topics (--topics)" if longest != "starting" else "nothing: most of it is the same for any corpus"


@dataclass(frozen=True)
class Sample:
    """Statistics of the first documents of a corpus.

    Attributes
    ----------
    characters, tokens : float
        Of a document; the tokens are those that the settings keep.
    read, cut : float
        Seconds that reading a document and cutting it into words take.
    """

    characters: float
    tokens: float
    read: float
    cut: float


def read_sample(corpus: Corpus, settings: Preprocessing) -> Sample:
    """Read and count about a mebibyte of texts."""
    texts, characters = [], 0
    started = time.process_time()
    for row in corpus:
        texts.append(row)
        characters += len(row.text or "")
        if characters > _SAMPLE_CHARACTERS:
            break
    read = time.process_time() - started
    settings = dataclasses.replace(settings, min_df=1, phrases=False)
    n, few = len(texts), len(texts) // _FEWER
    _, of_few = _counted(texts[:few], settings)  # loads what any corpus needs, once
    if few:
        _, of_few = _counted(texts[:few], settings)
    tokens, of_all = _counted(texts, settings)
    # The cost of more documents: lists and samples of languages cost the same for all corpora.
    cut = max(of_all - of_few, 0.0) / (n - few)
    return Sample(characters / n, max(tokens / n, 1.0), read / n, cut)


def _counted(texts: list[Row], settings: Preprocessing) -> tuple[float, float]:
    """The tokens kept of some texts, and the seconds that counting takes."""
    started, tokens = time.process_time(), 0.0
    with contextlib.suppress(NeuralTopicError), warnings.catch_warnings():  # there may be no text among the first
        warnings.simplefilter("ignore", NeuralTopicWarning)  # the fit says so of the whole corpus
        tokens = float(Preprocessor(settings, n_jobs=1).fit_transform(texts).counts.nnz)
    return tokens, time.process_time() - started


def reading_seconds(sample: Sample, D: int, n_jobs: int) -> float:
    """Seconds that reading and counting D documents take."""
    cut = sample.cut * D
    if n_jobs > 1 and sample.characters * D > _ALONE_CHARACTERS:
        cut /= n_jobs
    return sample.read * D + cut + _COUNTING * sample.cut * D


def network_seconds(recipe: str, V: int, K: int, batch_size: int, n_tokens: float) -> tuple[float, float]:
    """Seconds that a document takes in an update, and in the inference of all; measured."""
    import torch

    from neuraltopic.core.threads import pieces_alone
    from neuraltopic.core.training import Trainer
    from neuraltopic.models.batches import CountBatches

    chosen = find_recipe(recipe)
    if chosen.takes("embeddings"):  # of unknown dimensions; words take most of the time
        chosen = find_recipe(DEFAULT_RECIPE)
    n_trained, generator = _UPDATES * batch_size, torch.Generator().manual_seed(0)
    counts = random_counts(max(n_trained, _INFERRED), V, n_tokens)
    model = chosen.build(V, K)
    model.encoder.initialise(generator)
    model.decoder.initialise(torch.full((V,), -float(np.log(V))), 0.1, generator)
    data, nothing = CountBatches(counts), CountBatches(counts, np.arange(0))
    trainer = Trainer(model.train(), data, nothing, chosen.objective, chosen.schedule, generator)
    batches = torch.arange(n_trained).split(batch_size)
    n_threads = torch.get_num_threads()
    with pieces_alone() if getattr(model.decoder, "in_pieces", False) else contextlib.nullcontext():
        clock = time.process_time if n_threads == 1 else time.perf_counter
        training = _shortest(lambda: trainer.update_on(batches), 3, clock) / n_trained
    model.eval()

    def infer() -> None:
        with torch.no_grad():
            model.posterior(data.batch(torch.arange(_INFERRED)))

    torch.set_num_threads(1)
    try:
        inference = _shortest(infer, 3, time.process_time) / _INFERRED / n_threads
    finally:
        torch.set_num_threads(n_threads)
    return training, inference


# Updates that are timed together.
_UPDATES = 4
# Documents whose inference is timed.
_INFERRED = 256


def _shortest(work: Callable[[], object], times: int, clock: Callable[[], float]) -> float:
    """Seconds of the quickest of some repetitions, without the first."""
    seconds = []
    for _ in range(times):
        started = clock()
        work()
        seconds.append(clock() - started)
    return min(seconds[1:])


def random_counts(D: int, V: int, n_tokens: float) -> Counts:
    """Random documents of at most `n_tokens` distinct words; word w has a probability about proportional to 1 / w."""
    random = np.random.default_rng(0)
    n = max(1, min(round(n_tokens), V))
    words = np.minimum(np.exp(random.random((D, n)) * np.log(V)).astype(np.int64), V) - 1
    rows = np.repeat(np.arange(D), n)
    return Counts.from_scipy(sparse.coo_array((np.ones(D * n), (rows, words.ravel())), shape=(D, V)))


def factorisation_seconds(D: int, V: int, K: int, n_tokens: float, rate: float) -> float:
    """Seconds of the initial factorisation, given the operations per second of a large matrix product."""
    documents, n_steps = factorised(D, n_tokens)
    a_step = 2.0 * (2.0 * documents * n_tokens * K + (documents + V) * K**2)
    return n_steps * 2.0 * a_step / (_EFFICIENCY * rate)


def expected_words(n_bytes: int, D: int, settings: Preprocessing) -> int:
    """A guess of V: Heaps' law, 0.6 n_bytes^0.6 words in five documents or more, which fall as min_df^-0.7.

    See tests/benchmarks/README.md for the words of three corpora.
    """
    min_df, _ = document_limits(settings, D)
    words = 0.6 * n_bytes**0.6 * (5.0 / max(1.0, min_df)) ** 0.7
    return max(1, min(settings.max_vocabulary, round(words)))
