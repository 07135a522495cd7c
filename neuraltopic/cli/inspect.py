"""`neuraltopic inspect RUN`."""

from typing import Annotated, Any

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import AsJson, RunFolder
from neuraltopic.cli.common.printing import counted, live_text, loss_lines, print_json, readable_bytes
from neuraltopic.errors import NeuralTopicError


@examples("neuraltopic inspect run --verify")
def inspect(
    run: RunFolder,
    as_json: AsJson = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read every file and check its SHA-256.")] = False,
) -> None:
    """Describe a run folder or model folder and check its files."""
    from neuraltopic.runs.facts import read_run_facts

    facts = read_run_facts(run, verify=verify)
    if as_json:
        print_json(facts)
        return
    for name, value in _lines(facts):
        print(f"{name:<11}{value}")


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    model, run = facts["model"], facts["run"]
    of_images = facts["of"] == "images"
    fitted = f"in {counted(model['epochs'], 'epoch')} by neuraltopic {model['neuraltopic']}"
    lines = [
        (facts["kind"], facts["folder"]),
        ("model", f"{_image_model(model) if of_images else _document_model(model)} {fitted}"),
    ]
    if facts["edits"]:
        lines.append(("edits", f"{len(facts['edits'])}: {', '.join(facts['edits'])}"))
    seeds = model.get("seed_words", {})
    lines += [("seed words", f"topic {topic}: {' '.join(words)}") for topic, words in seeds.items()]
    if run is not None:
        try:
            lines += _run_lines(run, _image_lines(run) if of_images else _document_lines(run))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NeuralTopicError(
                f"run.json in {facts['folder']}",
                expected="the facts of a run",
                got=f"{type(error).__name__} {error}",
                hint="Restore it from a copy",
            ) from error
    total = sum(facts["files"].values())
    lines.append(("files", f"{len(facts['files'])}, {readable_bytes(total)}"))
    unread = "" if "SHA" in facts["checked"] else "; contents not read (--verify compares their SHA-256)"
    lines.append(("checked", f"{facts['checked']}: as written{unread}"))
    return lines


def _document_model(model: dict[str, Any]) -> str:
    return (
        f"{model['recipe']}, {counted(model['topics'], 'topic')}, {counted(model['words'], 'word')}, "
        f"fitted on {counted(model['documents'], 'document')}{_updates(model['updates'])}"
    )


def _updates(updates: list[dict[str, Any]]) -> str:
    """The number of updates; the epochs that follow are those of the last fit."""
    return f" with {counted(len(updates), 'update')}; the last fit" if updates else ""


def _image_model(model: dict[str, Any]) -> str:
    shape = " x ".join(map(str, model["image_shape"]))
    return (
        f"{model['likelihood']}, {counted(model['dimensions'], 'dimension')}, {shape} pixels, "
        f"fitted on {counted(model['images'], 'image')}"
    )


def _document_lines(run: dict[str, Any]) -> list[tuple[str, str]]:
    rows = ", ".join(f"{count:,} {status}" for status, count in run["rows"].items())
    encodings = ", ".join(f"{name} {count:,}" for name, count in run["encodings"].items())
    parent = run.get("parent")
    return [
        ("corpus", run["corpus"]["name"]),
        *([("update of", f"a model of {parent['corpus'] or 'documents'}")] if parent else []),
        ("rows", f"{rows}; {encodings}"),
        ("tokens", f"{run['sizes']['tokens']:,}"),
        *(("losses", line) for line in loss_lines(run)),
        *([("in use", live_text(run["live_topics"], run["sizes"]["topics"]))] if "live_topics" in run else []),
    ]


def _image_lines(run: dict[str, Any]) -> list[tuple[str, str]]:
    data, parameters = run["data"], run["parameters"]
    of = f" ({data['part']})" if data["part"] else ""
    hidden = ", ".join(map(str, parameters["hidden"]))
    return [
        ("data", f"{data['name']}{of}, {data['kind']}, {counted(data['images'], 'image')}"),
        ("objective", f"{parameters['objective']}, {counted(parameters['n_samples'], 'sample')}; layers of {hidden}"),
    ]


def _run_lines(run: dict[str, Any], own: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Label and text of each line on a run, with the lines of its kind."""
    seconds = ", ".join(f"{stage} {value:.1f} s" for stage, value in run["seconds"].items())
    best = ", ".join(f"{name} {value:,.4g}" for name, value in run["best"].items())
    peak = run["peak_memory_bytes"]
    machine = run["machine"]
    return [
        ("finished", run["finished"]),
        ("command", " ".join(run["command"])),
        ("seed", str(run["parameters"]["random_state"])),
        *own,
        ("training", f"best: {best}"),
        ("seconds", seconds),
        ("memory", f"{readable_bytes(peak)} at most" if peak else "unknown"),
        ("machine", f"{machine['platform']}, {counted(machine['cpus'], 'CPU')}, Python {machine['python']}"),
    ]
