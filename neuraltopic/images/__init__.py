"""Images: reading, binarising, composing their models, drawing them."""
