"""Training: data, optimizers, the loop and its command line."""
