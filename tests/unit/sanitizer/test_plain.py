"""A message that nothing is removed from is passed on by both in the same way."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.sanitizer import plain, third_party

_WORDS = ("profile", "secondary", "AWS:", "arn:aws:sts::222222222222:assumed-role/pull/x", "https://u:p@host/a")
_ODD = (" ", "  ", "@", "/", "://", "é", "\u202e", "\t", "a" * 31, "a" * 32, "aB3" * 11, "Zz9" * 20)


@given(st.lists(st.one_of(st.sampled_from(_WORDS), st.sampled_from(_ODD), st.text(max_size=8))).map("".join))
def test_line_is_that_of_the_sanitizer(sentence: str) -> None:
    assert third_party.line(sentence) == plain.line(sentence)


@pytest.mark.parametrize(
    "sentence", ["profile secondary", "arn:aws:sts::222222222222:assumed-role/pull/docker-credential-ecrx", ""]
)
def test_usual_lines_need_no_regular_expression(sentence: str) -> None:
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
from docker_credential_ecrx.sanitizer import plain
print(plain.line(sys.argv[1]), "re" in sys.modules, plain.line("a  b"), "re" in sys.modules)
"""

    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", script, sentence], check=True, capture_output=True, text=True
    )

    assert f"{sentence} False a b True\n" == done.stdout
