"""BLAKE2b in Python, for a Python that has none: Red Hat's in FIPS mode, or one that was built without it.

It is a hundred times slower than the C module, which for the kilobyte that is hashed here is some milliseconds.
https://www.rfc-editor.org/rfc/rfc7693
"""

_WORD = (1 << 64) - 1
_BLOCK = 128  # bytes
_ROUNDS = 12
# The fractional parts of the square roots of the first eight primes.
_INITIAL = (
    0x6A09E667F3BCC908,
    0xBB67AE8584CAA73B,
    0x3C6EF372FE94F82B,
    0xA54FF53A5F1D36F1,
    0x510E527FADE682D1,
    0x9B05688C2B3E6C1F,
    0x1F83D9ABFB41BD6B,
    0x5BE0CD19137E2179,
)
# Which words of the block each round mixes in; rounds 10 and 11 are as 0 and 1.
_SCHEDULE = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
# The columns, then the diagonals, of the 4 by 4 words that are mixed.
_MIXED = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


class blake2b:  # noqa: N801 - hashlib's name
    """The hash of ``data``, ``digest_size`` bytes long; as much of hashlib's class as is used here."""

    def __init__(self, data: bytes = b"", *, digest_size: int = 64) -> None:
        self.digest_size = digest_size
        state = [_INITIAL[0] ^ 0x01010000 ^ digest_size, *_INITIAL[1:]]
        end = max(0, len(data) - 1) // _BLOCK * _BLOCK  # where the last block begins
        for start in range(0, end, _BLOCK):
            _compress(state, data[start : start + _BLOCK], start + _BLOCK, is_last=False)
        _compress(state, data[end:].ljust(_BLOCK, b"\0"), len(data), is_last=True)
        self._digest = b"".join(word.to_bytes(8, "little") for word in state)[:digest_size]

    def hexdigest(self) -> str:
        """Return the hash in hexadecimal digits."""
        return self._digest.hex()


def _compress(state: list[int], block: bytes, count: int, *, is_last: bool) -> None:
    """Mix a block into ``state``; ``count`` is the bytes up to its end, without padding."""
    words = [int.from_bytes(block[start : start + 8], "little") for start in range(0, _BLOCK, 8)]
    v = [*state, *_INITIAL]
    v[12] ^= count  # its upper half, in v[13], is 0 for less than 16 EiB
    if is_last:
        v[14] ^= _WORD
    for number in range(_ROUNDS):
        order = _SCHEDULE[number % len(_SCHEDULE)]
        for i, (a, b, c, d) in enumerate(_MIXED):
            v[a] = (v[a] + v[b] + words[order[2 * i]]) & _WORD
            v[d] = _rotated(v[d] ^ v[a], 32)
            v[c] = (v[c] + v[d]) & _WORD
            v[b] = _rotated(v[b] ^ v[c], 24)
            v[a] = (v[a] + v[b] + words[order[2 * i + 1]]) & _WORD
            v[d] = _rotated(v[d] ^ v[a], 16)
            v[c] = (v[c] + v[d]) & _WORD
            v[b] = _rotated(v[b] ^ v[c], 63)
    for i in range(8):
        state[i] ^= v[i] ^ v[i + 8]


def _rotated(word: int, bits: int) -> int:
    return (word >> bits | word << (64 - bits)) & _WORD
