"""Checkpoints: a killed script that is started again goes on, and ends at the same bits.

    Checkpoint("run.safetensors", every_batches=500)

At the beginning of a fit the file, if there is one, is taken up; then it is written anew every so many batches or
passes. After a kill between two writings the batches since the last one are made again, with the same rows and the same
random numbers. A fit that is over leaves its last state: started again, it returns at once.
"""

import math
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator

from panlearn.core.errors import ModelFileError
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.resume import restore, state_of
from panlearn.neural_network.training.state_file import from_bytes, to_bytes, write_atomically

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Run


class Checkpoint(Callback, BaseEstimator):
    """Store the state of a fit from time to time, and take it up when the script is run again.

    Parameters
    ----------
    path : str or path-like
        The file, in safetensors; its folder must exist. One fit, one path.
    every_epochs : int or None, default=1
        Passes between two writings.
    every_batches : int or None, default=None
        Batches between two writings, within a pass; for passes that take long.
    resume : bool, default=True
        Whether to go on from the file, if there is one; False begins anew and replaces it.

    Raises
    ------
    ModelFileError
        At the beginning of a fit, if the folder is missing or cannot be written to, or the file is damaged or belongs
        to another fit: other data, module or settings.

    Warns
    -----
    UserWarning
        If the disk refuses later (it is full, say). Training goes on, the last good checkpoint stays.

    Notes
    -----
    With `learning_rate_schedule="constant"` a finished fit can be taken up with a larger `max_epochs`.

    Examples
    --------
    The second fit finds the first one finished two passes earlier, and makes the other two.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from panlearn.neural_network import NeuralClassifier
    >>> X, y = torch.arange(8.0)[:, None], [0, 0, 0, 0, 1, 1, 1, 1]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saving = Checkpoint(Path(folder) / "run.safetensors")
    ...     model = NeuralClassifier(torch.nn.Linear(1, 2), callbacks=[saving], random_state=0)
    ...     first = model.set_params(max_epochs=2).fit(X, y).loss_curve_
    ...     both = model.set_params(max_epochs=4).fit(X, y).loss_curve_
    >>> both[:2] == first, len(both)
    (True, 4)
    """

    last = True  # what other callbacks keep of this batch has to be in the file

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every_epochs: int | None = 1,
        every_batches: int | None = None,
        resume: bool = True,
    ) -> None:
        self.path, self.every_epochs, self.every_batches, self.resume = path, every_epochs, every_batches, resume

    def on_fit_begin(self, run: "Run") -> None:
        """Take up the file.

        Parameters
        ----------
        run : Run
            The fit.
        """
        for name, every in (("every_epochs", self.every_epochs), ("every_batches", self.every_batches)):
            if every is not None and every < 1:
                raise ValueError(f"{name} of Checkpoint must be a positive integer or None, got {every}.")
        path = Path(self.path)
        problem, data = run.group.from_first(_read(path, self.resume) if run.group.first else None)
        if problem:
            raise ModelFileError(problem)
        if data:
            try:
                state = from_bytes(data)
            except ModelFileError as error:
                raise ModelFileError(f"{path}: {error}; delete it, or set resume=False to begin anew") from None
            restore(run, state, str(path))

    def on_batch_end(self, run: "Run") -> None:
        """Write, if it is time.

        Parameters
        ----------
        run : Run
            The fit.
        """
        if run.batch % (self.every_batches or math.inf) == 0:
            self.write(run)

    def on_epoch_end(self, run: "Run") -> None:
        """Write, if it is time.

        Parameters
        ----------
        run : Run
            The fit.
        """
        over = run.stopped or run.epoch >= run.settings.max_epochs
        if over or run.epoch % (self.every_epochs or math.inf) == 0:
            self.write(run)

    def write(self, run: "Run") -> None:
        """Write now; every process of a group has to call it.

        Parameters
        ----------
        run : Run
            The fit.
        """
        state = state_of(run)
        if not run.group.first:
            return
        try:
            write_atomically(Path(self.path), to_bytes(state))
        except OSError as error:
            left = "the one before is intact" if Path(self.path).exists() else "there is none yet"
            reason = error.strerror or str(error)
            text = f"checkpoint {self.path} could not be written ({reason}); {left}, and training goes on: make room."
            warnings.warn(text, stacklevel=2)


def _read(path: Path, resume: bool) -> tuple[str, bytes]:
    """What is wrong with a path, and the content of its file."""
    if path.is_dir():
        return f"checkpoint path {path} is a folder: give the name of a file, as {path / 'run.safetensors'}", b""
    if not path.parent.is_dir():
        return f"the folder {path.parent} of the checkpoint does not exist: create it first", b""
    if not os.access(path.parent, os.W_OK):
        return f"the folder {path.parent} of the checkpoint cannot be written to: choose another", b""
    try:
        return "", path.read_bytes() if resume and path.exists() else b""
    except OSError as error:
        return f"checkpoint {path} cannot be read: {error.strerror or error}", b""
