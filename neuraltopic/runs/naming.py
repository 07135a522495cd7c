"""Name the topics of a run: from phrases of its documents, or by a command of the user."""

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser
from neuraltopic.reading.rows import Corpus
from neuraltopic.runs.editing import corpus_of, open_with_documents
from neuraltopic.topics.naming import PhraseCounts, name_of

# The end of a clause; no phrase crosses it.
_CLAUSE = re.compile(r"[.,;:!?()\[\]{}\"“”«»\n\r\t|/。、，；：！？]+")
_PHRASES = 10
_EXAMPLES, _EXAMPLE_CHARACTERS = 3, 300
_SECONDS = 300
_LONGEST_NAME = 200


def suggest_names(run: Path, *, command: str | None = None, corpus: Corpus | None = None) -> dict[int, str]:
    """A name for each topic of a run that has assigned documents.

    Parameters
    ----------
    run : Path
        Run folder.
    command : str, optional
        A program and its arguments, such as a client of a language model: it runs once per topic, reads a prompt on
        standard input, and prints the name. By default names are phrases, see `neuraltopic.topics.naming`.
    corpus : Corpus, optional
        The documents of the fit, whose texts are read; by default those that run.json names.

    Raises
    ------
    UsageError
        When the command cannot be run.
    NeuralTopicError
        When it fails, or prints no name.
    """
    model = open_with_documents(run)
    source = corpus or corpus_of(run)
    counted = _count_phrases(model, source)
    best = [counted.best(topic, _PHRASES) for topic in range(len(model.labels_))]
    if command is None:
        names = {topic: name_of(phrases) for topic, phrases in enumerate(best)}
        return {topic: name for topic, name in names.items() if name}
    texts = _typical_texts(model, source)
    words = model.get_topics(_PHRASES)
    return {
        topic: _asked(command, prompt([word for word, _ in words[topic]], [name for name, _ in phrases], texts[topic]))
        for topic, phrases in enumerate(best)
        if phrases
    }


def prompt(words: Sequence[str], phrases: Sequence[str], texts: Sequence[str]) -> str:
    """The input of the naming command: words and documents of a topic, and the question."""
    lines = [
        "Name the topic of a collection of documents.",
        f"Its words: {', '.join(words)}",
        f"Its phrases: {', '.join(phrases)}",
        *(f"A document of it: {' '.join(text.split())[:_EXAMPLE_CHARACTERS]}" for text in texts),
        "Answer with a name of at most five words, in the language of the documents, and nothing else.",
    ]
    return "\n".join(lines) + "\n"


def _asked(command: str, question: str) -> str:
    try:
        answer = subprocess.run(
            shlex.split(command), input=question, capture_output=True, encoding="utf-8", timeout=_SECONDS, check=False
        )
    except (OSError, ValueError) as error:
        raise UsageError(
            "--name-with", expected="a program that can be run", got=f"{command!r:.80} ({error})", hint="Check the path"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise _no_name(command, f"none in {_SECONDS} s") from error
    if answer.returncode:
        raise _no_name(command, f"exit code {answer.returncode}: {answer.stderr.strip()[-200:]}")
    lines = [line.strip() for line in answer.stdout.splitlines() if line.strip()]
    if len(lines) != 1 or len(lines[0]) > _LONGEST_NAME or not lines[0].isprintable():
        raise _no_name(command, f"{answer.stdout.strip()!r:.120}")
    return lines[0]


def _no_name(command: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(
        f"--name-with {command}", expected="a name on one line", got=got, hint="Run it by hand with a prompt"
    )


def _count_phrases(model: TopicModel, corpus: Corpus) -> PhraseCounts:
    counted = PhraseCounts(len(model.labels_))
    topic_of = _topic_of(model)
    vocabulary = _Vocabulary(model.preprocessor_)
    for row in corpus:
        if row.text is not None and row.id in topic_of:
            counted.add(vocabulary.clauses(row.text), topic_of[row.id])
    if not counted.n_documents:
        raise UsageError(
            corpus.name, expected="the documents of the run", got="none of their ids", hint="Name the corpus of the fit"
        )
    return counted


def _topic_of(model: TopicModel) -> Mapping[str, int]:
    kept = model.ledger_["id"][model.ledger_["status"] == "kept"]
    return dict(zip((str(id) for id in kept), model.topics_.tolist(), strict=True))


class _Vocabulary:
    """A cache of which written forms are words of the vocabulary."""

    def __init__(self, preprocessor: Preprocessor) -> None:
        self._preprocessor = preprocessor
        self._tokeniser = WordTokeniser()
        self._known: dict[str, bool] = {}

    def clauses(self, text: str) -> Iterator[list[str | None]]:
        """The words of each clause in lower case, None for one that the vocabulary does not have."""
        clauses = [[form.lower() for form in forms] for forms in self._tokeniser(_CLAUSE.split(text))]
        self._ask({form for forms in clauses for form in forms})
        for forms in clauses:
            yield [form if self._known[form] else None for form in forms]

    def _ask(self, forms: Iterable[str]) -> None:
        new = [form for form in forms if form not in self._known]
        if new:
            columns = self._preprocessor.columns_of(new)
            self._known |= {form: len(found) == 1 for form, found in zip(new, columns, strict=True)}


def _typical_texts(model: TopicModel, corpus: Corpus) -> list[list[str]]:
    """The texts of the most typical documents of each topic."""
    ids = [list(typical[:_EXAMPLES]) for typical in model.statistics_.typical]
    wanted = set(np.concatenate([np.array(of_topic, dtype=object) for of_topic in ids]).tolist())
    texts = {row.id: row.text for row in corpus if row.id in wanted and row.text is not None}
    return [[texts[id] for id in of_topic if id in texts] for of_topic in ids]
