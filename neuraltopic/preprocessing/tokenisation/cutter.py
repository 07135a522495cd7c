"""From raw texts to tokens: cleaning, then tokenisation."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.tokenisation.numbering import numbered_texts
from neuraltopic.preprocessing.tokenisation.token_stream import Block, FormIds
from neuraltopic.preprocessing.tokenisation.tokenisers import Tokeniser


class Cutter(NamedTuple):
    """Cuts texts into forms, and counts in `plain` what it found in them.

    Attributes
    ----------
    tokeniser : Tokeniser
    plain : PlainText or None
        None for texts that are taken as they are.
    """

    tokeniser: Tokeniser
    plain: PlainText | None = None

    def numbered(self, texts: Iterable[str], ids: FormIds) -> Iterator[Block]:
        """Yield blocks of texts with their forms as numbers, see `numbered_texts`."""
        return numbered_texts(self.clean(texts), self.tokeniser, ids)

    def clean(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield each text as it is cut."""
        return iter(texts) if self.plain is None else self.plain(texts)

    def fresh(self) -> "Cutter":
        """One that cuts alike, and has found nothing yet."""
        return Cutter(self.tokeniser, None if self.plain is None else PlainText(keep=self.plain.keep))

    def add(self, plain: PlainText | None) -> None:
        """Count what another found as well."""
        if self.plain is not None and plain is not None:
            self.plain.add(plain)
