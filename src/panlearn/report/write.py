"""Render a comparison into one HTML file and put it on disk, whole or not at all."""

import base64
import hashlib
import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from panlearn.core.references import bibtex, cite
from panlearn.evaluation.comparison import Comparison
from panlearn.report.diagram import inert_page
from panlearn.report.pictures import pictures
from panlearn.report.tables import class_shares, leaderboard
from panlearn.report.wording import format_seconds, headline, metric_title, scored


def render_report(comparison: Comparison) -> str:
    """Return the report of a comparison as the text of an HTML page.

    The page loads nothing: style, script and pictures are inside, and its content security policy forbids the rest.
    Names and labels from the data are escaped. Equal comparisons give equal pages.

    Parameters
    ----------
    comparison : Comparison
        What `panlearn.evaluation.compare` returned.

    Returns
    -------
    str
        The page.

    Examples
    --------
    >>> import pandas as pd
    >>> from panlearn.evaluation import compare
    >>> line = pd.DataFrame({"x": [float(i) for i in range(40)], "y": [2.0 * i + 0.5 for i in range(40)]})
    >>> page = render_report(compare(line, "y", methods=["sklearn: LinearRegression", "sklearn: Dummy"]))
    >>> "Always guessing the mean gets R²" in page, "<img" in page
    (True, False)
    """
    loader = PackageLoader("panlearn.report")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script, style = (loader.get_source(environment, name)[0] for name in ("report.js", "report.css"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    citations = list(comparison.citations)
    return environment.get_template("report.html.j2").render(
        comparison=comparison,
        data=comparison.data,
        headline=headline(comparison),
        any_result=bool(scored(comparison)),
        metric=metric_title(comparison, comparison.metric),
        board=leaderboard(comparison),
        pictures=pictures(comparison),
        shares=class_shares(comparison),
        duration=format_seconds(comparison.seconds),
        diagram=inert_page(comparison.pipeline_html) if comparison.pipeline_html else "",
        source=comparison.data.path or ("bundled data" if comparison.command else "a table in memory"),
        command=_command(comparison),
        references=cite(citations),
        bibtex=bibtex(citations),
        style=Markup(style),
        script=Markup(script),
        script_digest=digest,
    )


def _command(comparison: Comparison) -> str:
    """How to run the comparison again: on the command line, or in Python if the table came from there."""
    if comparison.command:
        return comparison.command
    target, task, metric = comparison.data.target, comparison.data.task, comparison.metric
    folds = int(comparison.folds.max(initial=-1)) + 1
    cv = f", cv={folds}" if folds > 1 else ""
    return (
        f"from panlearn.evaluation import compare\n\ncompare(table, {target!r}, task={task!r}, metric={metric!r}{cv})"
    )


def write_report(comparison: Comparison, path: str | os.PathLike[str]) -> Path:
    """Write the report of a comparison as one self-contained HTML file.

    The file appears under its name only when it is complete: a full disk or Ctrl-C leaves an older report as it was.

    Parameters
    ----------
    comparison : Comparison
        What `panlearn.evaluation.compare` returned; a partial one, or one in which nothing ran, is reported as such.
    path : str or path-like
        Where to write; missing folders are made.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    OSError
        If the file cannot be written; the message names the place and the reason.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from panlearn.evaluation import compare
    >>> line = pd.DataFrame({"x": [float(i) for i in range(40)], "y": [2.0 * i + 0.5 for i in range(40)]})
    >>> found = compare(line, "y", methods=["sklearn: Dummy"])
    >>> write_report(found, pathlib.Path(tempfile.mkdtemp()) / "report.html").name
    'report.html'
    """
    target = Path(path)
    page = render_report(comparison).encode()
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(page)
        partial.replace(target)
    except OSError as error:
        reason = f"cannot write the report to {target} ({error.strerror}): choose another path or free some space"
        raise type(error)(reason) from error
    finally:
        if partial.exists():
            partial.unlink()
    return target
