"""From texts to bag-of-words counts over a vocabulary, with a ledger of every input row."""
