"""How fast the frozen program is beside others: whole processes on one machine, by turns. tests/bench/run runs it."""
