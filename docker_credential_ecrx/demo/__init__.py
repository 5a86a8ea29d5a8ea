"""Shows a docker pull across accounts on one machine, without AWS."""
