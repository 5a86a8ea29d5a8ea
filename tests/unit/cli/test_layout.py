"""Lines for a terminal break at spaces, and what is longer than the place beside its label moves to the left."""

import shlex

import pytest

from docker_credential_ecrx.cli import layout
from docker_credential_ecrx.errors import Remedy

_ARN = "arn:aws:sts::222222222222:assumed-role/puller/botocore-session-1795550207"
_HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"


class TestAfterLabel:
    def test_is_one_line_if_it_fits(self) -> None:
        assert ["a b"] == layout.after_label("a b", 19, 80)
        assert [""] == layout.after_label("", 19, 80)

    def test_other_lines_begin_below_the_first(self) -> None:
        first, second = layout.after_label(f"{'x' * 50} yyyyyyyyyyyyyy", 19, 80)

        assert ("x" * 50, f"{' ' * 19}{'y' * 14}") == (first, second)

    @pytest.mark.parametrize("width", [80, 120])
    @pytest.mark.parametrize("indent", [4, 12, 19])
    def test_keeps_arn_and_host_whole(self, indent: int, width: int) -> None:
        text = f"{_ARN} is not authorized to pull from {_HOST}, and {_ARN} is neither"

        first, *more = layout.after_label(text, indent, width)

        assert " ".join([first, *(line.strip() for line in more)]).strip() == text
        assert max(indent + len(first), *map(len, more)) <= width

    def test_moves_a_long_word_below_its_label(self) -> None:
        assert ["", f"    {_ARN}"] == layout.after_label(_ARN, 19, 80)

    def test_leaves_to_the_terminal_what_no_line_fits(self) -> None:
        assert ["", "x" * 100] == layout.after_label("x" * 100, 19, 80)


class TestRemedy:
    @pytest.mark.parametrize("width", [80, 120])
    def test_command_runs_when_it_is_copied(self, width: int) -> None:
        command = f"docker-credential-ecrx policy grant app --to {_ARN} --region us-east-1 --profile OWNER --apply"
        found = Remedy("run as the owner, account 111111111111", command)

        text, *lines = layout.remedy(found, str(found), width)

        assert "run as the owner, account 111111111111:" == text
        assert shlex.split(command) == shlex.split("\n".join(lines).replace("\\\n", " "))
        assert max(map(len, lines)) <= width
