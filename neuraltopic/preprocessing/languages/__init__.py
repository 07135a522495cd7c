"""The languages of a corpus, with stop words and lemmas for each."""
