"""The latent-variable core: knows tensors, neither words nor pixels."""
