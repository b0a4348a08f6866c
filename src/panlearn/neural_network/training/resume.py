"""A run as a state that can be stored, and back.

What the next step depends on: parameters and buffers, the optimiser's moments, schedule, precision and callbacks, the
random numbers torch will draw next (dropout, augmentation), and the position: pass and batch. The order of the rows
needs no storing, since it follows from the seed and the number of the pass.

A state belongs to one fit. Its fingerprint says which: data, module and settings. A run with another one is refused,
since mixing two fits would give weights that no fit has.
"""

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import ModelFileError
from panlearn.neural_network.training.run import Epoch, Run

FORMAT = 1  # raised when an older panlearn could not read a state
SAMPLE = 4096  # rows of the data that the fingerprint looks at
UNTOLD = ("callbacks", "rate_of", "verbose", "description", "compile")  # settings that change nothing in the result


def state_of(run: Run) -> dict[str, Any]:
    """Everything a run needs to go on; to be asked for by every process of a group at once."""
    run.read()
    return {
        "format": FORMAT,
        "fingerprint": fingerprint(run),
        "position": {"epoch": run.epoch, "batch": run.batch, "step": run.step, "stopped": run.stopped},
        "losses": run.group.all_of([run.total, run.seen, run.rate, run.latest]),
        "history": [list(epoch) for epoch in run.history],
        "module": dict(run.module.state_dict()),
        "optimizer": run.optimizer.state(),
        "schedule": run.schedule.state(),
        "precision": run.precision.state(),
        "callbacks": [[type(callback).__name__, callback.state()] for callback in run.settings.callbacks],
        "random": run.group.all_of(_random_state()),
    }


@torch.no_grad()
def restore(run: Run, state: dict[str, Any], name: str) -> None:
    """Put a run where another one of the same fit stood.

    Parameters
    ----------
    run : Run
        From `start`; changed in place.
    state : dict
        From `state_of`.
    name : str
        Where the state comes from, for messages.

    Raises
    ------
    ModelFileError
        If the state is of another fit or another number of processes.
    """
    _require_same_fit(run, state, name)
    own = run.module.state_dict()
    for key, value in state["module"].items():
        own[key].copy_(value)  # into the views of the flat vector
    run.optimizer.restore(state["optimizer"])
    run.schedule.restore(state["schedule"])
    run.precision.restore(state["precision"])
    for callback, (_, kept) in zip(run.settings.callbacks, state["callbacks"]):
        callback.restore(kept)
    for key, value in state["position"].items():
        setattr(run, key, value)
    run.total, run.seen, run.rate, run.latest = state["losses"][run.group.rank]
    run.history[:] = [Epoch(*epoch) for epoch in state["history"]]
    _restore_random(state["random"][run.group.rank])


def fingerprint(run: Run) -> dict[str, str]:
    """What makes two runs the same fit, each fact in words or as a hash."""
    settings = {key: value for key, value in run.settings._asdict().items() if key not in UNTOLD}
    if run.settings.schedule == "constant":
        del settings["max_epochs"]  # a run may be taken up to go further
    batches = run.batches
    return {
        **{key: _in_words(value) for key, value in settings.items()},
        "rates": str([segment.rate for segment in run.segments]),
        "loss": run.objective.name,
        "batch_size": str(batches.size),
        "order of the rows": str((batches.shuffle, batches.seed, batches.merge_single)),
        "callbacks": str([type(callback).__name__ for callback in run.settings.callbacks]),
        "processes": str(run.group.size),
        "module": _digest([str((k, tuple(v.shape), v.dtype)) for k, v in run.module.state_dict().items()]),
        "data": _data(run),
    }


def _require_same_fit(run: Run, state: dict[str, Any], name: str) -> None:
    if state.get("format") != FORMAT:
        raise ModelFileError(f"{name} was written by another version of panlearn: set resume=False to begin anew.")
    now, then = fingerprint(run), state["fingerprint"]
    differing = [key for key in now if now[key] != then.get(key)]
    if differing:
        facts = "; ".join(f"{key}: {then.get(key)} there, {now[key]} here" for key in differing)
        remedy = "give another path, or resume=False to begin anew"
        raise ModelFileError(f"{name} is of another fit and cannot be resumed ({facts}): {remedy}.")


def _in_words(value: Any) -> str:
    """A setting without the address of an object."""
    text = repr(value)
    return text if " at 0x" not in text else f"{type(value).__name__}({sorted(vars(value).items())})"


def _data(run: Run) -> str:
    """Hash of the targets, the weights, and of rows evenly spread over the data."""
    n = len(run.batches.rows)
    some = torch.from_numpy(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))
    tensors = (*run.batches.rows.take(some), run.batches.target, run.batches.weight)
    return _digest([n, *tensors])


def _digest(parts: list[Any]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, Tensor):
            digest.update(str((tuple(part.shape), part.dtype)).encode())
            digest.update(part.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
        else:
            digest.update(str(part).encode())
    return digest.hexdigest()


def _random_state() -> dict[str, Any]:
    """What torch's generators will draw from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def _restore_random(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
