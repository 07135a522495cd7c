"""Models of documents: what encoder, latent and decoder are composed of, and the recipes that compose them."""
