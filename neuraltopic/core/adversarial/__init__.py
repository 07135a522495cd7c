"""Adversarial training: a discriminator that distinguishes draws."""
