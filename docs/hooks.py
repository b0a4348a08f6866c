"""Pages made while the site is built, from one walk over the registry: nobody edits a list when a method arrives."""

import inspect
import re
import sys
import tomllib
from pathlib import Path

from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from panlearn.core.references import cite, keys_in, keys_of, library
from panlearn.core.registry import discover
from panlearn.plot import figure_svg

sys.path.insert(0, str(Path(__file__).parent))
import diagnostics_pictures
import neural_pictures
import pictures  # the files beside this one; hooks are no package
import recurrent_pictures
import sequence_pictures
import unsupervised_pictures

ROOT = Path(__file__).parents[1]
PICTURES = (
    pictures,
    unsupervised_pictures,
    neural_pictures,
    diagnostics_pictures,
    sequence_pictures,
    recurrent_pictures,
)
SHIM = "https://unpkg.com/iframe-worker/shim"  # what the theme loads for its search, when opened from the file system


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Point to the vendored copy of the one script that the theme would fetch."""
    return output.replace(SHIM, get_relative_url("vendor/iframe-worker/shim.js", page.url))


def on_post_template(output_content: str, **_: object) -> str:
    """Do the same for pages without a source, as 404.html."""
    return output_content.replace(SHIM, "vendor/iframe-worker/shim.js")


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Fill in the tables and pictures that a page asks for by a comment, and link its citations."""
    for marker, make in TABLES.items():
        if marker in markdown:
            markdown = markdown.replace(marker, make())
    markdown = re.sub(r"<!-- picture: (\w+) -->", lambda m: picture(m[1]), markdown)
    up = "../" * page.file.src_uri.count("/")
    targets = [f"[{key}]: {up}map.md#{key}" for key in keys_in(markdown) if key in library()]
    return markdown if page.file.src_uri == "map.md" else "\n".join([markdown, "", *targets])


def picture(name: str) -> str:
    """The drawing of that name in one of the files of pictures, as an SVG inside the page."""
    draw = next(getattr(file, name) for file in PICTURES if hasattr(file, name))
    return f'<figure markdown="0">{figure_svg(draw(), label=inspect.getdoc(draw) or "", prefix=name)}</figure>'


def method_map() -> str:
    """Method, file, papers and notes of each estimator."""
    rows = ["| method | import | file | papers | notes |", "|---|---|---|---|---|"]
    for entry in discover():
        file = Path(inspect.getfile(entry.estimator)).resolve().relative_to(ROOT)
        papers = ", ".join(f"[{key}](#{key})" for key in keys_of(entry.estimator))
        rows.append(
            f"| {entry.method.title} | `{entry.path}` | `{file}` | {papers} | {'; '.join(entry.method.notes)} |"
        )
    return "\n".join(rows)


def reference_list() -> str:
    """Every entry of refs.bib, with an anchor."""
    keys = sorted(library())
    return "\n".join(f'- <a id="{key}"></a>**[{key}]** {text}' for key, text in zip(keys, cite(keys), strict=True))


def syllabus() -> str:
    """All rows of the syllabus with their state."""
    rows = ["| method | notes | names | state |", "|---|---|---|---|"]
    for row in tomllib.loads((ROOT / "docs" / "syllabus.toml").read_text(encoding="utf-8"))["method"]:
        names = ", ".join(f"`{name.removeprefix('panlearn.')}`" for name in row["api"])
        state = "done" if row.get("done") else "planned"
        rows.append(f"| {row['title']} | {'; '.join(row['notes'])} | {names} | {state} |")
    return "\n".join(rows)


def contributing() -> str:
    """CONTRIBUTING.md, whose links to files outside the site become plain paths."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.sub(r"\[(`docs/templates/[^`]+`)\]\([^)]+\)", r"\1", text)


TABLES = {
    "<!-- map -->": method_map,
    "<!-- references -->": reference_list,
    "<!-- syllabus -->": syllabus,
    "<!-- contributing -->": contributing,
}
