"""`neuraltopic topics RUN`."""

from neuraltopic.cli.options import AsJson, RunFolder, Words
from neuraltopic.cli.printing import print_json, print_topics, records, topics_frame


def topics(run: RunFolder, words: Words = 10, as_json: AsJson = False) -> None:
    """Print the topics of a run."""
    from neuraltopic.runs import open_run

    table = topics_frame(open_run(run, device="cpu"), words)
    if as_json:
        print_json({"run": str(run), "topics": records(table)})
    else:
        print_topics(table)
