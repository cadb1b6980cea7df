"""Every public name is documented, and the examples in docstrings run and print what they say."""

import doctest
import inspect

import numpy as np
import pytest

import steep

DOCUMENTED = [name for name in steep.__all__ if callable(getattr(steep, name))]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def own_parts(thing):
    """Return a class with those of steep that it is made of, or the one thing that is no class."""
    return [c for c in inspect.getmro(thing) if c.__module__.startswith("steep")] if inspect.isclass(thing) else [thing]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented(name):
    thing = getattr(steep, name)
    text = inspect.getdoc(thing) or ""
    first = text.partition("\n")[0]
    assert first.endswith((".", ":")) or text.count("\n\n") == 0, f"{name} must start with one sentence, got {first!r}"
    assert len(first) > 10


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_run(name):
    finder = doctest.DocTestFinder(recurse=True, exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    report: list[str] = []
    for thing in own_parts(getattr(steep, name)):
        for test in finder.find(thing, name, globs={"steep": steep, "np": np}):
            runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def test_examples_of_methods_in_parts_of_a_class_run():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {test.name for part in own_parts(steep.Network) for test in finder.find(part, "Network") if test.examples}
    assert {"Network", "Network.jacobian", "Network.forward"} <= found


def test_examples_of_the_page_on_second_order():
    assert "From MATLAB" in steep.second_order.__doc__
    assert "When Levenberg-Marquardt wins" in steep.second_order.__doc__
    assert "WHEN_IT_WINS" not in steep.second_order.__doc__
    results = doctest.testmod(steep.second_order, optionflags=OPTIONS)
    assert results.failed == 0
    assert results.attempted > 5


def test_examples_of_the_estimators():
    import steep.sklearn

    finder = doctest.DocTestFinder(recurse=True, exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    report: list[str] = []
    for name in steep.sklearn.__all__:
        tests = [t for t in finder.find(getattr(steep.sklearn, name), name, globs={}) if t.examples]
        assert any(t.name == name for t in tests), f"{name} must have an example"
        for test in tests:
            runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)
