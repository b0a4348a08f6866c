"""Files and functions stay short enough to be read whole."""

import ast
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src" / "panlearn").rglob("*.py"))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function after its signature, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def functions() -> list[tuple[str, int]]:
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append((f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", body_lines(node)))
    return found


def test_files():
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {name: n for name, n in lines.items() if n > 500}
    with_code = [n for name, n in lines.items() if not name.endswith("__init__.py")]
    assert median(with_code) <= 160
    assert quantiles(with_code, n=10)[-1] <= 350


def test_function_bodies():
    found = functions()
    assert not [name for name, lines in found if lines > 60]
    assert quantiles([lines for _, lines in found], n=10)[-1] <= 35


def test_private_functions_have_few_parameters():
    crowded = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("_") and node.name != "__init__":
                count = len(node.args.posonlyargs) + len(node.args.args)
                if count > 8:
                    crowded.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} takes {count}")
    assert not crowded


def test_names_say_what_a_file_holds():
    vague = {"utils", "util", "common", "misc", "helpers", "helper"}
    assert not [path for path in FILES if {path.stem, *path.relative_to(ROOT).parts} & vague]
