"""Runs: fits that are folders."""
