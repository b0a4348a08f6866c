"""Training: the loop.

    for each epoch
        for each batch
            z = module(x)                          forward
            loss = mean_i w_i loss(z_i, y_i)
            g = d loss / d theta                   backward: the chain rule from the loss to the input (note 001 §5.4)
            g += l1 sign(w) + l2 w                 penalties, on weights only
            g is clipped                           if asked
            theta = optimiser's update             at the schedule's rate
        validation, callbacks

Everything a fit depends on besides the data is in `Run`: a checkpoint stores it, and a killed run that is taken up
again ends at the same bits. A loss that is not finite ends the fit at the batch where it arose (`faults`).

A module with a method `backpropagate(batch, objective) -> loss` adds its gradients itself, without a graph; one with
`windows(batch)` is trained on the parts of each batch that it yields, one update each (`truncated`).

Course notes: 001 §5-§7, 002, 004 §7.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.core.progress import progress
from panlearn.neural_network.training.batches import Batch, Batches
from panlearn.neural_network.training.callback import Callback, overrides
from panlearn.neural_network.training.distributed import current_group, require_same
from panlearn.neural_network.training.faults import check_update
from panlearn.neural_network.training.flat_parameters import flatten
from panlearn.neural_network.training.objective import Objective
from panlearn.neural_network.training.optimizers import base_rate, make_optimizer
from panlearn.neural_network.training.precision import Precision
from panlearn.neural_network.training.regularization import Regularization
from panlearn.neural_network.training.run import Epoch, Run
from panlearn.neural_network.training.schedules import make_schedule
from panlearn.neural_network.training.settings import Settings

Validate = Callable[[nn.Module], tuple[float, float]]  # module to (loss, score) on rows kept aside


def start(module: nn.Module, batches: Batches, objective: Objective, settings: Settings) -> Run:
    """Prepare a fit."""
    group = current_group(batches.device)
    if group.size > 1:
        batches = batches._replace(share=(group.rank, group.size), seed=group.from_first(batches.seed))
        facts = {"number of rows": len(batches.rows), "batch_size": batches.size, "max_epochs": settings.max_epochs}
        require_same(group, facts)
        group.same_module(module)
        torch.manual_seed(torch.initial_seed() + group.rank)  # every process drops units of its own
    segments = flatten(module, settings.rate_of)
    settings = settings._replace(learning_rate=base_rate(settings.optimizer, settings.learning_rate))
    optimizer = make_optimizer(settings.optimizer, segments)
    schedule = make_schedule(settings.schedule, len(batches), settings.max_epochs)
    precision = Precision(settings.precision, batches.device)
    return Run(module, batches, objective, settings, segments, optimizer, schedule, precision, group)


def train(run: Run, validate: Validate | None = None) -> Run:
    """Go on with a fit until its last epoch, until a callback stops it, or until Ctrl-C.

    Parameters
    ----------
    run : Run
        From `start`; changed in place.
    validate : callable, optional
        Loss and score on rows kept aside, asked after each epoch.

    Returns
    -------
    Run
        The same; `stopped` says why it ended before the last epoch.

    Raises
    ------
    DivergenceError
        If a loss is not finite; the message names the layer.
    """
    callbacks = sorted(run.settings.callbacks, key=lambda callback: callback.last)
    step = stepper(run)
    for callback in callbacks:
        callback.on_fit_begin(run)
    try:
        _epochs(run, step, callbacks, validate)
    except KeyboardInterrupt:
        run.stopped = "interrupted by Ctrl-C"
        warnings.warn("Training interrupted by user.", stacklevel=2)  # the words of scikit-learn's networks
        if run.seen:
            _write_history(run, None)  # of the part of a pass that was done
    finally:
        for callback in callbacks:
            callback.on_fit_end(run)
        run.module.eval()
    return run


def _epochs(run: Run, step: Callable[[Batch], None], callbacks: list[Callback], validate: Validate | None) -> None:
    """Passes over the data."""
    settings, each_batch = run.settings, [c for c in callbacks if overrides(c, "on_batch_end")]
    parts = getattr(run.module, "windows", lambda batch: (batch,))
    passes = range(run.epoch, 0 if run.stopped else settings.max_epochs)
    certificate = lambda: f"loss {run.last.loss:.4g}" if run.history else ""  # noqa: E731
    shown = settings.verbose and run.group.first
    for epoch in progress(passes, settings.description, enabled=shown, certificate=certificate):
        run.module.train()
        for batch in run.batches.epoch(epoch, run.batch):
            for part in parts(batch):
                step(part)
            run.batch += 1
            run.step += 1
            for callback in each_batch:
                callback.on_batch_end(run)
        close_epoch(run, validate)
        votes = [callback.on_epoch_end(run) for callback in callbacks]  # every one is asked
        if run.group.any(any(votes)):
            break


def stepper(run: Run) -> Callable[[Batch], None]:
    """Return the update on one batch."""
    settings, segments, group, precision = run.settings, run.segments, run.group, run.precision
    regularization = Regularization(settings, segments)
    gradients = [segment.gradient for segment in segments]
    compute = _by_hand(run, gradients) if _has_own_backward(run) else _by_autograd(run, gradients)
    guard = Guard(gradients) if run.batches.device.type != "cpu" else None

    def step(batch: Batch) -> None:
        if len(batch.target) or group.size == 1:
            loss = compute(batch)
            if guard:
                guard.check(loss)
        if group.size > 1:
            share = len(batch.target) / run.batches.size_of(run.batch)  # 0 where there are fewer rows than processes
            for gradient in gradients:
                gradient.mul_(share)
            group.add(gradients)
        if not precision.unscale(gradients):
            return
        rate = run.rate = settings.learning_rate * run.schedule.rate(run)
        regularization.before(rate)  # penalties, clipping
        run.optimizer.step(rate)
        regularization.after()  # norms of neurons

    return step


def _has_own_backward(run: Run) -> bool:
    """Whether the module's hand-written backward pass serves these settings."""
    return hasattr(run.module, "backpropagate") and run.precision.dtype is None and not run.settings.compile


def _by_hand(run: Run, gradients: list[Tensor]) -> Callable[[Batch], Tensor]:
    """Loss and gradients by the module's own backward pass."""
    backpropagate: Any = run.module.backpropagate

    def compute(batch: Batch) -> Tensor:
        for gradient in gradients:
            gradient.zero_()
        loss = backpropagate(batch, run.objective).detach()
        run.record(loss, len(batch.target))
        return loss

    return compute


def _by_autograd(run: Run, gradients: list[Tensor]) -> Callable[[Batch], Tensor]:
    """Loss and gradients by torch's graph."""
    objective, precision = run.objective, run.precision
    module: Any = _compiled(run.module) if run.settings.compile else run.module

    def compute(batch: Batch) -> Tensor:
        with precision.forward():
            output = module(*batch.inputs)
        if precision.dtype is not None:
            output = output.float()  # a loss adds up small differences
        loss: Tensor = objective(output, batch.target, batch.weight)
        run.record(loss.detach(), len(batch.target))  # before the gradients of the last batch, which `faults` may want
        for gradient in gradients:
            gradient.zero_()
        precision.backward(loss)
        return loss

    return compute


class Guard:
    """Keeps an accelerator's weights finite until the loss that was not is read: from then on gradients are 0."""

    def __init__(self, gradients: list[Tensor]) -> None:
        self.gradients = gradients
        self.lost = torch.zeros((), dtype=torch.bool, device=gradients[0].device) if gradients else torch.tensor(False)

    def check(self, loss: Tensor) -> None:
        """Look at a loss without waiting for it."""
        self.lost.logical_or_(loss.detach().isfinite().logical_not_())
        for gradient in self.gradients:
            gradient.masked_fill_(self.lost, 0.0)


def _compiled(module: nn.Module) -> Callable[..., Tensor]:
    """Module through torch.compile, with a plain message where there is no compiler."""
    from torch._dynamo.exc import TorchDynamoException  # here: it loads the compiler

    compiled = torch.compile(module)

    def forward(*inputs: Tensor) -> Tensor:
        try:
            return compiled(*inputs)
        except TorchDynamoException as error:
            reason = str(error).strip().partition("\n")[0]
            remedy = "it needs a C++ compiler on the path (or Triton on CUDA): install one, or set compile=False"
            raise DataError(f"compile=True failed: {reason}; {remedy}.") from error

    return forward


def close_epoch(run: Run, validate: Validate | None) -> None:
    """End a pass: check the weights, write its history, move the schedule."""
    run.read()
    check_update(run)
    run.group.same_module(run.module)  # running statistics, which differ
    _write_history(run, validate)
    run.epoch, run.batch, run.total, run.seen = run.epoch + 1, 0, 0.0, 0
    run.schedule.observe(run)


def _write_history(run: Run, validate: Validate | None) -> None:
    """Note what the pass came to."""
    norm = math.sqrt(sum(float(segment.gradient.square().sum()) for segment in run.segments))
    parts = [(run.total, run.seen)] if run.stopped else run.group.all_of((run.total, run.seen))
    total, seen = (sum(values) for values in zip(*parts))
    run.module.eval()
    validation = validate(run.module) if validate else (None, None)
    run.history.append(Epoch(total / seen, norm, run.rate, *validation))
