"""Times ours and the peers alternately in one process, and gives a ratio only at equal quality.

For each case and size:

1. ours is given the case's target as its tolerance. Each peer is tuned in its own favour: its tolerance starts a
   hundred times looser than the target and is tightened until the error of its answer, computed from the coefficients,
   is below it;
2. a peer that is more than five times slower than the best one so far is stopped there, and one that is more than twice
   slower than the best of its package keeps the time of a single run;
3. the others run in turn with ours, in an order that is reversed each time, with the same number of threads. Calls
   shorter than 20 ms are repeated within a measurement. The ratio is that of the medians, peer / ours;
4. there is no ratio unless our error is no larger than the peer's or within the target, and our objective no higher
   than the peer's by more than the target.
"""

import contextlib
import gc
import math
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from types import FrameType
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

import panlearn
from benchmarks.cases import Case, Contender, Problem

SETTLE = 0.05  # seconds before each run, in which the BLAS threads of the last one stop spinning on the cores
SHORT = 0.02  # seconds below which calls are repeated within one measurement
LONG = 3.0  # seconds of a call above which three measurements do
HOPELESS, SLOW = 5.0, 2.0  # times slower than the best peer: stopped; measured once
LOOSEST, TIGHTEST = 100.0, 1e-6  # tolerances tried, in units of the target
HOLDERS = ("llvmlite", "numba")  # modules that hold locks which an exception from outside leaves locked
NOISY = 0.5  # seconds of a call below which a single run is no measure


class Options(NamedTuple):
    """How to measure."""

    threads: int = 2
    repeats: int = 5
    cap: float = 60.0  # seconds after which a peer is stopped


@dataclass
class Outcome:
    """What a contender reached, and how fast."""

    name: str
    package: str
    version: str
    tol: float | None = None
    error: float = math.inf
    objective: float = math.inf
    seconds: list[float] = field(default_factory=list)  # of one call, in the order measured
    median: float = math.inf
    least: float = math.inf
    verdict: str = ""  # of a peer: "equal", "not equal", or why it was not compared
    ratio: dict[str, float] | None = None  # peer / ours: of the medians, least and largest of the pairs


class Stopped(BaseException):
    """A peer took too long. Like KeyboardInterrupt, it passes every `except Exception` on its way."""


def run_case(case: Case, size: str, options: Options) -> dict[str, Any]:
    """Measure one case at one size.

    Parameters
    ----------
    case : Case
        What to measure.
    size : str
        One of its sizes.
    options : Options
        Threads, repeats, cap.

    Returns
    -------
    dict
        A record fit for JSON.
    """
    problem = case.problem(*case.shapes[size])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of peers that stop early: the quality tells
        ours = _once(case, case.ours, problem, case.target, options)
        peers: list[Outcome] = []
        for peer in case.peers:
            peers.append(_tuned(case, peer, problem, _limit(peers, options), options))
        finalists = _finalists(case, peers)
        _alternate(case, problem, ours, finalists, options)
    for outcome in peers:
        _judge(outcome, ours, case.target)
    return {
        "case": case.name,
        "size": size,
        "rows": len(problem.y),
        "columns": problem.X.shape[1] if problem.X.ndim == 2 else 1,
        "threads": options.threads,
        "target": case.target,
        "measure": case.measure,
        "per_row": case.per_row,
        "date": datetime.now(UTC).date().isoformat(),
        "ours": _plain(ours),
        "peers": [_plain(outcome) for outcome in sorted(peers, key=lambda peer: peer.median)],
    }


def timed(contender: Contender, problem: Problem, tol: float, threads: int, number: int = 1) -> tuple[float, Any]:
    """Seconds of one call, averaged over `number` of them, and the model of the last."""
    model = None
    with threadpool_limits(threads), panlearn.threads(threads):
        gc.collect()
        time.sleep(SETTLE)
        gc.disable()
        try:
            start = time.perf_counter()
            for _ in range(number):
                model = contender.fit(problem, tol)
            seconds = (time.perf_counter() - start) / number
        finally:
            gc.enable()
    return seconds, model


def _once(case: Case, contender: Contender, problem: Problem, tol: float, options: Options) -> Outcome:
    """One measured run after one that warms up."""
    timed(contender, problem, tol, options.threads)
    seconds, model = timed(contender, problem, tol, options.threads)
    error, objective = case.quality(problem, model)
    found = _outcome(contender)
    found.tol, found.error, found.objective = tol if contender.tuned else None, error, objective
    _keep(found, [seconds])
    return found


def _tuned(case: Case, peer: Contender, problem: Problem, limit: float, options: Options) -> Outcome:
    """The peer at the loosest tolerance that reaches the target, or the reason why there is none."""
    found = _outcome(peer)
    tol = LOOSEST * case.target if peer.tuned else case.target
    while tol >= TIGHTEST * case.target:
        try:
            with _stop_after(limit):
                seconds, model = timed(peer, problem, tol, options.threads)
        except (Stopped, Exception) as reason:
            found.verdict = _in_words(reason, limit)
            return found
        found.error, found.objective = (float(x) for x in case.quality(problem, model))
        found.tol = tol if peer.tuned else None
        if found.error <= case.target:
            again = [timed(peer, problem, tol, options.threads)[0] for _ in range(3 if seconds < NOISY else 0)]
            _keep(found, [min(again, default=seconds)])
            return found
        _keep(found, [seconds])
        if not peer.tuned:
            break
        tol *= max(1e-2, min(10**-0.5, case.target / found.error))  # errors are about proportional to tolerances
    found.verdict = "did not reach the target"
    return found


def _in_words(reason: BaseException, limit: float) -> str:
    if isinstance(reason, Stopped):
        return f"stopped after {limit:.3g} s"
    if isinstance(reason, ModuleNotFoundError):
        return f"{reason.name} is not installed"
    return f"failed: {(str(reason).splitlines() or [type(reason).__name__])[0][:80]}"


def _outcome(contender: Contender) -> Outcome:
    return Outcome(contender.name, contender.package, version_of(contender.package))


def _limit(peers: list[Outcome], options: Options) -> float:
    best = min((peer.median for peer in peers if not peer.verdict), default=math.inf)
    return min(options.cap, max(2.0, HOPELESS * best))


def _finalists(case: Case, peers: list[Outcome]) -> list[tuple[Contender, Outcome]]:
    """The peers that may be the best of their package."""
    best: dict[str, float] = {}
    for peer in peers:
        if not peer.verdict:
            best[peer.package] = min(peer.median, best.get(peer.package, math.inf))
    return [
        (contender, outcome)
        for contender, outcome in zip(case.peers, peers)
        if not outcome.verdict and outcome.median <= SLOW * best[outcome.package]
    ]


def _alternate(
    case: Case,
    problem: Problem,
    ours: Outcome,
    finalists: list[tuple[Contender, Outcome]],
    options: Options,
) -> None:
    """Measure ours and the finalists in turn."""
    runners = [(case.ours, ours), *finalists]
    rounds = min(3, options.repeats) if max(outcome.median for _, outcome in runners) > LONG else options.repeats
    turns = [(contender, outcome, _number(outcome.median)) for contender, outcome in runners]
    measured: dict[str, list[float]] = {outcome.name: [] for _, outcome in runners}
    for i in range(rounds):
        for contender, outcome, number in turns if i % 2 == 0 else turns[::-1]:
            tol = case.target if outcome.tol is None else outcome.tol
            measured[outcome.name].append(timed(contender, problem, tol, options.threads, number)[0])
    for _, outcome in runners:
        _keep(outcome, measured[outcome.name])


def _number(seconds: float) -> int:
    return max(1, math.ceil(SHORT / max(seconds, 1e-7))) if seconds < SHORT else 1


def _judge(peer: Outcome, ours: Outcome, target: float) -> None:
    """Equal quality gets a ratio; anything else gets words."""
    if peer.verdict:
        return
    as_good = ours.error <= max(peer.error, target)
    as_low = ours.objective <= peer.objective + target * max(1.0, abs(peer.objective))
    if not (as_good and as_low):
        peer.verdict = "not equal"
        return
    peer.verdict = "equal"
    pairs = [p / o for p, o in zip(peer.seconds, ours.seconds, strict=False)] if len(peer.seconds) > 1 else []
    middle = peer.median / ours.median
    peer.ratio = {"median": middle, "least": min(pairs, default=middle), "largest": max(pairs, default=middle)}


def _keep(outcome: Outcome, seconds: list[float]) -> None:
    outcome.seconds, outcome.median, outcome.least = seconds, median(seconds), min(seconds)


@contextlib.contextmanager
def _stop_after(seconds: float) -> Iterator[None]:
    """Raise `Stopped` at the first Python instruction after so many seconds; without alarms, never."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_: int, frame: FrameType | None) -> None:
        codes = {getattr(callback, "__code__", None) for callback in gc.callbacks}
        while frame and not (frame.f_code in codes or frame.f_globals.get("__name__", "").startswith(HOLDERS)):
            frame = frame.f_back
        if frame is None:
            raise Stopped
        signal.setitimer(signal.ITIMER_REAL, 0.01)  # the collector would swallow it; a compiler would keep its lock

    before: Callable | int | None = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def version_of(package: str) -> str:
    """Installed version of a distribution, "" if there is none."""
    try:
        return panlearn.__version__ if package == "panlearn" else version(package)
    except PackageNotFoundError:
        return ""


def _plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome with figures of ten digits, and None for what was not measured."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.10g}") if math.isfinite(value) else None
        if isinstance(value, dict):
            return {key: rounded(entry) for key, entry in value.items()}
        return [rounded(entry) for entry in value] if isinstance(value, list) else value

    return rounded(asdict(outcome))
