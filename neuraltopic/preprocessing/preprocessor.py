"""From the rows of a corpus to counts over a vocabulary, with a ledger of every row.

The text is read once. Each distinct token gets a number, and the corpus becomes a stream of numbers on disk. Rules are
applied once per distinct token, then to the stream by table look-up.
"""

import contextlib
import copy
import dataclasses
import itertools
import tempfile
import warnings
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, parameter
from neuraltopic.preprocessing.batches import in_batches
from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.cleaning.repair import Repair
from neuraltopic.preprocessing.counts import Counts, CountsWriter
from neuraltopic.preprocessing.languages.corpus_languages import ANY_SCRIPT, Language, WordsOfForms, rules_of
from neuraltopic.preprocessing.languages.detection import Sample
from neuraltopic.preprocessing.languages.language_choice import choose_languages
from neuraltopic.preprocessing.languages.language_names import AUTO
from neuraltopic.preprocessing.languages.lemmas import lemmatiser
from neuraltopic.preprocessing.ledger.document_filter import Intake
from neuraltopic.preprocessing.ledger.ledger import Ledger
from neuraltopic.preprocessing.losses import Losses
from neuraltopic.preprocessing.normalisation.word_rule import AsItIs, Dropped, WordRule
from neuraltopic.preprocessing.passages import PassageCounts, Passages, grouped
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.state import Fitted, digests, library_versions
from neuraltopic.preprocessing.tokenisation.cutter import Cutter
from neuraltopic.preprocessing.tokenisation.processes import Workers, numbered_in_processes
from neuraltopic.preprocessing.tokenisation.token_stream import Block, FormIds, TokenStream, numbered
from neuraltopic.preprocessing.tokenisation.tokenisers import (
    BlankTokeniser,
    PatternTokeniser,
    SpacyTokeniser,
    Tokeniser,
    WordTokeniser,
)
from neuraltopic.preprocessing.tokenisation.version_1 import FirstWordRule, FirstWordTokeniser
from neuraltopic.preprocessing.vocabulary.learning import Learned, learn
from neuraltopic.preprocessing.vocabulary.lexicon import Lexicon
from neuraltopic.preprocessing.vocabulary.vocabulary import Vocabulary
from neuraltopic.progress import Progress
from neuraltopic.reading.rows import Row

__all__ = ["Prepared", "Preprocessing", "Preprocessor"]

# What was not there to be set when models without it were saved.
_BEFORE: dict[str, Any] = {"keep_markup": True}
# Share of documents with words joined by "_" above which a note says that such words are split.
_MANY_JOINED = 0.2
# Documents that are few, and tokens of each that are many.
_FEW, _LONG = 50, 1_000
# Words of the fit, not of the vocabulary, that an update knows again: those with most occurrences (4 bytes each).
PRUNED_HELD = 1_000_000
PASSAGES = "passages"
# In `transform` a form need not keep its number, so the table starts afresh beyond this (about 150 MB).
FORMS_HELD = 1_000_000
# Numbers of the forms of a corpus, and of the words where documents are in several languages of a script.
_FORMS, _WORDS = "forms.int32", "words.int32"


@dataclass
class Prepared:
    """The result of preprocessing rows.

    Attributes
    ----------
    counts : Counts
        The documents that are counted, in input order.
    ledger : Ledger
        The outcome of every input row, in input order.
    position : int64 array of shape (rows,)
        The row of `counts` for each input row; -1 where there is none. A duplicate points at its first.
    n_unknown : int
        Tokens that `transform` met, that the settings keep, and that neither the vocabulary has nor the fit pruned; 0
        where it was made of these rows.
    losses : Losses or None
        What was left out, where the vocabulary was made of these rows.
    passages : PassageCounts or None
        What to learn from, where the settings split documents, and only new ones are counted.
    """

    counts: Counts
    ledger: Ledger
    position: NDArray[np.int64]
    n_unknown: int = 0
    losses: Losses | None = None
    passages: PassageCounts | None = None


class Preprocessor:
    """Learns a vocabulary from documents, and counts its words in these and in others.

    Parameters
    ----------
    settings : Preprocessing
        What is done to the words.
    n_jobs : int, optional
        Number of processes that tokenise a long corpus; by default one per processor. The result does not depend on it.
    workers : Workers, optional
        Those of a cluster, in place of these processes.

    Memory is bounded for any length of the corpus, except for an entry per distinct token and a few numbers per row.
    """

    def __init__(
        self,
        settings: Preprocessing = Preprocessing(),  # noqa: B008  (it is frozen)
        *,
        n_jobs: int | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.settings = settings
        self.n_jobs = n_jobs
        self.workers = workers
        self._fitted: Fitted | None = None

    @property
    def learned(self) -> bool:
        """Whether there is a vocabulary."""
        return self._fitted is not None

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that are counted; a NeuralTopicError before `fit_transform`."""
        return self._learned().vocabulary

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages of the documents of the fit, those of more documents first."""
        return self._learned().languages

    @property
    def segmenter(self) -> dict[str, str]:
        """Name and version of what cut scripts without spaces; empty where no text of the fit needed it."""
        return self._learned().segmenter

    def fit_transform(
        self, rows: Iterable[Row], *, workspace: Path | None = None, progress: Progress | None = None
    ) -> Prepared:
        """Learn the vocabulary of the rows and count it in them.

        Rows that are empty, unreadable, the same text as an earlier one, or without a word of the vocabulary
        have no row in the counts; the ledger says which.

        Parameters
        ----------
        rows : iterable of Row
            Iterated once.
        workspace : Path or None
            A folder for the counts, which then stay on disk in its subfolder counts, memory-mapped. With None
            they are held in memory.
        progress : callable of (stage, done, total or None), or None
            Called now and then: "reading" in rows, "phrases" and "counting" in documents.

        Raises
        ------
        NeuralTopicError
            When no row has a text, or no word passes the settings.
        UsageError
            When a language, package or pipeline of the settings is not available.
        """
        self.require_available()
        report = progress or _silent
        cutter = self._cutter()
        passages = Passages(self.settings.split)
        intake = self._intake(rows, only_new=True, report=report)
        apart = cutter.fresh()  # so that texts in the sample are not counted twice
        sample = Sample(intake, apart.clean)
        with _folder(workspace) as folder, _temporary(folder / _FORMS, folder / _WORDS):
            forms = FormIds()
            stream = TokenStream(folder / _FORMS, self._numbered(sample, cutter, forms, passages))
            if not stream.n_documents:
                raise _no_documents(intake.ledger)
            if cutter.plain is not None:
                cutter.plain.repair.note()
            languages, words = self._languages_of(sample.kept, forms, stream)
            stream, word_of_form = words.resolved(stream, folder / _WORDS), words.flat
            copies = intake.copies()
            copies = copies if self.settings.split is None else np.repeat(copies, passages.sizes)
            learned = learn(stream, word_of_form, copies, self.settings, report)
            learned, keys = learned.spelt(words.spellings(list(forms), stream, frozenset(learned.single_words)))
            fitted = self._fitted_to(learned, keys, languages, forms, stream.n_documents)
            numbers = fitted.lexicon.numbers(word_of_form)
            counts, n_tokens, parts = _count_documents(
                (Block(numbers[block.tokens], block.bounds) for block in stream),
                passages,
                fitted.lexicon,
                folder,
                mmap=workspace is not None,
                report=lambda done: report("counting", done, stream.n_documents),
            )
            found = Counter() if cutter.plain is None else cutter.plain.found
            without_word = int(np.count_nonzero(n_tokens == 0))
            losses = Losses.of(stream, word_of_form, learned.removed, len(n_tokens), without_word, found)
        self._fitted = fitted
        losses.warn()
        self._note_texts(cutter.plain, losses)
        return Prepared(counts, intake.ledger, intake.close(n_tokens), losses=losses, passages=parts)

    def transform(
        self,
        rows: Iterable[Row],
        *,
        only_new: bool = False,
        workspace: Path | None = None,
        progress: Progress | None = None,
    ) -> Prepared:
        """Count the vocabulary in other rows, or the same.

        Every row that could be read has a row in the counts, a duplicate too; that of an empty row, or of one
        without a word of the vocabulary, is empty. The counts of a row depend on that row alone.

        Parameters
        ----------
        only_new : bool, default False
            Whether such rows have none, as in `fit_transform`.
        rows, workspace, progress
            As for `fit_transform`.

        Raises
        ------
        NeuralTopicError
            Before `fit_transform`, and when the tokeniser is not the one that the vocabulary was made with.
        """
        report, fitted = progress or _silent, self._learned()
        intake = self._intake(rows, only_new=only_new, report=report)
        unknown: list[int] = []
        passages = Passages(self.settings.split if only_new else None)
        blocks = self._known_words(intake, fitted, unknown, passages=passages)

        def counted(done: int) -> None:
            report("counting", done, None)

        mmap, parts = workspace is not None, None
        with _folder(workspace) as folder:
            if only_new:
                counts, n_tokens, parts = _count_documents(
                    blocks, passages, fitted.lexicon, folder, mmap=mmap, report=counted
                )
            else:
                counts, n_tokens = _count(blocks, fitted.lexicon, folder, mmap=mmap, drop_empty=False, report=counted)
        return Prepared(counts, intake.ledger, intake.close(n_tokens), sum(unknown), passages=parts)

    def require_available(self) -> None:
        """Raise an error before reading if a language, package or pipeline of the settings is not available.

        Raises
        ------
        UsageError
        """
        if self.settings.lemmas and self.settings.language != AUTO:
            lemmatiser(self.settings.language)
        _ = self._tokeniser

    def with_counts(self, counts: Counts) -> Self:
        """A copy with these documents, (D, V), added to the frequencies of the vocabulary; the words are the same."""
        fitted = self._learned()
        old = fitted.vocabulary
        df, cf = old.df + counts.document_frequency(), old.cf + counts.word_totals().astype(np.int64)
        more = Vocabulary(old.words, df, cf)
        grown = copy.copy(self)
        grown._fitted = dataclasses.replace(fitted, vocabulary=more, n_documents=fitted.n_documents + len(counts))
        return grown

    def token_blocks(self, rows: Iterable[Row], *, progress: Progress | None = None) -> Iterator[Block]:
        """Yield the words of the vocabulary in each row that `transform` counts, as columns, in their order.

        Raises
        ------
        NeuralTopicError
            As `transform` does.
        """
        fitted = self._learned()
        intake = self._intake(rows, only_new=False, report=progress or _silent)
        for block in self._known_words(intake, fitted, []):
            yield fitted.lexicon.columns(block)

    def columns_of(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the columns of each of these words, none for a word outside the vocabulary.

        A word passes the preprocessing of the documents, unless it stands in the vocabulary as it is. A phrase such as
        "new york" comes to the one column of the phrase, or to those of its words.
        """
        fitted = self._learned()
        index = fitted.vocabulary.index
        texts = [word.replace("_", " ") for word in words]
        out: list[tuple[int, ...]] = [()] * len(words)
        for choice in range(self._words(fitted).n_choices):
            found: list[tuple[int, ...]] = []
            for block in self._known_words(in_batches(texts), fitted, [], choice=choice):
                columns = fitted.lexicon.columns(block)
                found += [tuple(columns.tokens[a:b].tolist()) for a, b in itertools.pairwise(columns.bounds.tolist())]
            out = [first or other for first, other in zip(out, found, strict=True)]
        return [(index[word],) if word in index else columns for word, columns in zip(words, out, strict=True)]

    def unknown_words(self, text: str) -> dict[str, int]:
        """Return how often each word of a text occurs that the settings keep and the vocabulary does not have."""
        fitted = self._learned()
        words = self._words(fitted)
        mended = Repair()([text]) if fitted.normalisation > 1 else [text]
        forms = FormIds()
        (block,) = numbered(self._tokeniser(mended), forms)
        words.add(forms)
        found = [words.words[choice][form] for choice, form in zip(words.chosen(block), block.tokens, strict=True)]
        kept = Counter(word for word in found if not isinstance(word, Dropped))
        numbers = fitted.lexicon.numbers(kept)
        return {word: n for (word, n), number in zip(kept.items(), numbers.tolist(), strict=True) if number < 0}

    def state(self) -> dict[str, Any]:
        """Return the settings and the learned state as JSON-compatible values."""
        return {"settings": self.settings.to_dict(), **self._learned().to_dict()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Make the preprocessor that `state` came from.

        Raises
        ------
        NeuralTopicError
            When a part is missing, of the wrong type, or disagrees with another.
        """
        fitted = Fitted.from_dict(state)
        preprocessor = cls(Preprocessing.from_dict(_BEFORE | state["settings"]))
        preprocessor._fitted = fitted
        return preprocessor

    def _fitted_to(
        self, learned: Learned, keys: dict[str, str], languages: tuple[Language, ...], forms: FormIds, n_documents: int
    ) -> Fitted:
        """What is kept of a fit."""
        tokeniser = self._tokeniser
        return Fitted(
            vocabulary=learned.vocabulary,
            phrases=tuple(learned.phrases),
            stop_words=self.settings.extra_stop_words,
            languages=languages,
            tokeniser=tokeniser.identity,
            segmenter=tokeniser.segmentation.identity_for(forms) if isinstance(tokeniser, WordTokeniser) else {},
            n_documents=n_documents,
            libraries=library_versions(any(language.lemmas for language in languages)),
            pruned=np.sort(digests(learned.pruned[:PRUNED_HELD])),
            keys=keys,
        )

    def _learned(self) -> Fitted:
        if self._fitted is None:
            raise NeuralTopicError(
                "Preprocessor",
                expected="a vocabulary",
                got="one that has not seen any documents",
                hint="Call fit_transform first",
            )
        return self._fitted

    def _known_words(
        self,
        batches: Iterable[list[str]],
        fitted: Fitted,
        unknown: list[int],
        *,
        choice: int | None = None,
        passages: Passages | None = None,
    ) -> Iterator[Block]:
        tokeniser = self._tokeniser
        if tokeniser.identity != fitted.tokeniser:
            raise _other_tokeniser(fitted.tokeniser, tokeniser.identity)
        cutter = self._cutter() if fitted.normalisation > 1 else Cutter(tokeniser)
        forms = FormIds()
        blocks = self._numbered(batches, cutter, forms, Passages(None) if passages is None else passages)
        return _known_words(blocks, forms, self._words(fitted), fitted, unknown, choice)

    def _numbered(
        self, batches: Iterable[list[str]], cutter: Cutter, forms: FormIds, passages: Passages
    ) -> Iterator[Block]:
        """Blocks of numbered forms of the texts or their passages; passages are cut in this process."""
        if passages.split is None:
            return numbered_in_processes(batches, cutter, forms, self.n_jobs, self.workers)
        return numbered(passages(itertools.chain.from_iterable(map(cutter.clean, batches)), self._tokeniser), forms)

    def _words(self, fitted: Fitted) -> WordsOfForms:
        return self._words_in(fitted.languages, FirstWordRule if fitted.normalisation == 1 else WordRule)

    def _words_in(self, languages: tuple[Language, ...], kind: type[WordRule] = WordRule) -> WordsOfForms:
        return WordsOfForms(rules_of(languages, self.settings, AsItIs if self.settings.pretokenised else kind))

    def _languages_of(
        self, sample: list[str], forms: Iterable[str], stream: TokenStream
    ) -> tuple[tuple[Language, ...], WordsOfForms]:
        """The languages of the documents, of which a sample is given, and the words of the forms in each."""
        if self.settings.pretokenised:
            languages: tuple[Language, ...] = (Language("any", ANY_SCRIPT),)
        else:
            languages = choose_languages(self.settings, sample, self._tokeniser)
        words = self._words_in(languages)
        words.add(forms)
        counted = words.documents_of_languages(stream)
        _note_unused(self.settings.extra_stop_words, words, forms)
        languages = tuple(
            dataclasses.replace(language, n_documents=n) for language, n in zip(languages, counted, strict=True)
        )
        return languages, words

    def _intake(self, rows: Iterable[Row], *, only_new: bool, report: Progress) -> Intake:
        return Intake(rows, only_new=only_new, keep_duplicates=self.settings.keep_duplicates, report=report)

    def _cutter(self) -> Cutter:
        if self.settings.pretokenised:
            return Cutter(self._tokeniser)
        return Cutter(self._tokeniser, PlainText(keep=self.settings.keep_markup))

    def _note_texts(self, plain: PlainText | None, losses: Losses) -> None:
        """Warn about words that are split at "_", and about few long documents."""
        cuts = self.settings.token_pattern is None and self.settings.spacy_pipeline is None
        if cuts and plain is not None and plain.joined > _MANY_JOINED * losses.documents:
            warnings.warn(
                f'in {plain.joined:,} of {losses.documents:,} documents "_" joins words, which are split there; '
                f"{parameter('pretokenised', True)} keeps the words of texts that are already tokenised",
                NeuralTopicWarning,
                stacklevel=3,
            )
        if self.settings.split is None and losses.documents < _FEW and losses.tokens > _LONG * losses.documents:
            warnings.warn(
                f"{losses.documents:,} documents of {losses.tokens // losses.documents:,} tokens are few and long for "
                f"learning topics; {parameter('split', 'paragraphs')} or {parameter('split', 200)} learns from their "
                "passages",
                NeuralTopicWarning,
                stacklevel=3,
            )

    @cached_property
    def _tokeniser(self) -> Tokeniser:
        if self.settings.pretokenised:
            return BlankTokeniser()
        if self.settings.token_pattern is not None:
            return PatternTokeniser(self.settings.token_pattern)
        pipeline = self.settings.spacy_pipeline
        if pipeline is None:
            first = self._fitted is not None and self._fitted.normalisation == 1
            return FirstWordTokeniser() if first else WordTokeniser(self.settings.segmenter)
        saved = {} if self._fitted is None else self._fitted.tokeniser
        # "_" joins the words of a phrase, so with phrases it cannot stand inside a word.
        compounds = "compounds" in saved if saved else not self.settings.phrases
        return SpacyTokeniser(pipeline, sha256=saved.get("sha256"), compounds=compounds)  # takes seconds to load


def _known_words(
    blocks: Iterator[Block],
    forms: FormIds,
    words: WordsOfForms,
    fitted: Fitted,
    unknown: list[int],
    choice: int | None,
) -> Iterator[Block]:
    """Yield blocks of numbered forms as numbers of the lexicon, and note for each how many words no one has met.

    With a `choice` all documents are taken to be in that language of their script.
    """
    lexicon = fitted.lexicon
    numbers, fresh = np.zeros((words.n_choices, 0), np.int32), np.zeros((words.n_choices, 0), bool)
    for block in blocks:
        n_known = numbers.shape[1]
        words.add(list(forms)[n_known:])
        new = [of_choice[n_known:] for of_choice in words.words]
        numbers = np.hstack([numbers, np.stack([lexicon.numbers(row) for row in new])])
        fresh = np.hstack([fresh, np.stack([_is_new(row, fitted) for row in new])])
        chosen = words.chosen(block) if choice is None else choice
        of_tokens = numbers[chosen, block.tokens]
        unknown.append(int(np.count_nonzero(fresh[chosen, block.tokens] & (of_tokens < 0))))
        yield Block(of_tokens, block.bounds)
        if len(forms) > FORMS_HELD:
            forms.clear()
            words.clear()
            numbers, fresh = numbers[:, :0], fresh[:, :0]


def _is_new(words: Sequence[str | Dropped], fitted: Fitted) -> NDArray[np.bool_]:
    """Whether each word is neither in the vocabulary nor pruned by the fit."""
    kept = np.array([not isinstance(word, Dropped) for word in words], bool)
    return kept & ~fitted.has_pruned(words)


def _count_documents(
    blocks: Iterable[Block],
    passages: Passages,
    lexicon: Lexicon,
    folder: Path,
    *,
    mmap: bool,
    report: Callable[[int], None],
) -> tuple[Counts, NDArray[np.int64], PassageCounts | None]:
    """Write the counts of the documents that have words; also the tokens of each document, and its passages if any."""
    apart = folder / PASSAGES
    counts, n_tokens = _count(
        blocks, lexicon, apart if passages.split else folder, mmap=mmap, drop_empty=True, report=report
    )
    if not passages.split:
        return counts, n_tokens, None
    sizes = np.array(passages.sizes, np.int64)
    starts = np.cumsum(sizes) - sizes
    of_documents = np.add.reduceat(n_tokens, starts) if len(sizes) else n_tokens
    filled = np.add.reduceat((n_tokens > 0).astype(np.int64), starts) if len(sizes) else n_tokens
    document = np.repeat(np.arange(np.count_nonzero(filled)), filled[filled > 0])
    return grouped(counts, filled, folder, mmap=mmap), of_documents, PassageCounts(counts, document)


def _count(
    blocks: Iterable[Block],
    lexicon: Lexicon,
    folder: Path,
    *,
    mmap: bool,
    drop_empty: bool,
    report: Callable[[int], None],
) -> tuple[Counts, NDArray[np.int64]]:
    """Write the counts of the blocks to folder/counts; also return the tokens counted in each document."""
    n_tokens = array("q")
    with CountsWriter(folder / "counts", lexicon.n_columns) as writer:
        for block in blocks:
            rows = lexicon.count(block)
            lengths = np.diff(rows.indptr)
            writer.append(lengths[lengths > 0] if drop_empty else lengths, rows.indices, rows.data)
            n_tokens.extend(rows.sum(axis=1).tolist())
            report(len(n_tokens))
    return Counts.open(folder / "counts", mmap=mmap), np.array(n_tokens, np.int64)


@contextlib.contextmanager
def _folder(workspace: Path | None) -> Iterator[Path]:
    """Yield the workspace, or a folder that is removed afterwards."""
    if workspace is None:
        with tempfile.TemporaryDirectory(prefix="neuraltopic-") as folder:
            yield Path(folder)
    else:
        workspace.mkdir(parents=True, exist_ok=True)
        yield workspace


@contextlib.contextmanager
def _temporary(*paths: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _silent(stage: str, done: int, total: int | None) -> None:
    """Report nothing."""


def _note_unused(listed: Sequence[str], words: WordsOfForms, forms: Iterable[str]) -> None:
    """Warn if most of the stop words of the user do not occur."""
    if not listed:
        return
    compared = words.first.compared
    occurring = set(map(compared, forms))
    unused = [word for word in listed if compared(word) not in occurring]
    if 2 * len(unused) > len(listed):
        warnings.warn(
            f"{parameter('extra_stop_words')}: {len(unused):,} of {len(listed):,} words do not occur in the documents, "
            f"such as {', '.join(map(repr, unused[:3]))}; they are compared with single words "
            "after tokenisation",
            NeuralTopicWarning,
            stacklevel=2,
        )


def _no_documents(ledger: Ledger) -> NeuralTopicError:
    return NeuralTopicError(
        "documents",
        expected="at least one with text",
        got=ledger.summary() + next((f" ({detail})" for detail in ledger.details if detail), ""),
        hint="Check the path, the text column and the encoding",
    )


def _other_tokeniser(fitted: Mapping[str, str], found: Mapping[str, str]) -> NeuralTopicError:
    return NeuralTopicError(
        "tokeniser",
        expected=f"{fitted.get('name')} {fitted.get('version')}, which the vocabulary was made with",
        got=f"{found['name']} {found['version']}",
        hint="Install that version, or fit again",
    )
