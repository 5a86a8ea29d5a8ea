"""A fleet's day, simulated: how often its machines ask AWS, with this program and with those it is measured beside.

PYTHONPATH=.:tests python3 -m bench.fleet, at the top of a checkout, writes the figures into docs/scale.md and
docs/fleet.svg; with --check it writes nothing, and exits with status 1 where they differ.
It needs nothing installed and no network.
"""
