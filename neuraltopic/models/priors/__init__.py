"""Priors on the weights of the decoder."""
