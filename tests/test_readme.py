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
