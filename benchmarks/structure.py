"""How the package is built, in numbers: files, functions, nesting, import cycles and docstrings.

    python benchmarks/structure.py [--package DIR] [--tests DIR] [--json FILE]
    python benchmarks/structure.py --against OTHER_CHECKOUT

The second form prints two columns, before (the other checkout) and after (this one). Nothing is imported: sources are
read with ``ast`` and ``tokenize``.

Files are those with more than three lines of code, that is lines with a token that is neither comment nor docstring;
their length counts all lines. A function's length is ``end_lineno - lineno + 1``, nested functions are counted too.
Arguments are those without self and cls. Depth is that of nested for, while, if, with and try; elif is not deeper.
Cycles are the strongly connected components of the graph of files that ``architecture.py`` makes.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import statistics
import tokenize
from collections import Counter
from pathlib import Path

from architecture import FUNCTIONS, WAYS, Package, arguments, cycles, documentation, public

ROOT = Path(__file__).parents[1]
BLOCKS = ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar
LONGEST, MANY_ARGUMENTS, DEEP = 5, 6, 4


def code_lines(text):
    """Number of lines with a token that is neither comment nor docstring."""
    strings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return len({n for t in tokens if t.type not in blank for n in range(t.start[0], t.end[0] + 1)} - strings)


def functions(node, prefix=""):
    """Yield qualified name and node of all functions, nested ones too."""
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, (*FUNCTIONS, ast.ClassDef))
        if isinstance(child, FUNCTIONS):
            yield prefix + child.name, child
        yield from functions(child, f"{prefix}{child.name}." if named else prefix)


def depth(node, level=0):
    """Deepest nesting of blocks below a node; functions inside it count for themselves."""
    deepest = level
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                continue
            # The parser makes an elif an if in the else branch; it stands in the column of its if.
            is_elif = name == "orelse" and isinstance(child, ast.If) and isinstance(node, ast.If)
            is_elif = is_elif and child.col_offset == node.col_offset
            deepest = max(deepest, depth(child, level + (isinstance(child, BLOCKS) and not is_elif)))
    return deepest


def measure(package, tests):
    """Everything that is printed: texts, numbers, and lists of texts."""
    sources = Package(package)
    texts = {path.relative_to(package).as_posix(): path.read_text(encoding="utf-8") for path in sources.files.values()}
    lengths = {name: text.count("\n") for name, text in texts.items()}
    code = {name: code_lines(text) for name, text in texts.items()}
    files = {name: lengths[name] for name in texts if code[name] > 3}
    defined = [
        (f"{module.removeprefix(sources.name + '.')}:{name}", node)
        for module, tree in sources.trees.items()
        for name, node in functions(tree)
    ]
    sizes = {name: node.end_lineno - node.lineno + 1 for name, node in defined}
    many = {name: len(arguments(node)) for name, node in defined}
    depths = {name: depth(node) for name, node in defined}
    wanted, missing = Counter(), Counter()
    for tree in sources.trees.values():
        for _, node, parts, lacking in documentation(tree):
            kind = "classes" if isinstance(node, ast.ClassDef) else "functions"
            wanted.update(f"{kind} without {part}" for part in parts)
            missing.update(f"{kind} without {part}" for part in lacking)
    test_texts = {p: p.read_text(encoding="utf-8") for p in sorted(Path(tests).rglob("*.py"))}
    test_code = [code_lines(text) for text in test_texts.values()]
    result = {
        "lines of the package": sum(lengths.values()),
        "lines of code of the package": sum(code.values()),
        **{f"files, {key}": value for key, value in summary(files).items()},
        **{f"functions, {key}": value for key, value in summary(sizes).items()},
        "most arguments": max(many.values(), default=0),
        f"functions with more than {MANY_ARGUMENTS} arguments": sum(n > MANY_ARGUMENTS for n in many.values()),
        "more arguments": largest({name: n for name, n in many.items() if n > MANY_ARGUMENTS}),
        "deepest nesting": max(depths.values(), default=0),
        "deeper": largest({name: n for name, n in depths.items() if n > DEEP}),
    }
    for way, words in zip(WAYS, ("at module level", "also inside functions", "also by strings"), strict=True):
        circles = cycles(sources.graph(way))
        result[f"files in cycles, imports {words}"] = sum(map(len, circles))
        result[f"cycles, imports {words}"] = [
            " ".join(module.removeprefix(sources.name + ".") for module in circle) for circle in circles
        ]
    result |= {"public functions and classes": sum(1 for tree in sources.trees.values() for _ in public(tree))}
    for part in sorted(wanted):
        result |= {part.replace("without", "that need"): wanted[part], part: missing[part]}
    prompt = re.compile(r"^\s*>>> ", re.MULTILINE)
    return result | {
        "lines that begin with >>>": sum(len(prompt.findall(text)) for text in texts.values()),
        "files of tests": sum(n > 3 for n in test_code),
        "lines of tests": sum(text.count("\n") for text in test_texts.values()),
        "code of tests over code": round(sum(test_code) / max(sum(code.values()), 1), 2),
    }


def summary(sizes):
    """Number, median, p90 (nearest rank), longest, and the names of the longest."""
    values = sorted(sizes.values()) or [0]
    return {
        "number": len(sizes),
        "median": statistics.median(values),
        "p90": values[int(0.9 * len(values))],
        "longest": values[-1],
        "the longest": largest(sizes)[:LONGEST],
    }


def largest(numbers):
    """Names with their numbers, largest first."""
    return [f"{name} {number}" for name, number in sorted(numbers.items(), key=lambda item: (-item[1], item[0]))]


def show(columns):
    """Print a table of numbers, one column for each measurement, and below it the lists."""
    first = next(iter(columns.values()))
    keys = list(dict.fromkeys(k for c in columns.values() for k in c))
    tables = [key for key in keys if not any(isinstance(c.get(key), list) for c in columns.values())]
    width = max(map(len, keys))
    if len(columns) > 1:
        print(" " * width, *(f"{title:>9}" for title in columns))
    for key in tables:
        print(f"{key:{width}}", *(f"{column.get(key, 0):>9}" for column in columns.values()))
    for key in (key for key in first if key not in tables):
        for title, column in columns.items():
            print(f"\n{key}{f' ({title})' if len(columns) > 1 else ''}:", *(column[key] or ["none"]), sep="\n  ")


def main():
    """Measure this checkout, or two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, default=ROOT / "skycocoon", help="folder of the package")
    parser.add_argument("--tests", type=Path, default=ROOT / "tests", help="folder of its tests")
    parser.add_argument("--against", type=Path, help="another checkout, printed as the column before")
    parser.add_argument("--json", type=Path, help="file for the numbers and lists")
    options = parser.parse_args()
    columns = {"after": measure(options.package.resolve(), options.tests)}
    if options.against is not None:
        other = options.against.resolve()
        columns = {"before": measure(other / options.package.resolve().name, other / "tests"), **columns}
    show(columns)
    if options.json is not None:
        numbers = columns if len(columns) > 1 else columns["after"]
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
