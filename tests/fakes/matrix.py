"""The matrix of clients: what each does, by the key of docker's configuration that names the helper."""

from collections import defaultdict
from collections.abc import Generator

import pytest

WAYS = ("credHelpers", "credsStore")
# What a fixture that names the helper is given, where it is the store for every registry.
_STORE = {"store", "credsStore"}
_WORDS = {"passed": "yes", "failed": "**no**", "skipped": "not run"}


class Matrix:
    """A plug-in of pytest's that gathers the outcomes of the tests marked ``cell(client, does)`` and prints them."""

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
        """Print the table, as docs/clients.md has it."""
        terminalreporter.write_line(f"\n| client | | {' | '.join(WAYS)} |\n|---|---|---|---|")
        for (client, does), outcomes in sorted(self._outcomes.items()):
            cells = [_WORDS[outcomes[way]] if way in outcomes else "not read" for way in WAYS]
            terminalreporter.write_line(f"| {client} | {does} | {' | '.join(cells)} |")
