"""The common part of `fit` and `update`: make a run, print notes, write the report, and print the topics."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.cli.common.option_groups import RunOptions
from neuraltopic.cli.common.printing import (
    cost_lines,
    counted,
    live_text,
    loss_lines,
    print_json,
    print_topics,
    readable_bytes,
    records,
)
from neuraltopic.cli.common.resumable import interruptible_fit, noted

if TYPE_CHECKING:
    from neuraltopic.cluster.ray_cluster import Plan
    from neuraltopic.estimators.topic_model import TopicModel
    from neuraltopic.progress import QuietProgress
    from neuraltopic.runs.documents import DocumentRun
    from neuraltopic.runs.forecast import DocumentForecast

_UNSURE = ", unsure, as most of them do not look like it (--language names another)"
# How the source of stop words in the facts of a language is described.
_SOURCES = {"list": "", "corpus": " found in the documents", "none": ""}


def make_run(output: Path, options: RunOptions, make: "Callable[[QuietProgress], DocumentRun]") -> None:
    """Make a run, show its progress, write its report, and print its topics.

    Parameters
    ----------
    output : Path
    options : RunOptions
    make : callable of a progress
        Writes the run folder.
    """
    from neuraltopic.progress import show_progress

    with show_progress(quiet=options.quiet) as progress:
        with noted(progress), interruptible_fit(output, progress, ready="counting", resume=options.resume) as watched:
            run = make(watched)
        note_run(run, progress)
        if options.report:
            write_run_report(run.folder, progress)
    if options.as_json:
        print_json({"run": str(run.folder), "facts": run.facts, "topics": records(run.topics)})
    else:
        print_topics(run.topics)


def note_run(run: "DocumentRun", progress: "QuietProgress") -> None:
    """Note what was read, the best bound, the flagged topics, and after an update the share of unknown words."""
    facts = run.facts
    rows = ", ".join(f"{count:,} {status}" for status, count in facts["rows"].items())
    encodings = ", ".join(f"{name} {count:,}" for name, count in facts["encodings"].items())
    progress.note(f"rows: {rows}; encodings: {encodings}")
    note_languages(facts, progress)
    copies = facts["rows"].get("duplicate", 0)
    if copies:
        progress.note(
            f"copies: {copies:,} rows are learned from once; shares and documents count them all (--keep-duplicates "
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
        chosen, figure = _of_best(run.model)
        nats = f"{best['held_out_bound']:,.1f} nats per held-out document ({figure})"
        progress.note(f"{chosen}: epoch {best['epoch']}, {nats}")
    if "live_topics" in facts:
        progress.note(f"in use: {live_text(facts['live_topics'], sizes['topics'])}")
    flagged = [
        f"{topic} {flag}"
        for topic, flag in zip(run.topics["topic"], run.topics["flags"].astype(str), strict=True)
        if flag
    ]
    if flagged:
        progress.note(f"flagged topics: {'; '.join(flagged)}")
    progress.note(f"run: {run.folder}")
    if "unknown_share" in facts:
        progress.note(f"unknown to the vocabulary: {facts['unknown_share']:.1%} of the words")


def write_run_report(run: Path, progress: "QuietProgress") -> None:
    """Write the page of a run that has just been written into its folder."""
    from neuraltopic.report.page import write_report
    from neuraltopic.storage.formats import REPORT

    write_report(run, run / REPORT)
    progress.note(f"report: {run / REPORT}")


def _of_best(model: "TopicModel") -> tuple[str, str]:
    """Whether the epoch of the weights is the best or the last one, and what its figure is."""
    from neuraltopic.models.recipes import find_recipe

    if model.document_vae_.vae_.exact_posterior:
        return "best", "annealed importance sampling"
    if not find_recipe(model.recipe).schedule.keep_best:
        return "kept", "bound that it does not raise"
    return "best", "bound"


def note_languages(facts: "dict[str, Any]", progress: "QuietProgress") -> None:
    """Say which languages the documents are in, and what was chosen for each."""
    described = [
        f"{language['name']}, {counted(language['documents'], 'document')}"
        f" ({counted(language['stop_words'], 'stop word')}{_SOURCES[language['stop_words_from']]}"
        f"{', dictionary forms' if language['lemmas'] else ''})"
        f"{_UNSURE if language['unsure'] else ''}"
        for language in facts["languages"]
        if language["documents"]
    ]
    segmenter = facts["segmenter"]
    cut = f"; words cut by {segmenter['name']} {segmenter['version']}" if segmenter else ""
    progress.note(f"languages: {'; '.join(described)}{cut}")


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
