"""Checks in environments of their own: `nox -s fast`, `tests`, `lint`, `docs-code`."""

import nox

nox.options.sessions = ["lint", "fast"]
TEST_EXTRAS = ".[test,gammapy,sampling,validation,dask]"


@nox.session
def fast(session: nox.Session) -> None:
    """All tests that are not marked slow."""
    session.install("-e", TEST_EXTRAS)
    session.run("pytest", "-m", "not slow", "-n", "auto", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests."""
    session.install("-e", TEST_EXTRAS)
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, layers, types, spelling."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("mypy")
    session.run("codespell")


@nox.session(name="docs-code")
def docs_code(session: nox.Session) -> None:
    """All code blocks of the README, CONTRIBUTING.md and docs/."""
    session.install("-e", TEST_EXTRAS)
    session.run("pytest", "-n", "auto", "tests/test_docs.py", *session.posargs)
