"""What commands print to stdout."""

import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.runs.costs import Forecast

WIDTH = 100


def print_json(value: object) -> None:
    """Print one JSON object; in ASCII where stdout is not UTF-8."""
    in_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    json.dump(value, sys.stdout, ensure_ascii=not in_utf8, allow_nan=False, indent=2)
    sys.stdout.write("\n")


def records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows as plain objects."""
    return json.loads(table.to_json(orient="records", double_precision=15))


def print_topics(table: "pd.DataFrame") -> None:
    """Print topic, share, documents, given name and words in at most `WIDTH` columns, the largest share first.

    Topics that are not in use are named in one line at the end, without words.
    """
    number = max(len("topic"), len(str(len(table))))
    print(f"{'topic':>{number}}   share  documents  words")
    margin = number + 21
    unused = table["flags"].str.contains("unused")
    for row in table[~unused].sort_values("share", ascending=False, kind="stable").itertuples():
        lead = f"{row.topic:>{number}}  {row.share:>5.1%}  {row.n_documents:>9,}  "
        given = "" if str(row.label).startswith(f"{row.topic}_") else f"{row.label}: "
        junk = " (junk)" if "junk" in str(row.flags) else ""
        words = textwrap.wrap(
            f"{given}{row.words}{junk}", WIDTH - margin, break_long_words=True, break_on_hyphens=False
        )
        for line in words or [""]:
            print(f"{lead}{line}".rstrip())
            lead = " " * margin
    if unused.any():
        names = ", ".join(map(str, table["topic"][unused]))
        print(f"{int(unused.sum())} of {len(table)} topics are not in use: {names}")


def counted(number: int, name: str) -> str:
    """A number and what it counts: 1 topic, 2 topics."""
    return f"{number:,} {name}{'s' * (number != 1)}"


def live_text(live: int, topics: int) -> str:
    """How many of the topics are in use."""
    return f"{live:,} of {counted(topics, 'topic')}"


def loss_lines(facts: dict[str, Any]) -> list[str]:
    """What was removed from the texts, and the tokens by the rule that removed them, if the facts of the run have
    it."""
    losses = facts.get("losses")
    if not losses:
        return []
    lines = []
    if losses["markup"]:
        found = ", ".join(f"{name} {count:,}" for name, count in losses["markup"].items())
        lines.append(f"taken out, in documents: {found} (--keep-markup leaves it in)")
    tokens = max(losses["tokens"], 1)
    shares = [f"{count / tokens:.0%} {rule}" for rule, count in losses["removed"].items() if count]
    kept = 1 - sum(losses["removed"].values()) / tokens
    lines.append(f"tokens: {losses['tokens']:,}, kept {kept:.0%}; left out {', '.join(shares) or 'none'}")
    return lines


def readable_bytes(count: float) -> str:
    """Bytes for people: 1.5 MiB."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"


def readable_seconds(seconds: float) -> str:
    """Seconds for people: 90 s, 5 min, 2.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def cost_lines(forecast: "Forecast") -> list[tuple[str, str]]:
    """The expected time, with its stages, and the expected memory."""
    stages = ", ".join(f"{stage} {readable_seconds(seconds)}" for stage, seconds in forecast.stages.items())
    return [
        ("time", f"about {readable_seconds(forecast.seconds)} on this machine: {stages}"),
        ("memory", f"about {readable_bytes(forecast.memory_bytes)}"),
    ]


def print_facts(facts: "list[tuple[str, str]]", width: int = 11) -> None:
    """Print a label and a value per line."""
    for name, value in facts:
        print(f"{name:<{width}}{value}")
