"""Benchmarks: ours and the peers at equal quality, one file a family; `python -m benchmarks FAMILY`."""
