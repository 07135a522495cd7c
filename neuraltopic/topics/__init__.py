"""Topics of a fitted model, as word lists and tables."""
