"""Optimisation: the optimiser, its schedules, and its division among processes."""
