"""Texts numbered in processes: the same forms, numbers, order and counts as in one."""

import numpy as np
import pytest

from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.tokenisation import processes
from neuraltopic.preprocessing.tokenisation.cutter import Cutter
from neuraltopic.preprocessing.tokenisation.processes import numbered_in_processes
from neuraltopic.preprocessing.tokenisation.token_stream import FormIds
from neuraltopic.preprocessing.tokenisation.tokenisers import BlankTokeniser, SpacyTokeniser, WordTokeniser
from neuraltopic.reading.rows import Row

RANDOM = np.random.default_rng(0)
WORDS = np.array([f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(400)])
TEXTS = [" ".join(WORDS[RANDOM.zipf(1.3, size=n) % 400]) for n in RANDOM.integers(0, 40, size=300)]


@pytest.fixture
def short_pieces(monkeypatch):
    """Some in this process, then some twenty pieces."""
    monkeypatch.setattr(processes, "_ALONE", 1000)
    monkeypatch.setattr(processes, "_SENT", 1000)


def batches(texts):
    return (texts[start : start + 7] for start in range(0, len(texts), 7))


def numbers(n_jobs, texts=TEXTS, tokeniser=None):
    ids = FormIds()
    blocks = list(numbered_in_processes(batches(texts), Cutter(tokeniser or WordTokeniser()), ids, n_jobs))
    lengths = np.concatenate([np.diff(block.bounds) for block in blocks])
    return list(ids), np.concatenate([block.tokens for block in blocks]).tolist(), lengths.tolist()


@pytest.mark.usefixtures("short_pieces")
def test_any_number_of_processes_gives_the_same_numbers():
    alone = numbers(1)
    assert len(alone[0]) > 300
    assert numbers(2) == alone
    assert numbers(3) == alone


@pytest.mark.usefixtures("short_pieces")
def test_a_tokeniser_of_spacy_is_sent_too():
    tokeniser = SpacyTokeniser("blank:en")
    assert numbers(2, tokeniser=tokeniser) == numbers(1, tokeniser=tokeniser)


@pytest.mark.usefixtures("short_pieces")
def test_counts_and_ledger_are_the_same():
    def prepared(n_jobs):
        rows = [Row(str(number), text, {}) for number, text in enumerate(TEXTS)]
        preprocessor = Preprocessor(Preprocessing(min_df=2), n_jobs=n_jobs)
        fitted, later = preprocessor.fit_transform(rows), preprocessor.transform(rows[::-1])
        return preprocessor.state(), [
            (found.counts.to_scipy().toarray().tolist(), found.ledger.n_tokens.tolist(), found.position.tolist())
            for found in (fitted, later)
        ]

    assert prepared(2) == prepared(1)


def test_a_short_corpus_starts_no_process(monkeypatch):
    monkeypatch.setattr(processes, "LocalProcesses", None)
    assert numbers(2) == numbers(1)


class BrokenTokeniser(BlankTokeniser):
    def __call__(self, texts):
        for text in texts:
            if text == "broken":
                raise ValueError("this text")
            yield text.split()


@pytest.mark.usefixtures("short_pieces")
def test_an_error_in_a_process_is_raised_here():
    with pytest.raises(ValueError, match="this text"):
        numbers(2, [*TEXTS, "broken"], BrokenTokeniser())
