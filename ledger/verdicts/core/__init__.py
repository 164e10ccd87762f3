"""Our detector: two hashed linear models, one file of weights, numpy and xxhash."""
