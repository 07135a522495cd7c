"""The recipes of papers on the 20 Newsgroups counts of Miao, Yu and Blunsom (2016), K = 50, beside the papers' figures.

    python -m tests.benchmarks.training.paper_recipes [recipe ...]

Perplexity is exp(-1/D sum_d (1/N_d) bound_d) over the test documents, the ELBO taken with 20 samples. Words are ranked
as the papers rank them, by the columns of R for prodlda and by p(w | topic) for the mixtures. NPMI is that of the ten
first words in whole training documents.

What differs from Srivastava and Sutton (2017):

- They count lemmas without stop words, 1,995 of them; in these counts stop words are left. Their perplexities and
  coherences are of the same order as ours and no more.
- Their NPMI is that of another program, and comes out lower than in whole documents.
- Their published program takes test documents one at a time with batch normalisation as in training, which for a batch
  of one leaves nothing of the document. Ours uses the running moments.
- It also drops out shares, has a constant learning rate, and an average of gradients ten times as long.

The recipes start b at the log frequencies, anneal the learning rate, and warm the KL of the mixtures up. The embedded
topic model is not here: its paper has counts of its own.
"""

import sys
import time

import numpy as np
from scipy.special import log_softmax

from neuraltopic import DocumentVAE
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.coherence import document_npmi
from neuraltopic.topics.diversity import diversity
from neuraltopic.topics.words.ranking import top_words
from tests.benchmarks.data import data_folder
from tests.benchmarks.training.nvdm_perplexity import read_counts

RECIPES = ("prodlda", "nvlda", "gsm")


def main() -> None:
    folder = data_folder() / "20news-nvdm"
    train, test = read_counts(folder / "train.feat"), read_counts(folder / "test.feat")
    counts, tokens = Counts.from_scipy(train), np.asarray(test.sum(1)).ravel()
    totals = counts.word_totals() + 0.5
    per_token = (test @ np.log(totals / totals.sum()))[tokens > 0] / tokens[tokens > 0]
    print(f"the frequencies alone: perplexity {np.exp(-per_token.mean()):.0f}", flush=True)
    for recipe in sys.argv[1:] or RECIPES:
        start = time.process_time()
        model = DocumentVAE(50, recipe=recipe, random_state=0).fit(train)
        seconds = time.process_time() - start
        papers_own = model.components_ if recipe == "prodlda" else log_softmax(model.components_ + model.bias_, axis=1)
        print(f"{recipe}: perplexity {model.perplexity(test):.0f}, {model.n_iter_} epochs, {seconds:.0f} CPU s")
        for name, scores in (("the paper's ranking", papers_own), ("ours", model.word_weights(counts.word_totals()))):
            lists = top_words(scores, 10)
            npmi = document_npmi(lists, counts).mean()
            print(f"  {name}: NPMI {npmi:.3f}, diversity {diversity(lists):.3f}", flush=True)


if __name__ == "__main__":
    main()
