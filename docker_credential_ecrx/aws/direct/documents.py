"""Reads what AWS's services respond: STS in XML, ECR and the metadata services in JSON."""

from docker_credential_ecrx.system import fast_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def xml_texts(body: bytes) -> dict[str, str]:
    """Return the texts of an XML document's elements, by their names from below the root, such as ``A/B``.

    Raises ValueError if it is not XML, or has a document type or one element twice, which AWS's responses never have.
    """
    import pyexpat

    texts: dict[str, str] = {}
    path: list[str] = []

    def start(name: str, _: object) -> None:
        path.append(name)
        whole = "/".join(path[1:])
        if whole in texts:
            raise ValueError("an element that occurs twice")
        texts[whole] = ""

    def text(part: str) -> None:
        texts["/".join(path[1:])] += part

    def end(_: str) -> None:
        path.pop()

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser = pyexpat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 - it takes no name
    except pyexpat.ExpatError as error:
        raise ValueError("not XML") from error
    return {name: text for name, text in texts.items() if text}


def json_object(body: bytes) -> "dict[str, Any]":
    """Return the members of a JSON object; raise ValueError if it is not one."""
    document = fast_json.parse(body.decode("utf-8"))
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the document is wrong, not its type
    return document


def seconds_of_date(text: str) -> float:
    """Return the seconds since 1970 of an HTTP date such as ``Sun, 29 Nov 2026 01:31:51 GMT``; raise ValueError.

    https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
    """
    _, day, month, year, clock, zone = text.split()
    hour, minute, second = clock.split(":")
    if zone != "GMT":
        raise ValueError("not an HTTP date")
    return _seconds(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))


def seconds_of_timestamp(text: str) -> float:
    """Return the seconds since 1970 of a timestamp such as ``2026-11-29T01:31:51Z``; raise ValueError.

    Fractions of a second are left out.
    """
    date, _, rest = text.partition("T")
    clock, zone = rest[:8], rest[8:]
    fraction = zone.removesuffix("Z").removeprefix(".")
    if not zone.endswith("Z") or (fraction and not fraction.isdecimal()):
        raise ValueError("not a timestamp in UTC")
    year, month, day = date.split("-")
    hour, minute, second = clock.split(":")
    return _seconds(int(year), int(month), int(day), int(hour), int(minute), int(second))


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:  # noqa: PLR0913, PLR0917
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    is_month = 1970 <= year <= 9999 and 1 <= month <= 12  # noqa: PLR2004 - of the calendar, as the next
    if not is_month or not 1 <= day <= _DAYS_IN_MONTH[month - 1] + (is_leap and month == 2):  # noqa: PLR2004
        raise ValueError("not a date")
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):  # noqa: PLR2004 - of a day
        raise ValueError("not a time")
    last = year - (month <= 2)  # noqa: PLR2004 - the leap day of this year counts from March on
    leap_days = last // 4 - last // 100 + last // 400 - 477
    days = (year - 1970) * 365 + leap_days + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    return float(((days * 24 + hour) * 60 + minute) * 60 + second)
