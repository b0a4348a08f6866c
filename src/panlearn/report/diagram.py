"""scikit-learn's diagram of a pipeline, made safe to stand inside another page.

The diagram comes with its own style sheet, scripts and links. It is shown in a frame of its own, so that the styles of
the two pages do not mix, and stripped of whatever runs or loads: script elements, event handlers, links that leave the
file. Its boxes still open, for they are plain HTML. The colours that its script would pick are set here.
"""

import html
import re
from html.parser import HTMLParser

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Pipeline</title>
<style>
html { background: transparent; overflow-y: hidden; }
body { margin: 0; padding: 4px 0; font-family: system-ui, sans-serif; }
.sk-global {
  --sklearn-color-background: #fefefe; --sklearn-color-border-box: #8b98a5; --sklearn-color-icon: #7c8894;
  --sklearn-color-text-on-default-background: #1f2a37;
}
@media (prefers-color-scheme: dark) {
  .sk-global { --sklearn-color-background: #171e26; --sklearn-color-text-on-default-background: #e4eaf0; }
}
.sk-global .copy-paste-icon, .sk-global .sk-estimator-doc-link { display: none; }
</style></head><body>CONTENT</body></html>"""


_IDENTIFIER = re.compile(r"(sk-(?:container|estimator)-id-)\d+")


def inert_page(fragment: str) -> str:
    """Return an HTML fragment as a page without scripts, event handlers or links to other places.

    Examples
    --------
    >>> page = inert_page('<p onclick="go()">a <a href="https://example.org">b</a><script>c()</script></p>')
    >>> "<p>a <a>b</a></p>" in page
    True
    """
    stripper = _Stripper()
    stripper.feed(fragment)
    stripper.close()
    numbers: dict[str, int] = {}  # scikit-learn counts diagrams since its start; equal diagrams shall give equal pages
    kept = _IDENTIFIER.sub(lambda m: f"{m[1]}{numbers.setdefault(m[0], len(numbers) + 1)}", "".join(stripper.kept))
    return _PAGE.replace("CONTENT", kept)


class _Stripper(HTMLParser):
    """Copies HTML, except for what runs or loads."""

    dropped = ("script", "iframe", "object", "embed", "base", "link", "meta")
    void = ("embed", "base", "link", "meta")  # elements without an end tag

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self.inside = 0  # depth of dropped elements

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.dropped:
            self.inside += tag not in self.void
        elif not self.inside:
            safe = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attrs if _is_inert(name, value))
            self.kept.append(f"<{tag}{safe}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.dropped:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.dropped:
            self.inside = max(0, self.inside - (tag not in self.void))
        elif not self.inside:
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.kept.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def _is_inert(name: str, value: str | None) -> bool:
    if name.startswith("on") or name in ("srcdoc", "action", "formaction"):
        return False
    if name in ("href", "src", "xlink:href"):
        return (value or "").startswith(("#", "data:image/"))
    return True
