"""Architecture of the tests: they are named as what they test, and read nothing private."""

import ast
from pathlib import Path

import pytest

import skycocoon

PACKAGE = Path(skycocoon.__file__).parent
TESTS = Path(__file__).parent
# Methods of named tuples begin with an underscore so as not to be fields; the second code's function is not ours.
PUBLIC = {"_asdict", "_fields", "_make", "_replace", "_Fgamma"}


def without_counterpart(tests, package):
    """Files of tests, in folders, that are not named as a file of the package in the same folder."""
    files = (path.relative_to(tests) for path in sorted(tests.rglob("test_*.py")) if path.parent != tests)
    return [str(path) for path in files if not (package / path.with_name(path.name.removeprefix("test_"))).exists()]


def is_private(name):
    """One leading underscore in it, other than what ``PUBLIC`` lists; names between double ones are the language's."""
    return any(part.startswith("_") and not part.startswith("__") and part not in PUBLIC for part in name.split("."))


def private_names(tree):
    """Line and name of private attributes, imports and strings that a source reads or, for setattr, writes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("getattr", "setattr", "delattr"):
            names = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        else:
            continue
        yield from (f"{node.lineno} {name}" for name in names if is_private(name))


def test_files_of_tests_are_named_as_what_they_test():
    assert without_counterpart(TESTS, PACKAGE) == []


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_tests_read_no_private_names(path):
    assert list(private_names(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_a_test_of_no_file_is_seen(tmp_path):
    for name in (
        "tests/test_whole.py",
        "tests/room/conftest.py",
        "tests/room/test_one.py",
        "tests/room/test_two.py",
        "toy/room/one.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert without_counterpart(tmp_path / "tests", tmp_path / "toy") == ["room/test_two.py"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("from toy import _one, two\n", ["1 _one"]),
        ("from toy._one import two\nimport toy._one\n", ["1 toy._one", "2 toy._one"]),
        ("def f(a):\n    return a.b._c.d\n", ["2 _c"]),
        (
            "def f(patch, a):\n    patch.setattr(a, '_b', 1)\n    patch.setattr('toy._one.two', 1)\n",
            ["2 _b", "3 toy._one.two"],
        ),
        ("getattr(a, 'b')\na.__dict__\n_a = row._replace(b=1)\n", []),
    ],
)
def test_a_private_name_is_seen(text, names):
    assert sorted(private_names(ast.parse(text))) == names
