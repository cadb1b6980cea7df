"""README.md's Python examples run, one after the other, and its commands are the two that `.ci/run` runs."""

import re
from pathlib import Path

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}  # an example may use what the ones before it made
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"README.md, example {number}", "exec"), names)


def test_the_two_commands():
    commands = re.findall(r"^ *(?:\$ )?(pip install .*)$", README, re.MULTILINE)[:2]
    assert commands == ["pip install . && steep train digits", "pip install '.[test]' && pytest"]


def test_the_tests_it_names_exist():
    names = set(re.findall(r"`(test_\w+\.py)`", README))
    assert len(names) > 20
    assert [name for name in sorted(names) if not (Path(__file__).parent / name).is_file()] == []


def test_the_names_it_gives_exist():
    import steep

    table = README.split("## What exists")[1].split("## ")[0]
    names = re.findall(r"`(?:steep\.|problems\.)?([A-Z]\w+)[(`]", table)
    assert len(names) > 30
    assert [name for name in names if not hasattr(steep, name)] == []
    problems = re.findall(r"`problems\.(\w+)", table)
    assert [name for name in problems if not hasattr(steep.problems, name)] == []
