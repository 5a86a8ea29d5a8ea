"""Limits the size of a response, of which botocore reads all that an endpoint sends, until the memory is full."""

from typing import Any

from botocore import awsrequest
from urllib3.exceptions import ProtocolError

_MOST_BYTES = 16 << 20  # AWS's responses have some kilobytes


class _Response(awsrequest.AWSResponse):
    """A response that ends like one whose connection is closed if its body is too long."""

    _content: bytes | None
    raw: Any  # urllib3's response

    @property
    def content(self) -> bytes:
        """The body."""
        if self._content is None:
            body = bytearray()
            for part in self.raw.stream():
                body += part
                if len(body) > _MOST_BYTES:
                    self.raw.close()
                    raise ProtocolError("the response is too long")
            self._content = bytes(body)
        return self._content


def limit() -> None:
    """Limit the responses of all clients."""
    awsrequest.AWSResponse = _Response  # type: ignore[misc]
