"""The matrix of clients: what each does, by the key of docker's configuration that names the helper."""

import re
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

from fakes import versions

WAYS = ("credHelpers", "credsStore")
HEAD = ["client", "release", "tested", *WAYS]
_PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
_TABLE = re.compile(r"(<!-- matrix -->\n).*?(<!-- /matrix -->)", re.DOTALL)
_ROW = re.compile(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|.*", re.MULTILINE)
# What a fixture that names the helper is given, where it is the store for every registry.
_STORE = {"store", "credsStore"}
_WORDS = {"passed": "yes", "failed": "**no**", "skipped": "not run"}


class Matrix:
    """A plug-in of pytest's that gathers the outcomes of the tests marked ``cell(client, does)``.

    It writes them into the table of docs/clients.md, where the rows of what was not run stay.
    """

    def __init__(self) -> None:
        self._outcomes: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note the outcome: a failure stays one, whatever the same cell's other tests do."""
        report = yield
        cell = item.get_closest_marker("cell")
        if cell is not None and (report.when == "call" or not report.passed):
            way = WAYS[bool(_STORE & {value for value in item.callspec.params.values() if isinstance(value, str)})]
            outcomes = self._outcomes[cell.args]
            if outcomes.get(way) != "failed":
                outcomes[way] = report.outcome
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the table."""
        if not self._outcomes:
            return
        page, found = _TABLE.subn(lambda match: f"{match[1]}{self._table(match[0])}\n{match[2]}", _PAGE.read_text())
        assert found == 1, "docs/clients.md has no place for the matrix"
        _PAGE.write_text(page)
        terminalreporter.write_line(f"\nwrote {len(self._outcomes)} rows of the table in docs/clients.md")

    def _table(self, earlier: str) -> str:
        rows = {match.group(1, 2): match[0] for match in _ROW.finditer(earlier)}
        rows.pop((HEAD[0], HEAD[2]), None)  # the head is written again
        releases = {client: versions.of(client) for client, _ in self._outcomes}
        for (client, does), outcomes in self._outcomes.items():
            cells = [_WORDS[outcomes[way]] if way in outcomes else "not read" for way in WAYS]
            rows[client, does] = f"| {client} | {releases[client]} | {does} | {' | '.join(cells)} |"
        return "\n".join([f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}", *(rows[key] for key in sorted(rows))])
