"""The command line. Keras is imported when coding begins, not before."""
