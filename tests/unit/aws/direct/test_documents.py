"""What AWS's services respond, as the direct way reads it."""

from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.aws.direct import documents

_seconds = st.integers(0, 32_503_679_999)  # of the years 1970 to 2999, after which Windows' C library knows no date


@given(_seconds)
def test_http_date_is_read_as_email_writes_it(seconds: int) -> None:
    assert seconds == documents.seconds_of_date(formatdate(seconds, usegmt=True))


@given(_seconds)
def test_timestamp_is_read_as_datetime_writes_it(seconds: int) -> None:
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert seconds == documents.seconds_of_timestamp(text.rjust(20, "0"))


@given(st.text(max_size=40))
def test_other_text_is_no_time(text: str) -> None:
    for read in (documents.seconds_of_date, documents.seconds_of_timestamp):
        try:
            assert read(text) >= 0
        except ValueError:
            continue


def test_xml_texts_have_the_names_of_their_elements() -> None:
    body = b'<A xmlns="u"><B><C>x &amp; y</C></B><D/><E> z </E></A>'

    assert {"B/C": "x & y", "E": " z "} == documents.xml_texts(body)


def test_repeated_element_is_refused() -> None:
    """Its texts would be one, as if there were one key."""
    with pytest.raises(ValueError, match="twice"):
        documents.xml_texts(b"<A><B>x</B><B>y</B></A>")


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
    ],
)
def test_time_that_is_in_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        documents.seconds_of_timestamp(text)


@pytest.mark.parametrize("body", [b"", b"<A>", b"<A></B>", b"{}", b'<!DOCTYPE A [<!ENTITY e "x">]><A>&e;</A>', b"\xff"])
def test_other_documents_are_no_xml(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"XML|document type"):
        documents.xml_texts(body)


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"{}{}", b"\xff"])
def test_other_documents_are_no_json_object(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|utf-8"):
        documents.json_object(body)
