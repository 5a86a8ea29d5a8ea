"""Fuzzes one target in this process, which libFuzzer ends: python -m fuzz.one MODULE TEST COUNTS OPTION..."""

import importlib
import sys
import traceback
from pathlib import Path

import atheris


class Tried:
    """Counts the inputs, and those of which the target could make something."""

    def __init__(self, module: str, test: str, counts: Path) -> None:
        with atheris.instrument_imports(include=["docker_credential_ecrx"]):
            self._call = getattr(importlib.import_module(module), test).hypothesis.fuzz_one_input
        self._test = test
        self._counts = counts
        self._all = self._whole = 0

    def __call__(self, data: bytes) -> None:
        self._all += 1
        try:
            if self._call(data) is not None:  # else it ended before it was an input
                self._whole += 1
        except BaseException as error:
            for frame, _ in traceback.walk_tb(error.__traceback__):
                if frame.f_code.co_name == self._test:
                    inputs = dict(frame.f_locals)
            print(f"{self._test} fails for {inputs}")
            raise
        if self._all % 100 == 0:
            self._counts.write_text(f"{self._all} {self._whole}")


module, test, counts, *options = sys.argv[1:]
atheris.Setup([sys.argv[0], *options], Tried(module, test, Path(counts)))
atheris.Fuzz()
