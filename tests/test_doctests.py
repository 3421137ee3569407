"""Examples in docstrings: each runs, offline and drawing to no screen, and every public name has one."""

import ast
import doctest
import importlib
import inspect
import socket
from pathlib import Path

import pytest

import skycocoon

PACKAGE = Path(skycocoon.__file__).parent


def examples():
    """Module, name and line of each docstring with examples; read from the source, so that nothing is imported yet."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join([PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
        yield from (
            pytest.param(module, docstring, line, id=f"{module}:{name}" if name else module)
            for name, docstring, line in docstrings(ast.parse(path.read_text(encoding="utf-8")))
            if ">>>" in docstring
        )


def docstrings(node, prefix=""):
    """Name, text and line of the docstrings of a module, of its classes and of their methods."""
    text = ast.get_docstring(node)
    if text:
        yield prefix, text, node.body[0].lineno
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield from docstrings(child, f"{prefix}.{child.name}".lstrip("."))


@pytest.mark.parametrize(("module", "docstring", "line"), examples())
def test_examples_of_a_docstring(module, docstring, line, pytestconfig, tmp_path, monkeypatch, request):
    def no_network(*arguments):
        raise OSError("an example asks for the network")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    flags = 0
    for name in pytestconfig.getini("doctest_optionflags"):
        flags |= doctest.OPTIONFLAGS_BY_NAME[name]
    names = vars(importlib.import_module(module)).copy()
    test = doctest.DocTestParser().get_doctest(docstring, names, request.node.callspec.id, module, line)
    report = []
    doctest.DocTestRunner(optionflags=flags).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", skycocoon.__all__)
def test_public_names_have_an_example(name):
    thing = getattr(skycocoon, name)
    if inspect.isclass(thing) or inspect.isfunction(thing):
        _, _, part = inspect.getdoc(thing).partition("\nExamples\n--------\n")
        assert ">>>" in part
