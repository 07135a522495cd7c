"""`neuraltopic fit PATH`."""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.common.embeddings import embedding_source
from neuraltopic.cli.common.fitted_run import make_run, print_forecast
from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.limits import bytes_of, seconds_of, use_threads
from neuraltopic.cli.common.option_groups import ReadAs, RunOptions, read_as, run_options, takes
from neuraltopic.cli.common.options import (
    Cache,
    ClusterAddress,
    CorpusPath,
    Device,
    EmbeddingsFile,
    EmbedWith,
    Jobs,
    LearningRate,
    MaxTime,
    Memory,
    RandomSeed,
    RunOutput,
    Topics,
)
from neuraltopic.cli.common.preprocessing import settings_of
from neuraltopic.cli.common.resumable import note_output, noted
from neuraltopic.errors import UsageError, parameter
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.urls import is_url
from neuraltopic.storage.outputs import RUN

if TYPE_CHECKING:
    from neuraltopic.estimators.topic_model import TopicModel
    from neuraltopic.progress import QuietProgress
    from neuraltopic.reading.rows import Corpus
    from neuraltopic.reading.vectors.embedding_files import EmbeddingSource
    from neuraltopic.runs.documents import DocumentRun


Recipe = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help="Model recipe, such as prodlda, nvdm or etm. "
        "[default: semi_amortised_prodlda, or contextual with --embed-with]",
    ),
]
SeedWords = Annotated[
    Path | None,
    typer.Option("--seed-words", metavar="FILE", help="Seed words, one topic per line ('7: god church'), or JSON."),
]
WordVectors = Annotated[
    Path | None,
    typer.Option("--word-vectors", metavar="FILE", help="Pretrained word vectors for etm: word2vec or GloVe format."),
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", help="Maximum number of passes over the documents. [default: by recipe]")
]
BatchSize = Annotated[int | None, typer.Option("--batch-size", help="Mini-batch size. [default: by recipe]")]


def training_of(
    seed: RandomSeed = 0,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    device: Device = "auto",
    jobs: Jobs = None,
    max_time: MaxTime = None,
    memory: Memory = None,
) -> dict[str, Any]:
    """The parameters of `TopicModel` that say how it is trained; None for the library's default."""
    return {
        "random_state": seed,
        "max_epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "device": device,
        "n_jobs": jobs,
        "max_seconds": seconds_of(max_time),
        "max_memory": bytes_of(memory),
    }


@takes(read_as=read_as, preprocessing=settings_of, training=training_of, options=run_options)
@examples(
    "neuraltopic fit texts/ -o run -k 50",
    "neuraltopic fit news.csv --text body --id url -o run --seed 1",
    "neuraltopic fit news.csv --text body --dry-run",
)
def fit(
    path: CorpusPath,
    output: RunOutput = Path("run"),
    topics: Topics = 50,
    recipe: Recipe = None,
    seed_words: SeedWords = None,
    word_vectors: WordVectors = None,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    *,
    read_as: ReadAs,
    preprocessing: Preprocessing,
    training: dict[str, Any],
    cache: Cache = None,
    cluster: ClusterAddress = None,
    options: RunOptions,
) -> None:
    """Fit a topic model to documents and write a run folder."""
    from neuraltopic.preprocessing.seed_files import read_seed_words

    corpus = read_as.open(path)
    if cache is not None and is_url(path) and corpus.path is None:
        expected = "local files, whose content it compares"
        raise UsageError(parameter("cache"), expected=expected, got=path, hint="Leave it out")
    embedding_file = embedding_source(embeddings, embed_with, corpus, device=training["device"])
    model = _model(
        n_components=topics,
        preprocessing=preprocessing,
        recipe=recipe or ("contextual" if embed_with else None),
        word_vectors=word_vectors,
        seed_words=read_seed_words(seed_words) if seed_words else None,
        **training,
    )
    use_threads(training["n_jobs"])
    if options.dry_run:
        if options.resume and not options.quiet:
            print("note: the time is that of a whole fit, not of what --resume has left", file=sys.stderr)
        note_output(output, RUN, source=corpus.path, force=options.force, quiet=options.quiet)
        _forecast(model, corpus, embedding_file, cluster, as_json=options.as_json, quiet=options.quiet)
    else:
        _fit(model, corpus, output, embedding_file, cache, cluster, options)


def _model(**given: Any) -> "TopicModel":
    """The model with the given options; the rest are the library's defaults."""
    from neuraltopic.estimators.topic_model import TopicModel

    return TopicModel(**{name: value for name, value in given.items() if value is not None})


def _fit(
    model: "TopicModel",
    corpus: "Corpus",
    output: Path,
    embeddings: "EmbeddingSource | None",
    cache: Path | None,
    cluster: str | None,
    options: RunOptions,
) -> None:
    from neuraltopic.runs.documents import fit_run

    def make(progress: "QuietProgress") -> "DocumentRun":
        if embeddings is not None:
            embeddings.report_to(progress)
        # Ray prints what becomes of its workers to stdout, which is for results.
        with redirect_stdout(sys.stderr) if cluster else nullcontext():
            return fit_run(
                model,
                corpus,
                output,
                embeddings=embeddings,
                cache=cache,
                cluster=cluster,
                progress=progress,
                **options.arguments(),
            )

    make_run(output, options, make)


def _forecast(
    model: "TopicModel",
    corpus: "Corpus",
    embeddings: "EmbeddingSource | None",
    cluster: str | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.forecast import estimate_fit

    workers = None if cluster is None else model.plan(cluster)
    with show_progress(quiet=quiet) as progress, noted(progress):
        forecast = estimate_fit(corpus, model, embeddings=embeddings)
    if not as_json and forecast.corpus.n_documents < forecast.n_topics:
        print("note: a fit needs at least as many documents as topics", file=sys.stderr)
    print_forecast(forecast, corpus.name, as_json=as_json, workers=workers)
