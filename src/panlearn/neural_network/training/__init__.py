"""The training engine: loop, batches, optimisers, schedules, callbacks, checkpoints."""
