"""The tasks of a contributor: nox --list. Each runs a script, which makes its own environment of pinned packages."""

from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "test"]


@nox.session
def setup(session: nox.Session) -> None:
    """Install what lint and test need, which they do themselves if it is missing."""
    session.run("sh", ".ci/lint", "--setup")
    session.run("sh", "tests/run", "--setup")


@nox.session
def test(session: nox.Session) -> None:
    """Run the unit tests that take no seconds; arguments go to pytest: nox -s test -- tests/unit/ecr -k parse.

    Nothing is frozen: tests/run runs the tests of the frozen program.
    """
    names_tests = any(Path(argument.partition("::")[0]).exists() for argument in session.posargs)
    chosen = session.posargs if names_tests else ["tests/unit", *session.posargs]
    chosen = ["-m", "not frozen" if names_tests else "not slow", *chosen]
    session.log("the first run installs what the tests need into .work, which takes a minute")
    session.run("sh", "tests/run", "--quiet", "--hypothesis-profile=quick", *chosen)


@nox.session
def lint(session: nox.Session) -> None:
    """Check form, types, imports, spelling and wording."""
    session.run("sh", ".ci/lint", *session.posargs)


@nox.session
def fmt(session: nox.Session) -> None:
    """Format the code, and fix what ruff can fix."""
    session.run("sh", ".ci/lint", "--fix")


@nox.session
def check(session: nox.Session) -> None:
    """Run lint, all unit tests, those that hold the docs, and the main job and the protocol with the wheel."""
    session.run("sh", ".ci/lint")
    blackbox = ["tests/blackbox/test_main_job.py", "tests/blackbox/test_protocol.py"]
    blackbox += [f"tests/docs/test_{page}.py" for page in ("configuration", "kubernetes", "links", "troubleshooting")]
    session.run("sh", "tests/run", "-m", "not frozen", "tests/unit", *blackbox, *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """Run all that a change has to pass; as root on Debian nothing is skipped."""
    session.run("bash", ".ci/run", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Freeze the program: dist/docker-credential-ecrx."""
    session.run("sh", "build/build.sh")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the frozen program beside its peers."""
    session.run("sh", "tests/bench/run", *session.posargs)
