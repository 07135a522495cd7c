"""From texts as they are gathered to their forms: made plain, mended and cut."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from neuraltopic.preprocessing.plain_text import PlainText
from neuraltopic.preprocessing.repair import Repair
from neuraltopic.preprocessing.tokenisers import Tokeniser

Findings = tuple[PlainText | None, Repair | None]


class Cutter(NamedTuple):
    """Cuts texts into forms, and counts in `plain` and `repair` what it found in them.

    Attributes
    ----------
    tokeniser : Tokeniser
    plain : PlainText or None
        None for texts that are taken as they are.
    repair : Repair or None
    """

    tokeniser: Tokeniser
    plain: PlainText | None = None
    repair: Repair | None = None

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the forms of each text."""
        return self.tokeniser(self.clean(texts))

    def clean(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield each text as it is cut."""
        if self.plain is not None:
            texts = self.plain(texts)
        return iter(texts) if self.repair is None else self.repair(texts)

    def fresh(self) -> "Cutter":
        """One that cuts alike, and has found nothing yet."""
        plain = None if self.plain is None else PlainText(keep=self.plain.keep)
        return Cutter(self.tokeniser, plain, None if self.repair is None else Repair())

    def findings(self) -> Findings:
        """What it has found."""
        return self.plain, self.repair

    def add(self, findings: Findings) -> None:
        """Count what another found as well."""
        plain, repair = findings
        if self.plain is not None and plain is not None:
            self.plain.add(plain)
        if self.repair is not None and repair is not None:
            self.repair.add(repair)
