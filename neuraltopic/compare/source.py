"""The documents of a comparison: their source, their split, and the settings that the results depend on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.compare.counts_folder import has_test_counts, is_counts_folder, read_counts_folder
from neuraltopic.compare.data import HELD_OUT, ComparisonData, split_corpus
from neuraltopic.errors import UsageError, parameter
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import corpus_facts
from neuraltopic.reading.rows import Corpus
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


@dataclass(frozen=True)
class Source:
    """Documents, and how they are split.

    Parameters
    ----------
    documents : Corpus, or Path of a folder of prepared counts
        See `counts_folder` for what that holds.
    held_out : float or Corpus, optional
        A share of the documents, 0.2 by default, drawn at random; or separate documents. Prepared counts with a
        test_bow.npz have their own.
    preprocessing : Preprocessing, optional
        Of documents.
    label : str, optional
        Column of the labels of documents, "label" by default.
    texts : Path, optional
        Words of the training documents in their order, one document per line, for prepared counts.
    seed : int
        Random seed of the split.
    embeddings : EmbeddingSource, optional
        Of the documents, one row each in reading order, for models that take embeddings.
    held_out_embeddings : EmbeddingSource, optional
        Of separate held-out documents, or of test_bow.npz.

    Raises
    ------
    UsageError
        When an option does not apply to the kind of source, or embeddings of one side are missing.
    """

    documents: Corpus | Path
    held_out: float | Corpus | None = None
    preprocessing: Preprocessing | None = None
    label: str | None = None
    texts: Path | None = None
    seed: int = 0
    embeddings: EmbeddingSource | None = None
    held_out_embeddings: EmbeddingSource | None = None

    def __post_init__(self) -> None:
        """Refuse options without effect, and embeddings of one side only."""
        self._check_embeddings()
        if self.preprocessing is not None and self.preprocessing.split is not None:
            raise UsageError(
                parameter("split"),
                expected="none, as every model of a comparison learns from whole documents",
                got=repr(self.preprocessing.split),
                hint="Leave it out",
            )
        if isinstance(self.documents, Corpus):
            _require_none("texts", self.texts, "prepared counts")
            return
        if not is_counts_folder(self.documents):
            raise UsageError(
                str(self.documents),
                expected="a folder with train_bow.npz and vocab.txt",
                got="a folder without them",
                hint="Open documents with neuraltopic.reading.readers.open_corpus",
            )
        _require_none("label", self.label, "documents")
        _require_none("preprocessing", self.preprocessing, "documents")
        if isinstance(self.held_out, Corpus):
            raise UsageError(
                parameter("held_out"),
                expected="a share, with prepared counts",
                got=self.held_out.name,
                hint="Add a test_bow.npz",
            )

    @property
    def path(self) -> Path | None:
        """What is read, where it is a file or a folder."""
        return self.documents.path if isinstance(self.documents, Corpus) else self.documents

    @property
    def name(self) -> str:
        """As tables call it."""
        return self.documents.name if isinstance(self.documents, Corpus) else str(self.documents)

    def request(self) -> dict[str, Any]:
        """Everything the counts depend on, as JSON, with the sizes of the files."""
        if isinstance(self.documents, Corpus):
            share = self.held_out if self.held_out is not None else HELD_OUT
            return {
                "corpus": corpus_facts(self.documents),
                "held_out": corpus_facts(share) if isinstance(share, Corpus) else share,
                "preprocessing": (self.preprocessing or Preprocessing()).to_dict(),
                "label": self.label,
                "split_seed": self.seed,
                **self._embedded(),
            }
        files = [*self.documents.glob("t*_*.*"), self.documents / "vocab.txt"]
        return {
            "counts": str(self.documents),
            "files": {path.name: path.stat().st_size for path in sorted(files)},
            "held_out": self.held_out,
            "texts": self.texts and str(self.texts),
            "split_seed": self.seed,
            **self._embedded(),
        }

    def report_to(self, progress: "Progress | None") -> None:
        """Show the progress of embedding, where a model computes the embeddings."""
        for source in (self.embeddings, self.held_out_embeddings):
            if source is not None:
                source.report_to(progress)

    def read(self, progress: "Progress | None" = None) -> ComparisonData:
        """Count the documents; errors are those of `split_corpus` and `read_counts_folder`."""
        if isinstance(self.documents, Corpus):
            return split_corpus(
                self.documents,
                self.preprocessing or Preprocessing(),
                held_out=HELD_OUT if self.held_out is None else self.held_out,
                label=self.label,
                seed=self.seed,
                embeddings=self.embeddings,
                held_out_embeddings=self.held_out_embeddings,
                progress=progress,
            )
        assert not isinstance(self.held_out, Corpus)
        return read_counts_folder(
            self.documents,
            held_out=self.held_out,
            texts=self.texts,
            seed=self.seed,
            embeddings=self.embeddings,
            held_out_embeddings=self.held_out_embeddings,
        )

    def _check_embeddings(self) -> None:
        if isinstance(self.documents, Corpus):
            apart = isinstance(self.held_out, Corpus)
        else:
            apart = has_test_counts(self.documents)
        given, others = self.embeddings, self.held_out_embeddings
        if others is not None and not (given and apart):
            raise UsageError(
                parameter("held_out_embeddings"),
                expected="no value, as it applies only to separate held-out documents, beside embeddings of the others",
                got=str(others.path),
                hint="A share is held out of the documents with their embeddings",
            )
        if given and apart and others is None:
            raise UsageError(
                parameter("held_out_embeddings"),
                expected="a file, since held-out documents are given by themselves",
                got="none",
                hint="Embed these documents too",
            )
        if given and others and given.n_dimensions != others.n_dimensions:
            raise UsageError(
                parameter("held_out_embeddings"),
                expected=f"{given.n_dimensions:,} numbers per document, as {given.path} has",
                got=f"{others.n_dimensions:,}",
                hint="Embed all documents by one model",
            )

    def _embedded(self) -> dict[str, Any]:
        files = {"embeddings": self.embeddings, "held_out_embeddings": self.held_out_embeddings}
        return {name: file and file.facts() for name, file in files.items()}


def _require_none(name: str, value: object, kind: str) -> None:
    if value is not None:
        raise UsageError(
            parameter(name), expected=f"no value, as it applies only to {kind}", got=str(value), hint="Leave it out"
        )
