"""Blocks that chains and convolutional networks are made of; public names are exported by `panlearn.nn`."""
