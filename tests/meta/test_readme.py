"""What the READMEs say can be typed as it stands: the commands exist and the code runs."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"]
PAGES = [page for page in PAGES if "templates" not in page.parts]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def shell_lines(page: Path) -> list[str]:
    return [line for block in blocks(page, "(?:bash|console|sh)") for line in block.splitlines() if line.strip()]


def ids(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_python_blocks_run_and_print_what_they_show(page, tmp_path, monkeypatch):
    """Examples of a page share their names, as a reader who types along has them."""
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for number, block in enumerate(blocks(page, "python")):
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, f"{page.name}[{number}]", str(page), 0)
            report: list[str] = []
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
            runner.run(test, out=report.append, clear_globs=False)
            names = test.globs
            assert not runner.failures, "".join(report)
        else:
            exec(compile(block, f"{page.name}[{number}]", "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_make_targets_exist(page):
    targets = {*re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)}
    asked = {match[1] for line in shell_lines(page) if (match := re.match(r"\$?\s*make ([a-z]+)", line))}
    assert asked <= targets


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_panlearn_commands_exist(page):
    cli = pytest.importorskip("panlearn.cli")
    if not hasattr(cli, "app"):
        pytest.skip("panlearn.cli has no app")
    from typer.main import get_command

    commands = getattr(get_command(cli.app), "commands", {})
    for line in shell_lines(page):
        if not (match := re.match(r"\$?\s*panlearn ([a-z]+)(.*)", line)):
            continue
        assert match[1] in commands, line
        options = {
            name for parameter in commands[match[1]].params for name in parameter.opts + parameter.secondary_opts
        }
        assert {*re.findall(r"(?<!\S)(--[a-z-]+)", match[2])} <= {*options, "--help"}, line


def test_the_two_commands_are_in_both_readmes():
    for name in ("README.md", "README.zh-CN.md"):
        lines = shell_lines(ROOT / name)
        assert {"make demo", "make test"} <= {line.partition("#")[0].strip() for line in lines}
