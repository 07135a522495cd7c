"""comparison.md: the models, the data, the figures, and how each number was measured."""

import json
from typing import Any

from neuraltopic.compare.figures import TOP_WORDS
from neuraltopic.compare.results import ChoiceOfK, Comparison
from neuraltopic.evaluate.metrics import Metric

MISSING = "–"
RULE = (
    "The rule: of the K whose held-out bound a token is within one standard error (over seeds and documents) of the "
    "best, leave out those whose coherence or stability is significantly below the highest among them (one-sided t "
    "test at 5%, variance over seeds pooled over all K), and take the smallest."
)
_ARROWS = {"higher": "↑", "lower": "↓"}


def heading(metric: Metric) -> str:
    """The heading of a column, with an arrow to the better side."""
    return f"{metric.heading} {_ARROWS[metric.better]}"


def shown(value: float | None, metric: Metric) -> str:
    """A figure as a table has it."""
    return MISSING if value is None else format(value, metric.format)


def markdown(comparison: Comparison, request: dict[str, Any]) -> str:
    """The page."""
    sizes = comparison.sizes
    labels = f"{sizes['labels']} labels" if sizes["labels"] else "no labels"
    embeddings = f", embeddings of {sizes['embedding']:,} numbers" if sizes["embedding"] else ""
    order = "in the order of the text" if sizes["ordered"] else "their order unknown, so no figure has windows"
    parts = [
        f"# {_escaped(comparison.name)}, K = {request['n_components']}",
        f"{sizes['train_documents']:,} training documents ({sizes['train_tokens']:,} tokens, {order}), "
        f"{sizes['test_documents']:,} held out ({sizes['test_tokens']:,} tokens), {sizes['words']:,} words, {labels}"
        f"{embeddings}. "
        f"{_number(request['n_seeds'], 'seed')} from {request['seed']}, {_number(request['threads'], 'thread')} a fit, "
        f"top {TOP_WORDS} words of a topic. neuraltopic {request['neuraltopic']}.",
        "## Medians over seeds" if request["n_seeds"] > 1 else "## Figures",
        _table(comparison, _median_cell),
        "Best in bold, equals as printed with it.",
        *remarks(comparison),
        *(["## From the least to the most over seeds", _table(comparison, _range_cell)] * (request["n_seeds"] > 1)),
        "## What the figures are",
        "\n".join(f"- **{heading(metric)}** {metric.meaning}." for metric in comparison.metrics),
        "## Models",
        "\n".join(_settings(comparison)),
    ]
    if comparison.failures:
        parts += ["## Failed", _failed(comparison.failures)]
    return "\n\n".join(parts) + "\n"


def remarks(comparison: Comparison) -> list[str]:
    """Notes on the figures, a sentence each."""
    done = [result for model in comparison.models for result in comparison.finished(model)[:1]]
    reading = [result["model"] for result in done if result.get("reads_embeddings")]
    said = []
    if reading:
        said.append(
            f"{_listed(reading)} read{'s' if len(reading) == 1 else ''} embeddings that were made before: the time for "
            "these is in no figure, and a completion perplexity is not defined, since they are of whole documents."
        )
    said += [f"{each['model']}, seed {each['seed']}: {', '.join(each['notes'])}." for each in done if each.get("notes")]
    return said


def choice_markdown(choice: ChoiceOfK) -> str:
    """The page of a choice of K."""
    metrics = choice.metrics
    rows = [["K", "seeds", *map(heading, metrics)], ["---:"] * (len(metrics) + 2)]
    for sample in choice.samples:
        k = f"**{sample.k}**" if sample.k == choice.recommendation.k else str(sample.k)
        cells = [
            f"{shown(sample.mean(metric.name), metric)} ± {shown(sample.half_width(metric.name), metric)}"
            for metric in metrics
        ]
        rows.append([k, str(len(sample.figures[metrics[0].name])), *cells])
    parts = [
        f"# Topics of {_escaped(choice.name)}, recipe {choice.recipe}",
        f"**{choice.recommendation.k} topics.** {choice.recommendation.why[:1].upper()}{choice.recommendation.why[1:]}",
        "\n".join(f"| {' | '.join(row)} |" for row in rows),
        "Means over seeds, with their 95% intervals by Student's t; that of stability by the jackknife over seeds.",
        "\n".join(f"- **{heading(metric)}** {metric.meaning}." for metric in metrics),
        RULE,
    ]
    if choice.failures:
        parts += ["## Failed", _failed(choice.failures)]
    return "\n\n".join(parts) + "\n"


def _number(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _failed(failures: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"- {each['model']}, K = {each['n_components']}, seed {each['seed']}: {_escaped(each['error'])}"
        for each in failures
    )


def _table(comparison: Comparison, cell: Any) -> str:
    metrics = comparison.metrics
    rows = [["model", *map(heading, metrics)], ["---", *["---:"] * len(metrics)]]
    rows += [[model, *(cell(comparison, model, metric) for metric in metrics)] for model in comparison.models]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _median_cell(comparison: Comparison, model: str, metric: Metric) -> str:
    value = shown(comparison.median(model, metric.name), metric)
    return f"**{value}**" if model in comparison.best(metric) else value


def _range_cell(comparison: Comparison, model: str, metric: Metric) -> str:
    values = comparison.values(model, metric.name)
    if not values:
        return MISSING
    ends = [shown(end(values), metric) for end in (min, max)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _settings(comparison: Comparison) -> list[str]:
    lines = []
    for model in comparison.models:
        for done in comparison.finished(model)[:1]:
            settings = {name: value for name, value in done["settings"].items() if name != "random_state"}
            versions = ", ".join(f"{package} {version}" for package, version in done["versions"].items())
            lines.append(f"- **{model}** `{json.dumps(settings, ensure_ascii=False)}`, {versions}")
    return lines


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in text)
