"""Latent variables: one family per file."""
