"""What imports what in the package, and what its docstrings lack; read with ``ast``, nothing is imported.

The graph is one of files. A name that the face of a folder (its ``__init__.py``) hands on belongs to the file that
defines it. What stands under ``if TYPE_CHECKING`` is no import. The package's own face, which imports everything when
it is asked, is not followed. ``structure.py`` prints numbers made of this.
"""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef
# At module level; also inside functions; also by a string.
WAYS = "module", "lazy", "string"


class Package:
    """The modules of a package by name, and which file imports which.

    Parameters
    ----------
    folder : Path
        The package's folder; its name is the package's.
    """

    def __init__(self, folder):
        self.name = Path(folder).name
        self.files, self.trees, self.faces = {}, {}, set()
        for path in sorted(Path(folder).rglob("*.py")):
            parts = (self.name, *path.relative_to(folder).with_suffix("").parts)
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.files[module], self.trees[module] = path, ast.parse(path.read_text(encoding="utf-8"))
            if parts[-1] == "__init__":
                self.faces.add(module)
        # What the faces import at module level, also for type checkers alone: name -> module, name in that module.
        self.handed = {
            face: {
                alias.asname or alias.name: (self._source(face, node), alias.name)
                for node in ast.walk(self.trees[face])
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            for face in self.faces
        }

    def _source(self, module, node):
        """Absolute name of the module that a ``from ... import`` names."""
        if not node.level:
            return node.module or ""
        parts = module.split(".")
        parts = parts[: len(parts) - node.level + (module in self.faces)]
        return ".".join([*parts, node.module] if node.module else parts)

    def defining(self, module, name, seen=frozenset()):
        """Modules (one, as a rule) in which a name of a module is defined."""
        if module in self.faces and name in self.handed[module] and (module, name) not in seen:
            return self.defining(*self.handed[module][name], seen | {(module, name)})
        if f"{module}.{name}" in self.files:
            return self.whole(f"{module}.{name}")
        if name == "*":
            return self.whole(module)
        return {module} & self.files.keys()

    def whole(self, module):
        """Modules that define what a module has; a face that defines nothing itself is none of them."""
        if module not in self.faces or module == self.name:
            return {module} & self.files.keys()
        defines = any(
            isinstance(node, (*FUNCTIONS, ast.ClassDef))
            or (isinstance(node, (ast.Assign, ast.AnnAssign)) and "__all__" not in ast.unparse(node))
            for node in self.trees[module].body
        )
        handed = [self.defining(*target) for name, target in self.handed[module].items() if name != "*"]
        return {module for module in [module] if defines}.union(*handed)

    def imports(self, module):
        """Yield the way of each import of our own (one of ``WAYS``), its line and the modules that are meant."""
        for node, inside in _executed(self.trees[module]):
            way = "lazy" if inside else "module"
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield way, node.lineno, self.whole(alias.name)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield way, node.lineno, self.defining(self._source(module, node), alias.name)
        for line, text in self.strings(module):
            yield "string", line, self.whole(text or "")

    def strings(self, module):
        """Yield the line and the module of each import by a string; None for one that cannot be read from the source.

        Such are ``import_module`` and ``__import__``, also by another name.
        """
        package = module if module in self.faces else module.rpartition(".")[0]
        names = {"import_module", "__import__"}
        for node in ast.walk(self.trees[module]):
            if isinstance(node, ast.ImportFrom):
                names |= {alias.asname for alias in node.names if alias.name in names and alias.asname}
        for node in ast.walk(self.trees[module]):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", getattr(node.func, "id", "")) not in names:
                continue
            argument = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "name"), None)
            text = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(text, str) and text.startswith("."):
                above = package.split(".")
                dots = len(text) - len(text.lstrip("."))
                text = ".".join([*above[: len(above) - dots + 1], text.lstrip(".")])
            yield node.lineno, text

    def graph(self, way="string"):
        """Which modules each module imports in this way and those before it in ``WAYS``."""
        ways = WAYS[: WAYS.index(way) + 1]
        return {
            module: set().union(*(targets for kind, _, targets in self.imports(module) if kind in ways)) - {module}
            if module != self.name
            else set()
            for module in self.files
        }


def _executed(node, inside=False):
    """Yield nodes and whether they stand inside a function; what is for type checkers alone is left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield other, inside
                yield from _executed(other, inside)
            continue
        yield child, inside
        yield from _executed(child, inside or isinstance(child, (*FUNCTIONS, ast.Lambda)))


def cycles(graph):
    """Strongly connected components of more than one node, each sorted."""
    reached = {}
    for start in graph:
        reached[start], ahead = set(), [start]
        while ahead:
            new = graph[ahead.pop()] - reached[start]
            reached[start] |= new
            ahead.extend(new)
    components = {tuple(sorted(n for n in reached[m] if m in reached[n])) for m in graph if m in reached[m]}
    return sorted(components, key=len, reverse=True)


# Docstrings


def arguments(function):
    """Names of a function's arguments without self and cls; ``*args`` and ``**options`` count as one each."""
    a = function.args
    names = [arg.arg for arg in (*a.posonlyargs, *a.args)]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    return names + [x.arg for x in (*a.kwonlyargs, a.vararg, a.kwarg) if x is not None]


def has_section(docstring, *titles):
    """Whether a numpydoc section of one of these titles stands in a docstring."""
    lines = [line.strip() for line in (docstring or "").splitlines()]
    return any(a in titles and len(b) >= 3 and set(b) == {"-"} for a, b in pairwise(lines))


def documentation(tree):
    """Yield qualified name, node, wanted and missing parts of the docstring of all public functions and classes.

    Parts are "docstring", "Parameters" (of two arguments on; for a class of two fields on, or "Attributes") and
    "Returns" (or "Yields", for two arguments on). Names with a leading underscore, special methods, overloads and
    pydantic's validators want nothing; properties and commands only a docstring.
    """
    for name, node in public(tree):
        docstring = ast.get_docstring(node)
        if isinstance(node, ast.ClassDef):
            wanted = {"docstring"} | ({"Parameters"} if _fields(node) > 1 else set())
        else:
            decorators = " ".join(ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list)
            if any(word in decorators for word in ("validator", "serializer", "overload")):
                continue
            wanted = {"docstring"}
            plain = not any(word in decorators for word in ("property", "setter", ".command", ".group"))
            if plain and len(arguments(node)) > 1:
                wanted |= {"Parameters"} | ({"Returns"} if _returns(node) else set())
        titles = {"Parameters": ["Parameters"], "Returns": ["Returns", "Yields"]}
        if isinstance(node, ast.ClassDef):
            titles["Parameters"].append("Attributes")
        missing = {p for p in wanted if not (has_section(docstring, *titles[p]) if p in titles else docstring)}
        yield name, node, wanted, missing


def public(node, prefix=""):
    """Yield qualified name and node of public functions, classes and methods."""
    for child in node.body:
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)) and not child.name.startswith("_"):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{prefix}{child.name}.")


def _fields(node):
    """Number of arguments of a class: annotated public fields, or those of ``__init__``."""
    for child in node.body:
        if isinstance(child, FUNCTIONS) and child.name == "__init__":
            return len(arguments(child))
    return sum(
        isinstance(c, ast.AnnAssign)
        and isinstance(c.target, ast.Name)
        and not c.target.id.startswith("_")
        and "ClassVar" not in ast.unparse(c.annotation)
        for c in node.body
    )


def _returns(function):
    """Whether a function gives something back: by its annotation, or else by its return statements."""
    if function.returns is not None:
        return ast.unparse(function.returns) not in ("None", "NoReturn", "Never")
    inner = {id(n) for f in ast.walk(function) if isinstance(f, FUNCTIONS) and f is not function for n in ast.walk(f)}
    nodes = [n for n in ast.walk(function) if id(n) not in inner]
    return any(isinstance(n, (ast.Yield, ast.YieldFrom)) or (isinstance(n, ast.Return) and n.value) for n in nodes)
