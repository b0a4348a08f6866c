"""The table of methods: each estimator describes itself, one walk over `__all__` collects them.

An estimator joins the leaderboard of `panlearn compare`, the list of `panlearn methods` and `docs/map.md` by its
own `@method(...)` line. There is no list to edit: `discover` imports every area of the package, reads its `__all__`
and keeps the classes that carry a `Method`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

TASKS = ("regression", "counts", "binary", "multiclass", "clustering", "density", "decomposition", "sequence")

WITHOUT_METHODS = {"cli", "core", "datasets", "plot", "report"}  # not imported to look for methods: some are heavy


class Method(NamedTuple):
    """What `compare` has to know of an estimator before it fits one."""

    title: str  # the method's textbook name
    tasks: tuple[str, ...]  # subset of TASKS; none for a method that no comparison suits, as several targets
    notes: tuple[str, ...]  # sections of the course notes, as "003 1.4"
    # "scaled": features on one scale; "dense": no sparse input; "nonnegative": features >= 0;
    # "codes": categories as whole numbers rather than columns of zeros and ones;
    # "native": a data frame with categories, and with missing numbers as they are
    needs: tuple[str, ...]
    cost: Callable[[int, int, int], float]  # floating-point operations of one fit, from rows, columns, outputs
    settings: Mapping[str, Any]  # constructor arguments that differ from the defaults in a comparison


class Entry(NamedTuple):
    """A public estimator with its description."""

    name: str  # class name, "Ridge"
    path: str  # import path, "panlearn.linear_model.Ridge"
    estimator: type
    method: Method


def method(
    title: str,
    *,
    tasks: tuple[str, ...],
    notes: tuple[str, ...],
    cost: Callable[[int, int, int], float],
    needs: tuple[str, ...] = (),
    settings: Mapping[str, Any] | None = None,
) -> Callable[[type], type]:
    """Describe an estimator class, so that `discover` finds it.

    Raises
    ------
    ValueError
        If a task is not one of `TASKS`.
    """
    if unknown := set(tasks) - set(TASKS):
        raise ValueError(f"tasks must be among {TASKS}, got {sorted(unknown)}")

    def describe(cls: type) -> type:
        cls._method = Method(title, tuple(tasks), tuple(notes), tuple(needs), cost, dict(settings or {}))
        return cls

    return describe


def areas() -> list[str]:
    """Names of the public areas of the package, as "linear_model"."""
    import panlearn

    return sorted(m.name for m in pkgutil.iter_modules(panlearn.__path__) if m.ispkg and not m.name.startswith("_"))


def discover(*, task: str | None = None) -> Iterator[Entry]:
    """Walk every area's `__all__` and yield the estimators that describe themselves, sorted by path.

    An area whose optional dependency (torch) is not installed is passed over.
    """
    for area in areas():
        if area in WITHOUT_METHODS:
            continue
        try:
            module = importlib.import_module(f"panlearn.{area}")
        except ModuleNotFoundError as missing:
            if (missing.name or "").startswith("panlearn"):
                raise
            continue
        for name in sorted(getattr(module, "__all__", ())):
            found: Any = getattr(module, name, None)
            described = vars(found).get("_method") if isinstance(found, type) else None
            if described is not None and (task is None or task in described.tasks):
                yield Entry(name, f"panlearn.{area}.{name}", found, described)
