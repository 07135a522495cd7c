"""log p(x | z) of a batch of documents under the energy softmax, as a function of z with its first two derivatives.

With R and b of (17.15), p(w | z) = softmax(z . R_w + b_w) and n the length of a document,

    d/dz log p(x | z) = R x - n E_p[R],    -d^2/dz^2 log p(x | z) = n Cov_p[R].

The mean takes one pass over the vocabulary, 2 K multiply-adds per word and document. The covariance would take K^2 / 2
more, but an approximation is enough: it shapes q and the steps of Newton's method, not their limit. So only the words
of the head are summed one by one for every document, and a few more words that are listed per document.

Axes: B documents, V words, H of them in the head, K topics, P columns of `SplitVocabulary`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from neuraltopic.core.networks import SparseRows, sparse_matmul
from neuraltopic.models.decoders.split_vocabulary import SplitVocabulary, points

# Words of the body with about this probability under z or more are listed: some 100 per document. See
# tests/benchmarks/README.md.
_RARE = 2e-4
# A tile of energies: 1 MiB of float32, which stays in a core's cache.
_TILE_ROWS, _TILE_WORDS = 1 << 8, 1 << 10
# Limit of how much likelier than the head, in nats, the cloud can be: exp of it is finite in float32.
_FAR = 60.0


@dataclass(frozen=True)
class _Listed:
    """Words of the tail, each with its document, and p(w | z) or a term of its normaliser."""

    document: Tensor
    word: Tensor
    value: Tensor

    @classmethod
    def joined(cls, parts: list["_Listed"]) -> "_Listed":
        """The entries of all parts, in the order of their documents."""
        document = torch.cat([part.document for part in parts])
        order = document.argsort(stable=True)
        word, value = torch.cat([part.word for part in parts]), torch.cat([part.value for part in parts])
        return cls(document[order], word[order], value[order])

    def __getitem__(self, entries: Tensor) -> "_Listed":
        """These entries."""
        return _Listed(self.document[entries], self.word[entries], self.value[entries])

    def terms(self, shift: Tensor) -> "_Listed":
        """exp(value - shift) in place of the values, which are energies; shift (B,)."""
        return _Listed(self.document, self.word, torch.exp(self.value - shift[self.document]))

    def add_moments(self, tail: Tensor, first: Tensor, second: Tensor) -> None:
        """Add the sums of p R to `first` (B, K), and of p R R^T to `second` (B, K, K)."""
        K, lengths = first.shape[1], torch.bincount(self.document, minlength=len(first)).tolist()
        for b, (word, p) in enumerate(zip(self.word.split(lengths), self.value.split(lengths), strict=True)):
            if len(word):
                factors = tail[word, :K]
                weighted = factors * p[:, None]
                first[b] += weighted.sum(0)
                second[b].addmm_(weighted.T, factors)


@dataclass(frozen=True)
class DocumentLikelihood:
    """log p(x | z) of B documents; nothing is differentiable.

    Attributes
    ----------
    vocabulary : SplitVocabulary
    length : Tensor of shape (B,)
        n.
    statistics : Tensor of shape (B, K + 1)
        R x and b . x.
    own : SparseRows of shape (B, V - H)
        The words of each document that are in the tail.
    """

    vocabulary: SplitVocabulary
    length: Tensor
    statistics: Tensor
    own: SparseRows

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, counts: SparseRows) -> "DocumentLikelihood":
        """The likelihood of counts (B, V), from R transposed (V, K) and b (V,)."""
        vocabulary = SplitVocabulary.split(weight, bias)
        statistics = sparse_matmul(counts, torch.cat([weight, bias[:, None]], 1))
        place = vocabulary.place[counts.indices]
        inside = place >= 0
        ends = torch.cat([inside.new_zeros(1, dtype=torch.int64), inside.cumsum(0)])
        own = SparseRows(place[inside], ends[counts.offsets], counts.values[inside], len(vocabulary.tail))
        return cls(vocabulary, counts.row_sums(), statistics, own)

    def __getitem__(self, rows: Tensor) -> "DocumentLikelihood":
        """Of the documents with these numbers."""
        return type(self)(self.vocabulary, self.length[rows], self.statistics[rows], self.own[rows])

    def rough(self) -> "RoughLikelihood | None":
        """A cheaper likelihood with a maximum nearby; None where there is no tail."""
        if not len(self.vocabulary.tail):
            return None
        return RoughLikelihood(self.vocabulary, self.length, self.statistics, self.own)

    def gradient(self, z: Tensor) -> Tensor:
        """d/dz log p(x | z), (B, K) from z (B, K); the head, with most of the probability, in the dtype of z."""
        K = z.shape[1]
        _, sums, _ = self._pass(z, listing=False)
        return self.statistics[:, :K] - self.length[:, None] * sums[:, :K] / sums[:, K + 1, None]

    def expansion(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log p(x | z) (B,), its gradient (B, K) and n Cov_p(R), minus its Hessian (B, K, K), from z (B, K).

        The words of the head and the listed ones enter the covariance with their probability. The rest of the tail
        enters with its mass and mean, and with the covariance of the tail at z = 0.
        """
        K, n = z.shape[1], self.length
        shift, sums, listed = self._pass(z, listing=True)
        total = sums[:, K + 1]
        log_normaliser, mean = shift + total.log(), sums[:, :K] / total[:, None]
        listed = _Listed(listed.document, listed.word, listed.value / total[listed.document])
        first, second, mass = self._moments(z, log_normaliser, listed)
        if len(self.vocabulary.tail):
            rest, left = (1.0 - mass).clamp_min(torch.finfo(z.dtype).eps), mean - first
            second += rest[:, None, None] * self.vocabulary.spread
            second += (left / rest[:, None])[:, :, None] * left[:, None, :]
        value = (self.statistics[:, :K] * z).sum(1) + self.statistics[:, K] - n * log_normaliser
        spread = second - mean[:, :, None] * mean[:, None, :]
        return value, self.statistics[:, :K] - n[:, None] * mean, n[:, None, None] * spread

    def _moments(self, z: Tensor, log_normaliser: Tensor, listed: _Listed) -> tuple[Tensor, Tensor, Tensor]:
        """Sums of p R (B, K), p R R^T (B, K, K) and p (B,) over the head and the listed words."""
        (B, K), head = z.shape, self.vocabulary.head
        probability = torch.exp(points(z, log_normaliser) @ head.T)
        first, mass = probability @ head[:, :K], probability.sum(1)
        i, j = torch.triu_indices(K, K, device=z.device)
        pairs = probability @ self.vocabulary.products.T
        second = z.new_empty(B, K, K)
        second[:, i, j] = pairs
        second[:, j, i] = pairs
        listed.add_moments(self.vocabulary.tail, first, second)
        return first, second, mass.index_add_(0, listed.document, listed.value)

    def _pass(self, z: Tensor, *, listing: bool) -> tuple[Tensor, Tensor, _Listed]:
        """A shift (B,), sum_w exp(z . R_w + b_w - shift) [R_w, b_w, 1] (B, P) in the dtype of z, and listed words.

        With `listing`, the listed words are those of the body likelier than about `_RARE` and the document's own words
        outside the body, with their terms of the sum.
        """
        tail = self.vocabulary.tail
        energies, shift = self._head_energies(z)
        sums, listed = self._tail_sums(z, shift, len(tail), listing=listing)
        beyond = sums[:, z.shape[1] + 1].isinf().nonzero()[:, 0]
        if len(beyond):
            far = points(z[beyond].to(tail.dtype))
            shift[beyond] = torch.stack([(far @ words.T).amax(1) for words in tail.split(_TILE_WORDS)]).amax(0)
            sums, listed = self._tail_sums(z, shift, len(tail), listing=listing)
        if listing:
            own = self._own_energies(z)
            listed = _Listed.joined([listed, own[own.word >= self.vocabulary.n_body].terms(shift)])
        return shift, self._add_head(sums, energies, shift), listed

    def _head_energies(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z . R_w + b_w of the head (B, H), in the dtype of z, and its log sum exp (B,), in that of R."""
        energies = points(z) @ self.vocabulary.head.to(z.dtype).T
        return energies, torch.logsumexp(energies, 1).to(self.vocabulary.head.dtype)

    def _add_head(self, sums: Tensor, energies: Tensor, shift: Tensor) -> Tensor:
        """Add the part of the head to the sums (B, P) of `_pass`, in place."""
        return sums.addmm_(torch.exp(energies - shift[:, None]), self.vocabulary.head.to(sums.dtype))

    def _own_energies(self, z: Tensor) -> _Listed:
        """The documents' own words in the tail, with z . R_w + b_w."""
        document, word = self.own.row_numbers, self.own.indices
        return _Listed(document, word, (points(z)[document] * self.vocabulary.tail[word]).sum(1))

    def _tail_sums(self, z: Tensor, shift: Tensor, n_words: int, *, listing: bool) -> tuple[Tensor, _Listed]:
        """The part of the first words of the tail in the sums of `_pass`, (B, P), and the likely words of the body."""
        tail = self.vocabulary.tail[:n_words]
        single = z.to(tail.dtype)
        shifted = points(single, shift)
        # The normaliser is not known before the pass is over, but the head or the peak is 1, and the cloud is known.
        cut = _RARE * (1.0 + torch.exp((self.vocabulary.cloud.energy(single) - shift).clamp_max(_FAR)))
        sums = torch.zeros_like(shifted, dtype=z.dtype)
        none = torch.zeros(0, dtype=torch.int64, device=z.device)
        found = [_Listed(none, none, single.new_zeros(0))]
        for start in range(0, len(z), _TILE_ROWS):
            rows = slice(start, start + _TILE_ROWS)
            for first in range(0, len(tail), _TILE_WORDS):
                words = tail[first : first + _TILE_WORDS]
                terms = (shifted[rows] @ words.T).exp_()
                sums[rows] += terms @ words
                if listing and first < self.vocabulary.n_body:
                    body = terms[:, : self.vocabulary.n_body - first]
                    document, word = (body > cut[rows, None]).nonzero(as_tuple=True)
                    found.append(_Listed(document + start, word + first, terms[document, word]))
        return sums, _Listed.joined(found)


class RoughLikelihood(DocumentLikelihood):
    """log p(x | z) with a cloud in place of the words that are outside head and body and not in the document.

    A pass takes a sixth of the time at V = 100,000, and its maximum is about 0.1 from the exact one. Only the
    document's own words are listed.
    """

    def _pass(self, z: Tensor, *, listing: bool) -> tuple[Tensor, Tensor, _Listed]:
        K, cloud = z.shape[1], self.vocabulary.cloud
        energies, shift = self._head_energies(z)
        own, cloud_energy = self._own_energies(z), cloud.energy(z)
        shift = torch.maximum(shift, cloud_energy).scatter_reduce(0, own.document, own.value, "amax")
        sums, _ = self._tail_sums(z, shift, self.vocabulary.n_body, listing=False)
        listed = own.terms(shift)
        beyond = listed[listed.word >= self.vocabulary.n_body]
        sums.index_add_(0, beyond.document, self.vocabulary.tail[beyond.word] * beyond.value[:, None])
        term = torch.exp(cloud_energy - shift)
        sums[:, :K] += term[:, None] * cloud.centre(z)
        sums[:, K + 1] += term
        return shift, self._add_head(sums, energies, shift), listed
