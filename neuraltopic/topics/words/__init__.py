"""Words of topics: the rankings."""
