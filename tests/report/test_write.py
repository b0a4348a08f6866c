"""The file: complete, inert, self-contained, the same every time, and well behaved in a real browser."""

import html
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from panlearn.core.references import cite
from panlearn.report import render_report, write_report
from tests.report.conftest import HOSTILE, KINDS, NAMES, classification, page_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=4000",
]


class _Page(HTMLParser):
    """Elements and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_every_method_column_and_reference_is_there(kind):
    comparison = KINDS[kind]()
    text = _Page(page_of(kind)).text
    for row in comparison.rows:
        assert row.name in text
        assert row.error in text
    for column in comparison.data.columns:
        assert column.name in text
    for reference in cite(comparison.citations):
        assert reference in text
    for package, version in comparison.versions.items():
        assert f"{package} {version}" in text


def test_the_command_is_shown_as_it_was_given(nothing_ran):
    command = "panlearn compare 'my table.csv' --target y --seed 3"
    assert command in _Page(render_report(nothing_ran._replace(command=command))).text


def test_a_table_from_python_is_reproduced_in_python(nothing_ran):
    page = render_report(nothing_ran._replace(data=nothing_ran.data._replace(path="", target="it's")))
    assert """compare(table, "it's", task='binary', metric='accuracy')""" in _Page(page).text
    assert "A table in memory: 300 rows" in _Page(page).text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_partial_result_says_so():
    assert "Partial result. The comparison was ended early by Ctrl-C: not" in _Page(page_of("partial")).text
    assert "Partial result." not in _Page(page_of("binary")).text


def test_names_from_the_data_are_inert(kind):
    page = page_of(kind)
    assert HOSTILE not in page
    assert _Page(page).count("script") == 1


def test_hostile_strings_in_every_text_field_are_inert(binary):
    bad = '"><img src=x onerror=alert(1)>'
    data = binary.data._replace(path=bad, target=bad, notes=(bad,), classes=(bad, "yes"), target_counts=(1, 2))
    rows = tuple(
        row._replace(name=f"{bad}{i}", title=bad, certificate=bad, error=row.error and bad, source=bad)
        for i, row in enumerate(binary.rows)
    )
    hostile = binary._replace(data=data, rows=rows, splitter=bad, versions={bad: bad}, notes=(bad,))
    page = _Page(render_report(hostile))
    assert not any("onerror" in attributes for _, attributes in page.elements)
    assert page.count("img") == 0


def test_nothing_is_loaded_from_elsewhere(kind):
    page = page_of(kind)
    for tag, attributes in _Page(page).elements:
        for name in ("src", "href", "xlink:href", "data", "action", "poster", "srcset"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:image/")), f"<{tag} {name}={value[:60]!r}>"
    assert not re.search(r"url\(\s*[\"']?(?!#|data:)", page.replace("&#34;", '"'))
    assert "@import" not in page


def test_equal_comparisons_give_equal_pages():
    again = render_report(classification(("no", "yes")))  # in one process: the diagrams' running numbers differ
    assert again == page_of("binary")


def test_headers_say_how_they_are_sorted():
    headers = [attributes for tag, attributes in _Page(page_of("binary")).elements if tag == "th"]
    states = {attributes.get("aria-sort") for attributes in headers if attributes.get("scope") == "col"}
    assert states == {"none", "ascending", None}


def test_figures_are_named():
    svgs = [attributes for tag, attributes in _Page(page_of("binary")).elements if tag == "svg"]
    assert svgs
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in svgs)


def test_writes_into_a_new_folder_and_replaces_an_older_report(nothing_ran, tmp_path):
    path = write_report(nothing_ran, tmp_path / "new" / "folder" / "report.html")
    assert path.read_text(encoding="utf-8") == render_report(nothing_ran)
    write_report(nothing_ran._replace(rows=()), str(path))
    assert "No method ran" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]


def test_a_full_disk_leaves_the_older_report(nothing_ran, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("older")

    def full(self, data):
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        OSError, match=r"cannot write the report to .*No space left on device.*choose another path"
    ) as stopped:
        write_report(nothing_ran, path)
    assert not str(stopped.value).startswith("[Errno")
    assert path.read_text() == "older"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_unwritable_places_are_named(nothing_ran, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot write the report to .*report.html"):
        write_report(nothing_ran, tmp_path / "file" / "report.html")
    with pytest.raises(OSError, match="it is a folder"):
        write_report(nothing_ran, tmp_path)


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """Open a page in a real browser; return the document after its scripts ran, and what the console said."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    folder = tmp_path_factory.mktemp("browser")

    def open_page(page: str, *flags: str) -> tuple[str, list[str]]:
        path = folder / "page.html"
        path.write_text(page, encoding="utf-8")
        command = [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, "--dump-dom", path.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "Uncaught" in line]
        return done.stdout, console

    return open_page


def _with_script(page: str, script: str) -> str:
    """Add a script that runs after the page's own; the page's policy would stop it."""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    return page.replace("</body>", f"<script>addEventListener('load', () => {{ {script} }})</script></body>")


@pytest.mark.parametrize("kind", KINDS)
def test_browser_shows_the_page_without_complaint(browse, kind):
    document, console = browse(page_of(kind), "--window-size=1280,900")
    assert console == []
    assert "<title>broken</title>" not in document


def test_browser_draws_every_picture_and_fits_the_diagram(browse):
    script = """
      const boxes = [...document.querySelectorAll('svg')].map((svg) => svg.getBoundingClientRect());
      const frame = document.querySelector('iframe').getBoundingClientRect();
      const visible = boxes.filter((box) => box.width > 300 && box.height > 100);
      document.title = [boxes.length, visible.length, Math.round(frame.height)].join(' ');
    """
    document, console = browse(_with_script(page_of("binary"), script), "--window-size=1280,900")
    count, visible, height = map(int, re.findall(r"<title>(\d+) (\d+) (\d+)</title>", document)[0])
    assert console == []
    assert count == visible == 7
    assert 100 < height < 400


def test_browser_sorts_by_click_and_by_keyboard(browse):
    script = """
      const table = document.querySelector('#leaderboard table');
      const names = () => [...table.tBodies[0].rows].map((row) => row.cells[1].dataset.sort).join(',');
      const header = (title) => [...table.querySelectorAll('thead th')].find((th) => th.innerText.startsWith(title));
      const state = () => names() + '/' + header('accuracy').getAttribute('aria-sort');
      const seen = [state()];
      header('accuracy').querySelector('button').click(); seen.push(state());
      header('accuracy').querySelector('button').click(); seen.push(state());
      header('Method').querySelector('button').focus();
      seen.push(document.activeElement.closest('th').innerText);
      document.activeElement.click(); seen.push(state());
      document.title = seen.join(';');
    """
    document, console = browse(_with_script(page_of("binary"), script))
    seen = re.findall(r"<title>(.*?)</title>", document)[0].split(";")
    best_first = "LogisticRegression,sklearn: HistGradientBoosting,Dummy"
    assert console == []
    assert seen == [
        f"{best_first},GaussianNB/none",
        f"{best_first},GaussianNB/descending",
        "Dummy,sklearn: HistGradientBoosting,LogisticRegression,GaussianNB/ascending",  # failed methods stay last
        "Method",
        "Dummy,GaussianNB,LogisticRegression,sklearn: HistGradientBoosting/none",
    ]


def test_browser_fits_a_telephone(browse):
    script = "document.title = document.documentElement.scrollWidth + ' ' + innerWidth"
    page = _with_script(page_of("multiclass"), script)
    frame = f'<iframe id="phone" width="375" height="800" srcdoc="{html.escape(page)}"></iframe>'
    watch = "document.title = document.getElementById('phone').contentDocument.title"
    document, _ = browse(_with_script(f"<!doctype html><title></title><body>{frame}</body>", watch))
    scroll, window = map(int, re.findall(r"<title>(\d+) (\d+)</title>", document)[0])
    assert window == 375
    assert scroll <= window


def test_names_are_whole_in_the_page():
    text = _Page(page_of("binary")).text
    assert all(name in text for name in NAMES)
