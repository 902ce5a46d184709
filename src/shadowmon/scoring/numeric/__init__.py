"""Two answers made of numbers: vectors, tensors, orders of documents, tokens' likelihoods."""
