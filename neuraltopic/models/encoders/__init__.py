"""Inference networks for documents."""
