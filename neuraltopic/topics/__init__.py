"""What a fitted model says, as word lists and tables."""
