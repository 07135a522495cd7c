"""Models of documents: their encoders and decoders, and the recipes that compose them with a latent."""
