"""The README is true: its tree, its commands, its code."""

import re
import subprocess
import sys
from pathlib import Path

from ui.lessons import LESSONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def test_every_path_of_the_tree_exists():
    (tree,) = blocks("")
    paths = [line.split()[0] for line in tree.splitlines()]
    assert len(paths) > 5
    for path in paths:
        assert (ROOT / path).exists(), path


def test_every_folder_stands_in_the_tree():
    (tree,) = blocks("")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    folders = {f"{name.split('/')[0]}/" for name in listed.stdout.split() if "/" in name}
    for folder in {name for name in folders if not name.startswith(".")}:
        assert folder in tree, folder


def test_every_make_target_that_is_named_exists_and_the_other_way_round():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"make ([a-z]+)", README))
    assert named == targets


def test_the_commands_without_make_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    for command in blocks("sh")[1].splitlines():
        words = command.replace("python3", "$(PYTHON)").split()
        assert all(word in makefile for word in words), command


def test_every_lesson_stands_in_the_table():
    for lesson in LESSONS:
        assert f"| {lesson.title} | {lesson.question} |" in README


def test_the_pictures_exist_and_are_small():
    pictures = re.findall(r"\((docs/\S+\.png)\)", README)
    assert pictures
    pictures += [str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.png")]
    for picture in pictures:
        assert 0 < (ROOT / picture).stat().st_size < 200_000, picture


def test_the_python_example_runs():
    (example,) = blocks("python")
    subprocess.run([sys.executable, "-c", example], cwd=ROOT, check=True, timeout=120)


def test_what_is_installed_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w\-\[\]]+==[\w.]+", pin) for pin in pins)
    assert {"torch==2.15.0", "torchvision==0.29.2", "streamlit==1.67.0", "altair==6.3.0"} <= {*pins}
