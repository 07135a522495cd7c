"""Which rows are documents, and what became of every row."""
