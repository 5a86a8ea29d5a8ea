"""A network on which a round trip takes time, connects included: a tunnel whose packets are passed on some time later.

The kernel's own netem would do, but not every kernel has it.
"""

import fcntl
import os
import select
import struct
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from support import need

_DEVICE, _NAME = "/dev/net/tun", "ecrx0"
# linux/if_tun.h: TUNSETIFF; packets of IP with nothing before them.
_SET_INTERFACE, _IP_PACKETS = 0x400454CA, 0x0001 | 0x1000
_LONGEST = 1 << 16
_SOURCE, _DESTINATION, _PAYLOAD = 12, 16, 20  # where these begin in an IPv4 packet
_IPV4 = 4


@contextmanager
def tunnel(far: str, near: str) -> Iterator[int]:
    """Yield a tunnel, of which ``run`` makes the address ``far`` another one for ``near``, which is loopback's."""
    ip = need.command("ip")
    try:
        descriptor = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        need.missing(f"{_DEVICE} (modprobe tun)")
    try:
        fcntl.ioctl(descriptor, _SET_INTERFACE, struct.pack("16sH22x", _NAME.encode(), _IP_PACKETS))
        subprocess.run([ip, "link", "set", _NAME, "up"], check=True)
        subprocess.run([ip, "route", "add", far, "dev", _NAME, "src", near], check=True)
        yield descriptor
    finally:
        os.close(descriptor)  # with which the interface goes


def run(descriptor: int, one_way: float) -> NoReturn:
    """Pass on each packet ``one_way`` seconds after it came, with its source and its destination exchanged.

    So what a client sends to the far address comes from there, and its peer's response likewise.
    The checksums are sums of both addresses, and stay right.
    """
    pending: deque[tuple[float, bytes]] = deque()
    while True:
        # Unlike poll and epoll, this waits for fractions of a millisecond.
        wait = max(0.0, pending[0][0] - time.monotonic()) if pending else None
        readable, _, _ = select.select([descriptor], [], [], wait)
        now = time.monotonic()
        while pending and pending[0][0] <= now:
            os.write(descriptor, pending.popleft()[1])
        if readable:
            packet = os.read(descriptor, _LONGEST)
            if packet[0] >> 4 == _IPV4:
                pending.append((now + one_way, _exchanged(packet)))


def _exchanged(packet: bytes) -> bytes:
    source, destination = packet[_SOURCE:_DESTINATION], packet[_DESTINATION:_PAYLOAD]
    return packet[:_SOURCE] + destination + source + packet[_PAYLOAD:]
