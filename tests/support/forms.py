"""In which of the program's two forms a test runs it; without a mark, in both."""

import pytest

# Where the form does not matter: in the one that starts sooner, which is the frozen one, if there is one.
in_one_form = pytest.mark.parametrize("program", ["either"], indirect=True)
# Where Python's packages matter: the wheel takes any keyring that is installed, the frozen program the system's alone.
as_wheel = pytest.mark.parametrize("program", ["wheel"], indirect=True)
