"""Lets botocore parse every error response, so that a load balancer's or a proxy's page is known by its status.

botocore raises for a body that is not in the service's protocol, without the status: nothing would be retried.
"""

from typing import Any

from botocore.parsers import create_parser

LEAST_STATUS = 300  # AWS sends no redirects; botocore takes any status from here on for an error
_EMPTY = {"query": b"<html/>"}  # of STS; the other services in use have JSON


def parse(response: Any, protocol: str) -> Any:  # noqa: ANN401 - botocore's dictionaries
    """Return an error ``response`` as botocore parses it; an empty body replaces one that it cannot parse."""
    try:
        parsed = create_parser(protocol).parse(response, None)  # type: ignore[arg-type] # an error has no shape
        parsed.get("Error", {}).get("Code")
    except Exception:  # noqa: BLE001 - ResponseParserError, and what its code raises for values of other types
        response["body"] = _EMPTY.get(protocol, b"{}")
        return create_parser(protocol).parse(response, None)  # type: ignore[arg-type]
    return parsed
