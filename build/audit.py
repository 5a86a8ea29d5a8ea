"""Runs pip-audit, with the arguments that it is given, to find known vulnerabilities in pinned packages; for .ci/run.

The exit status is 1 if there is one. If the database cannot be reached, it says so, and that is not a failure.
"""

import json
import re
import subprocess
import sys

_COMMAND = [sys.executable, "-I", "-m", "pip_audit", "--disable-pip", "--no-deps", "--format=json"]
_NO_WAY_THERE = re.compile(r"Connect|Timeout|resolve|SSLError|HTTPError")


def main() -> int:
    """Return the exit status."""
    done = subprocess.run([*_COMMAND, "--progress-spinner=off", *sys.argv[1:]], capture_output=True, check=False)  # noqa: S603 - ours
    said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if not done.stdout:
        if not _NO_WAY_THERE.search(said):
            return _tell(f"pip-audit failed: {said}", 1)
        return _tell("NOT MADE: no database of vulnerabilities can be reached from here", 0)
    packages = json.loads(done.stdout)["dependencies"]
    audited = [package for package in packages if "vulns" in package]
    for package in audited:
        for found in package["vulns"]:
            names, fixed = ", ".join([found["id"], *found["aliases"]]), ", ".join(found["fix_versions"])
            _tell(f"{package['name']} {package['version']}: {names}, fixed in {fixed or 'no release yet'}", 1)
    vulnerable = sum(bool(package["vulns"]) for package in audited)
    left = len(packages) - len(audited)
    if left:
        _tell(f"NOT MADE for {left} of {len(packages)} packages: the database that answers here does not know them", 0)
    return _tell(f"{len(audited)} packages asked for, {vulnerable} vulnerable", 1 if vulnerable else 0)


def _tell(text: str, status: int) -> int:
    print(f"audit: {text}", flush=True)  # noqa: T201 - for whoever runs it
    return status


if __name__ == "__main__":
    sys.exit(main())
