"""`neuraltopic fit PATH`."""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.embeddings import embedding_source
from neuraltopic.cli.limits import bytes_of, seconds_of, use_threads
from neuraltopic.cli.option_groups import takes
from neuraltopic.cli.options import (
    AsJson,
    Cache,
    ClusterAddress,
    CorpusPath,
    Device,
    DryRun,
    EmbeddingsFile,
    EmbedWith,
    Encoding,
    Force,
    IdColumn,
    Jobs,
    LearningRate,
    MaxTime,
    Memory,
    Quiet,
    RandomSeed,
    ResumeFit,
    RunOutput,
    TextColumn,
    Topics,
    WriteReport,
)
from neuraltopic.cli.preprocessing import settings_of
from neuraltopic.cli.printing import (
    cost_lines,
    counted,
    live_text,
    loss_lines,
    print_json,
    print_topics,
    readable_bytes,
    records,
)
from neuraltopic.cli.resumable import check_run_output, interruptible_fit, noted
from neuraltopic.errors import UsageError, parameter
from neuraltopic.preprocessing.settings import Preprocessing

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.cluster.ray_cluster import Plan
    from neuraltopic.estimators.topic_model import TopicModel
    from neuraltopic.progress import QuietProgress
    from neuraltopic.reading.rows import Corpus
    from neuraltopic.reading.vectors.embedding_files import EmbeddingSource
    from neuraltopic.runs.folder import Run
    from neuraltopic.runs.forecast import DocumentForecast

# Where stop words are from, as a language's facts have it.
_SOURCES = {"list": "", "corpus": " found in the documents", "none": ""}


Recipe = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help="Model recipe. [default: semi_amortised_prodlda, or contextual with --embed-with]",
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
Epochs = Annotated[int | None, typer.Option("--epochs", help="Maximum number of passes over the documents.")]
BatchSize = Annotated[int | None, typer.Option("--batch-size", help="Mini-batch size.")]


@takes(preprocessing=settings_of)
def fit(
    path: CorpusPath,
    output: RunOutput = Path("run"),
    topics: Topics = 50,
    recipe: Recipe = None,
    seed_words: SeedWords = None,
    word_vectors: WordVectors = None,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    *,
    preprocessing: Preprocessing,
    seed: RandomSeed = 0,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    device: Device = "auto",
    jobs: Jobs = None,
    max_time: MaxTime = None,
    memory: Memory = None,
    cache: Cache = None,
    cluster: ClusterAddress = None,
    force: Force = False,
    resume: ResumeFit = False,
    dry_run: DryRun = False,
    report: WriteReport = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit a topic model to documents and write a run folder."""
    from neuraltopic.preprocessing.seed_files import read_seed_words
    from neuraltopic.reading.readers import open_corpus
    from neuraltopic.reading.urls import is_url
    from neuraltopic.storage.outputs import RUN

    source, see = None if path == "-" or is_url(path) else path, "neuraltopic topics"
    check_run_output(output, RUN, source=source, see=see, force=force, resume=resume, dry_run=dry_run, quiet=quiet)
    corpus = open_corpus(path, text=text, id=id, encoding=encoding)
    if cache is not None and is_url(path) and corpus.path is None:
        expected = "it with local files, whose content it compares"
        raise UsageError(parameter("cache"), expected=expected, got=path, hint="Leave it out")
    embedding_file = embedding_source(embeddings, embed_with, corpus, device=device)
    model = _model(
        n_components=topics,
        preprocessing=preprocessing,
        recipe=recipe or ("contextual" if embed_with else None),
        word_vectors=word_vectors,
        seed_words=read_seed_words(seed_words) if seed_words else None,
        max_epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_seconds=seconds_of(max_time),
        device=device,
        n_jobs=jobs,
        max_memory=bytes_of(memory),
        random_state=seed,
    )
    use_threads(jobs)
    if dry_run:
        _forecast(model, corpus, embedding_file, cluster, as_json=as_json, quiet=quiet)
    else:
        options = {"force": force, "resume": resume, "report": report, "as_json": as_json, "quiet": quiet}
        _fit(model, corpus, output, embedding_file, cache, cluster, **options)


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
    *,
    force: bool,
    resume: bool,
    report: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.documents import fit_run

    with show_progress(quiet=quiet) as progress:
        with noted(progress), interruptible_fit(output, progress, ready="counting") as watched:
            if embeddings is not None:
                embeddings.report_to(watched)
            # Ray prints what becomes of its workers to stdout, which is for results.
            with redirect_stdout(sys.stderr) if cluster else nullcontext():
                run = fit_run(
                    model,
                    corpus,
                    output,
                    embeddings=embeddings,
                    force=force,
                    resume=resume,
                    cache=cache,
                    cluster=cluster,
                    command=["neuraltopic", *sys.argv[1:]],
                    progress=watched,
                )
        table = run.model.get_topic_info(10)
        note_run(run, table, progress)
        if report:
            write_run_report(run.folder, progress)
    if as_json:
        print_json({"run": str(run.folder), "facts": run.facts, "topics": records(table)})
    else:
        print_topics(table)


def note_run(run: "Run[TopicModel]", table: "pd.DataFrame", progress: "QuietProgress") -> None:
    """Note what was read, the best bound and the flagged topics."""
    facts = run.facts
    rows = ", ".join(f"{count:,} {status}" for status, count in facts["rows"].items())
    encodings = ", ".join(f"{name} {count:,}" for name, count in facts["encodings"].items())
    progress.note(f"rows: {rows}; encodings: {encodings}")
    note_languages(facts, progress)
    copies = facts["rows"].get("duplicate", 0)
    if copies:
        progress.note(
            f"copies: {copies:,} rows are learnt from once; shares and documents count them all (--keep-duplicates "
            "learns from each)"
        )
    for line in loss_lines(facts):
        progress.note(line)
    sizes = facts["sizes"]
    progress.note(
        f"fitted: {counted(sizes['topics'], 'topic')}, {counted(sizes['documents'], 'document')}, "
        f"{counted(sizes['words'], 'word')}, {counted(facts['epochs'], 'epoch')}"
    )
    best = facts["best"]
    if "held_out_bound" in best:
        progress.note(f"best: epoch {best['epoch']}, {best['held_out_bound']:,.1f} nats a held-out document (bound)")
    if "live_topics" in facts:
        progress.note(f"in use: {live_text(facts['live_topics'], sizes['topics'])}")
    flagged = [
        f"{topic} {flag}" for topic, flag in zip(table["topic"], table["flags"].astype(str), strict=True) if flag
    ]
    if flagged:
        progress.note(f"flagged topics: {'; '.join(flagged)}")
    progress.note(f"run: {run.folder}")


def write_run_report(run: Path, progress: "QuietProgress") -> None:
    """Write the page of a run that has just been written into its folder."""
    from neuraltopic.report.page import write_report
    from neuraltopic.storage.formats import REPORT

    write_report(run, run / REPORT)
    progress.note(f"report: {run / REPORT}")


def note_languages(facts: "dict[str, Any]", progress: "QuietProgress") -> None:
    """Say which languages the documents are in, and what was chosen for each."""
    described = [
        f"{language['name']}, {counted(language['documents'], 'document')}"
        f" ({counted(language['stop_words'], 'stop word')}{_SOURCES[language['stop_words_from']]}"
        f"{', dictionary forms' if language['lemmas'] else ''})"
        for language in facts["languages"]
        if language["documents"]
    ]
    segmenter = facts["segmenter"]
    cut = f"; words cut by {segmenter['name']} {segmenter['version']}" if segmenter else ""
    progress.note(f"languages: {'; '.join(described)}{cut}")


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


def print_forecast(forecast: "DocumentForecast", name: str, *, as_json: bool, workers: "Plan | None" = None) -> None:
    """Print what would be read of the corpus of this name, the expected cost, and the use of a cluster."""
    if as_json:
        print_json(forecast.to_dict() | ({"cluster": workers._asdict()} if workers else {}))
        return
    read = forecast.corpus
    about = "" if read.exact else "about "
    encodings = ", ".join(f"{encoding} {count:,}" for encoding, count in read.encodings.items())
    time, memory = cost_lines(forecast)
    lines: list[tuple[str, Any]] = [
        ("corpus", f"{name}, {read.kind}, {counted(read.n_files, 'file')}, {readable_bytes(read.n_bytes)}"),
        ("documents", f"{about}{read.n_documents:,}; in a sample: {encodings}"),
        (
            "model",
            f"{counted(forecast.n_topics, 'topic')}, about {forecast.n_words:,} words, "
            f"{forecast.n_epochs:g} pass{'es' * (forecast.n_epochs != 1)} at most",
        ),
        time,
        ("faster", forecast.faster),
        memory,
    ]
    if workers is not None:
        lines.append(
            (
                "cluster",
                f"{counted(workers.machines, 'machine')}, {counted(workers.cpus, 'worker')} for reading and inferring, "
                f"training in {workers.processes:,} x {counted(workers.threads, 'thread')}",
            )
        )
    for label, value in lines:
        print(f"{label:<11}{value}")
