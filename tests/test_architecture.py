"""One arrow: app -> pages -> ui -> core. Nothing points back, and no module is a drawer."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "core": {"streamlit", "altair", "pandas", "pyarrow", "ui", "pages", "app"},
    "ui": {"torch", "torchvision", "pages", "app"},
    "pages": {"torch", "torchvision", "numpy", "pages", "app"},
}
# What a function may import: it takes seconds, and only who asks for a data set needs it.
LATE = {"core/datasets.py": {"sklearn", "platformdirs", "torchvision"}}
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "lib"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """First parts of the names of all modules that a file imports, wherever in it."""
    return imported_in(ast.parse(file.read_text()))


def imported_in(tree: ast.AST) -> set[str]:
    """The same of a part of a file."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            found.add((node.module or "").split(".")[0])
    return found


def is_import(node: ast.AST) -> bool:
    """Whether it is one of the two kinds of import."""
    return isinstance(node, ast.Import | ast.ImportFrom)


def functional(node: ast.AST) -> bool:
    """Whether what stands here runs only when it is called."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_follow_the_arrow(folder):
    files = modules(folder)
    assert files
    for file in files:
        wrong = imported(file) & FORBIDDEN[folder]
        assert not wrong, f"{file.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"


def test_theory_imports_a_lesson_for_its_types_alone():
    """And no function imports, but for LATE: what must be imported late goes round in circles."""
    from ui.lessons import LESSONS

    lessons = {f"core.{lesson.name}" for lesson in LESSONS}
    for file in modules("core"):
        name, tree = file.relative_to(ROOT), ast.parse(file.read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                late = imported_in(function) - LATE.get(name.as_posix(), set())
                assert not late, f"{name} imports {', '.join(late)} in {function.name}"
        if "theory" in file.parts:
            # Those under `if TYPE_CHECKING` stand one deeper.
            at_once = {n.module for n in tree.body if isinstance(n, ast.ImportFrom)}
            assert not at_once & lessons, file


def test_what_may_be_imported_late_is_imported_nowhere_else_in_core():
    for file in modules("core"):
        name, tree = file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())
        late = set().union(*map(imported_in, (n for n in tree.body if not functional(n))))
        assert not late & set().union(*LATE.values()), name
        if name in LATE:
            assert imported(file) >= LATE[name]
            apart = [  # one thread after the other
                statement
                for node in ast.walk(tree)
                if isinstance(node, ast.With) and ast.unparse(node.items[0]) == "IMPORTING"
                for statement in node.body
            ]
            assert set().union(*map(imported_in, apart)) == LATE[name]
            for function in filter(functional, ast.walk(tree)):
                assert all(node in apart for node in ast.walk(function) if is_import(node))


def test_nothing_imports_a_page():
    for folder in ("core", "ui", "tests", "bench"):
        for file in modules(folder):
            assert not imported(file) & {"pages", "app"}, file


def test_charts_know_neither_streamlit_nor_torch():
    assert not imported(ROOT / "ui" / "charts.py") & {"streamlit", "torch", "core"}


def test_vl_convert_is_entered_through_one_door():
    """Two threads in it may wait for each other for ever: `ui.vega` lets in one at a time."""
    files = [file for folder in FORBIDDEN for file in modules(folder)]
    assert [file.stem for file in files if "vl_convert" in imported(file)] == ["vega"]


def test_no_module_is_named_after_a_drawer():
    for folder in ("core", "ui", "pages", "tests", "bench"):
        assert not {file.stem for file in modules(folder)} & DRAWERS


def test_every_lesson_has_its_module_its_page_and_its_tests():
    from ui.lessons import LESSONS

    for lesson in LESSONS:
        for place in (
            "core/{}.py",
            "pages/{}.py",
            "tests/core/test_{}.py",
            "tests/pages/test_{}.py",
            "bench/{}.py",
            "docs/{}.png",
            "docs/{}-dark.png",
        ):
            assert (ROOT / place.format(lesson.name)).exists(), place.format(lesson.name)


def test_core_works_where_streamlit_is_not_installed():
    script = """
import sys
sys.modules.update(dict.fromkeys(["streamlit", "altair", "pandas", "pyarrow"]))
from core import randomness, recording
from core.gradient_descent import Config, run
assert len(list(run(Config(steps=3)))) == 4
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
