"""What the tests stand on: real parts, started and ended by them."""
