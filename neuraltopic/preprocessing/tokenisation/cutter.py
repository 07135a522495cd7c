"""From raw texts to tokens: cleaning, then tokenisation."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from neuraltopic.preprocessing.cleaning.batch_signs import signs_of_batch
from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.tokenisation.numbering import NumberedWords
from neuraltopic.preprocessing.tokenisation.token_stream import Block, FormIds, numbered
from neuraltopic.preprocessing.tokenisation.tokenisers import Tokeniser, WordTokeniser


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

    def numbered(self, batches: Iterable[list[str]], ids: FormIds) -> Iterator[Block]:
        """Yield blocks of texts with their forms as numbers (int32), each form numbered at first sight.

        Parameters
        ----------
        batches : iterable of list of str
            Texts in order.
        ids : FormIds
            May be cleared between two blocks.
        """
        if not isinstance(self.tokeniser, WordTokeniser):
            yield from numbered(self.tokeniser(itertools.chain.from_iterable(map(self.clean, batches))), ids)
            return
        words = NumberedWords(self.tokeniser, ids)
        cleaned = self._as_they_are if self.plain is None else self.plain.cleaned
        for batch in batches:
            yield from words(*cleaned(batch))
        yield from words.rest()

    def clean(self, texts: list[str]) -> list[str]:
        """Each text as it is cut."""
        return texts if self.plain is None else self.plain.cleaned(texts)[0]

    def fresh(self) -> "Cutter":
        """One that cuts alike, and has found nothing yet."""
        return Cutter(self.tokeniser, None if self.plain is None else PlainText(keep=self.plain.keep))

    @staticmethod
    def _as_they_are(batch: list[str]) -> tuple[list[str], list[int]]:
        """The texts and their signs."""
        return batch, signs_of_batch(batch)

    def add(self, plain: PlainText | None) -> None:
        """Count what another found as well."""
        if self.plain is not None and plain is not None:
            self.plain.add(plain)
