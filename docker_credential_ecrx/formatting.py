"""How values are shown to a person."""

from datetime import UTC, datetime


def moment(utc: float, now: float) -> str:
    """Say when ``utc`` is, and how far from ``now``; both in seconds since 1970."""
    minutes = round(abs(utc - now) / 60)
    hours = f"{minutes // 60} h " if minutes >= 60 else ""  # noqa: PLR2004
    far = f"{hours}{minutes % 60} min" if minutes else "less than a minute"
    return f"{datetime.fromtimestamp(utc, UTC):%Y-%m-%d %H:%M} UTC, {f'in {far}' if utc > now else f'{far} ago'}"
