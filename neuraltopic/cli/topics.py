"""`neuraltopic topics RUN`."""

from neuraltopic.cli.options import AsJson, Ranking, RunFolder, Words
from neuraltopic.cli.printing import print_json, print_topics, records


def topics(run: RunFolder, words: Words = 10, ranking: Ranking = "default", as_json: AsJson = False) -> None:
    """Print the topics of a run."""
    from neuraltopic.runs.documents import open_run

    table = open_run(run, device="cpu").get_topic_info(words, ranking)
    if as_json:
        print_json({"run": str(run), "topics": records(table)})
    else:
        print_topics(table)
