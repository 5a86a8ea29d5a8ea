"""Formats values for a person."""

from datetime import UTC, datetime


def moment(utc: float, now: float) -> str:
    """Return the time ``utc`` and its distance from ``now`` as text; both are in seconds since 1970."""
    minutes = round(abs(utc - now) / 60)
    hours = f"{minutes // 60} h " if minutes >= 60 else ""  # noqa: PLR2004
    distance = f"{hours}{minutes % 60} min" if minutes else "less than a minute"
    return (
        f"{datetime.fromtimestamp(utc, UTC):%Y-%m-%d %H:%M} UTC, {f'in {distance}' if utc > now else f'{distance} ago'}"
    )
