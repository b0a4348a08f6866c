"""What may look at a run, and stop it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Run


class Callback:
    """Base of callbacks: override what is needed.

    Those of panlearn are scikit-learn objects too: they print, clone and store their parameters, and a search may vary
    them (`early_stopping__patience`). One of your own need not be.

    A callback that keeps something from batch to batch returns it from `state`, so that a run that was killed goes on
    as if nothing had happened.
    """

    last = False  # whether it has to see what the other callbacks did: it is called after them

    def on_fit_begin(self, run: "Run") -> None:
        """Before the first batch."""

    def on_batch_end(self, run: "Run") -> None:
        """After each step; costs a call for each batch only where it is overridden."""

    def on_epoch_end(self, run: "Run") -> bool | None:
        """After each pass over the data; a true answer ends the fit."""

    def on_fit_end(self, run: "Run") -> None:
        """After the last batch, also when the fit was stopped."""

    def state(self) -> dict[str, Any]:
        """What the next batch needs: numbers, strings, lists of them, tensors."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up `state`."""


def overrides(callback: Callback, name: str) -> bool:
    """Whether a callback does something at an event."""
    return getattr(type(callback), name) is not getattr(Callback, name)
