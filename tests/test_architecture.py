"""What a linter of imports cannot see: cycles inside functions and strings, docstrings, defaults stated twice, tests."""

import ast
import dataclasses
import importlib
import importlib.util
import pkgutil
import typing
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest

import skycocoon
import skycocoon.config

ROOT = Path(__file__).parents[1]
PACKAGE = Path(skycocoon.__file__).parent
TESTS = Path(__file__).parent
# Methods of named tuples begin with an underscore so as not to be fields; the second code's function is not ours.
PUBLIC = {"_asdict", "_fields", "_make", "_replace", "_Fgamma"}


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


architecture = _load(ROOT / "benchmarks" / "architecture.py")


def hidden_imports(package):
    """Imports of our own, or of what cannot be read from the source, by a string; not those of the package's face."""
    return [
        f"{module}, line {line}"
        for module in package.files
        if module != package.name
        for line, text in package.strings(module)
        if text is None or text.split(".")[0] == package.name
    ]


def undocumented(trees):
    """Public functions, methods and classes with what their docstrings lack."""
    return [
        f"{module}:{node.lineno} {name}: {', '.join(sorted(missing))}"
        for module, tree in trees.items()
        for name, node, _, missing in architecture.documentation(tree)
        if missing
    ]


def built(section):
    """Dataclasses that a section's ``build`` is annotated to return, also within a union or a tuple."""
    ahead, result = [typing.get_type_hints(section.build)["return"]], []
    while ahead:
        kind = ahead.pop()
        ahead.extend(typing.get_args(kind))
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            result.append(kind)
    return result


def shared_defaults(section):
    """Name, default of the section and default of the dataclass, where both have one that is no section or list."""
    for kind in built(section):
        for field in dataclasses.fields(kind):
            if field.name in section.model_fields:
                ours = section.model_fields[field.name].default
                if isinstance(ours, (u.Quantity, bool, int, float, str)) and field.default is not dataclasses.MISSING:
                    yield f"{section.__name__}.{field.name}, {kind.__name__}", ours, field.default


def is_one_default(ours, theirs):
    """Quantities have to be the same object; numbers and names have none of their own and have to be equal."""
    return ours is theirs if isinstance(ours, u.Quantity) or isinstance(theirs, u.Quantity) else ours == theirs


def base_section():
    """The class of all sections, wherever in ``config`` it stands."""
    return next(kind for kind in skycocoon.config.ModelFile.__mro__ if kind.__name__ == "Section")


def sections():
    """All sections of a model file that build something."""
    for module in pkgutil.walk_packages(skycocoon.config.__path__, "skycocoon.config."):
        importlib.import_module(module.name)
    ahead, result = [base_section()], []
    while ahead:
        new = [kind for kind in ahead.pop().__subclasses__() if kind.__module__.startswith("skycocoon.")]
        ahead.extend(new)
        result.extend(kind for kind in new if hasattr(kind, "build"))
    return result


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


def test_no_import_of_ours_by_a_string():
    assert hidden_imports(architecture.Package(PACKAGE)) == []


def test_no_cycle_of_files_with_imports_inside_functions():
    assert architecture.cycles(architecture.Package(PACKAGE).graph("string")) == []


def test_public_names_are_documented():
    assert undocumented(architecture.Package(PACKAGE).trees) == []


def test_no_default_is_stated_twice():
    pairs = [pair for section in sections() for pair in shared_defaults(section)]
    # Fewer would mean that sections or what they build are no longer recognised.
    assert len(pairs) > 10
    assert [name for name, ours, theirs in pairs if not is_one_default(ours, theirs)] == []


def test_files_of_tests_are_named_as_what_they_test():
    assert without_counterpart(TESTS, PACKAGE) == []


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_tests_read_no_private_names(path):
    assert list(private_names(ast.parse(path.read_text(encoding="utf-8")))) == []


# The checks themselves: each finds its mistake, and nothing else.


@pytest.fixture
def package(tmp_path):
    """Makes a package ``toy`` of files; folders have faces."""

    def make(files):
        folder = tmp_path / "toy"
        for name, text in {
            "__init__.py": "from importlib import import_module\nimport_module('toy.a')\n",
            **files,
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return architecture.Package(folder)

    return make


@pytest.mark.parametrize(
    "text",
    [
        "from importlib import import_module\ndef f():\n    return import_module('toy.b').x\n",
        "import importlib\nimportlib.import_module('.b', __package__)\n",
        "from importlib import import_module as get\nget('toy')\n",
        "__import__('toy.b')\n",
        "import importlib\ndef f(name):\n    return importlib.import_module(f'toy.{name}')\n",
    ],
)
def test_an_import_by_a_string_is_seen(package, text):
    assert len(hidden_imports(package({"a.py": text, "b.py": ""}))) == 1


def test_imports_of_others_by_a_string_are_allowed(package):
    assert hidden_imports(package({"a.py": "import importlib\nimportlib.import_module('toys')\n"})) == []


LAZY = "def f():\n    from ..one import g\n    return g\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.py": "from . import b\n", "b.py": "from .a import x\n"}, {"module": 2, "lazy": 2, "string": 2}),
        ({"a.py": "import toy.b\n", "b.py": "def f():\n    import toy.a\n"}, {"module": 0, "lazy": 2, "string": 2}),
        ({"a.py": "from .b import x\n", "b.py": "__import__('toy.a')\n"}, {"module": 0, "lazy": 0, "string": 2}),
        # Through the face of a folder, to the file that defines the name, and to no other.
        (
            {"one/__init__.py": "from .c import g\nfrom .d import h\n", "one/c.py": "from ..two.e import f\n",
             "one/d.py": "", "two/__init__.py": "", "two/e.py": LAZY},
            {"module": 0, "lazy": 2, "string": 2},
        ),
        (
            {"one/__init__.py": "from .c import g\nfrom .d import h\n", "one/c.py": "", "one/d.py": "from ..two.e import f\n",
             "two/__init__.py": "", "two/e.py": LAZY},
            {"module": 0, "lazy": 0, "string": 0},
        ),
        (
            {"a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .b import x\n", "b.py": "from .a import y\n"},
            {"module": 0, "lazy": 0, "string": 0},
        ),
        ({"a.py": "from toy import b\n", "b.py": "import toy\n"}, {"module": 0, "lazy": 0, "string": 0}),
    ],
)  # fmt: skip
def test_a_cycle_is_seen(package, files, expected):
    toy = package(files)
    assert {way: sum(map(len, architecture.cycles(toy.graph(way)))) for way in expected} == expected


SECTIONS = '"""One.\n\n    Parameters\n    ----------\n    x, y : int\n        Numbers.\n\n    Returns\n    -------\n    int\n        Their sum.\n    """'


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("def f(): pass", {"docstring"}),
        ("class A:\n    '''One.'''\n    def f(self): pass", {"docstring"}),
        ("class A: pass", {"docstring"}),
        ("def f(x, y) -> None:\n    '''One.'''", {"Parameters"}),
        ("def f(x, y) -> int:\n    '''One.'''", {"Parameters", "Returns"}),
        ("def f(x, **options):\n    '''One.'''\n    return x", {"Parameters", "Returns"}),
        ("def f(x, y):\n    '''One.\n\n    Parameters: x and y.\n    '''", {"Parameters"}),
        ("class A:\n    '''One.'''\n    x: int\n    y: int", {"Parameters"}),
        ("class A:\n    '''One.'''\n    def __init__(self, x, y): pass", {"Parameters"}),
        (f"def f(x, y) -> int:\n    {SECTIONS}", None),
        (f"class A:\n    {SECTIONS.replace('Parameters', 'Attributes')}\n    x: int\n    y: int", None),
        ("def _f(x, y): return x", None),
        (
            "class A:\n    '''One.'''\n    def plot(self, **options):\n        '''Draw it.'''\n        return options",
            None,
        ),
        ("class A:\n    '''One.'''\n    def __add__(self, other): return self", None),
        ("class A:\n    '''One.'''\n    @field_validator('x')\n    def order(cls, x, info): return x", None),
        ("@main.command('map')\ndef f(x, y):\n    '''Make a map.'''", None),
    ],
)
def test_a_docstring_too_short_is_seen(text, missing):
    parts = [part for _, _, _, part in architecture.documentation(ast.parse(text)) if part]
    assert parts == ([] if missing is None else [missing])


def test_a_default_stated_twice_is_seen():
    length = 4.0 * u.kpc

    @dataclasses.dataclass(frozen=True)
    class Halo:
        height: u.Quantity = length
        radius: u.Quantity = 20.0 * u.kpc
        delta: float = 0.5
        slope: float = 4.3
        name: str = "halo"

    class HaloSection(base_section()):
        height: typing.Any = Halo.height
        radius: typing.Any = 20.0 * u.kpc
        delta: float = 0.5
        slope: float = 4.2
        other: float = 1.0

        def build(self) -> tuple[Halo, ...]:
            return (Halo(self.height, self.radius, self.delta, self.slope),)

    pairs = list(shared_defaults(HaloSection))
    assert [name.split(",")[0].split(".")[1] for name, _, _ in pairs] == ["height", "radius", "delta", "slope"]
    assert [is_one_default(ours, theirs) for _, ours, theirs in pairs] == [True, False, True, False]
    assert np.array_equal(pairs[1][1], pairs[1][2])


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
