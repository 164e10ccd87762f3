"""Mail as it is found: escaped, encoded, mislabelled, nested without end."""

import base64
import mailbox
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.corpus.document import Passed
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.corpus.readers import mbox as module
from ledger.errors import MalformedError
from tests.corpus.helpers import FIXTURES, read

FROM = b"From ann@example.org Thu Feb  4 05:06:07 2021\n"
HEAD = b"From: Ann <ann@example.org>\nDate: Thu, 4 Feb 2021 05:06:07 +0100\nSubject: s\n"


@pytest.fixture
def file(tmp_path):
    def write(*messages, name="f.mbox"):
        path = tmp_path / name
        ended = [m if m.endswith(b"\n") else m + b"\n" for m in messages]
        path.write_bytes(b"".join(FROM + m + b"\n" for m in ended))
        return path

    return write


def mail(body, kind="text/plain; charset=utf-8", encoding="8bit", more=b""):
    head = HEAD + more + f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n".encode()
    return head + b"\n" + (body if isinstance(body, bytes) else body.encode())


def passed(path):
    found = reader_for(path).read(path, ReadOptions())
    return {one.what: one.count for one in found if isinstance(one, Passed)}


def texts(path):
    rows, bad = read(path)
    assert bad == []
    return said(rows)


def said(rows):
    """The texts, less the newline that a mailbox asks of every message."""
    return [row["text"].removesuffix("\n") for row in rows]


def test_the_fixture_is_read():
    path = FIXTURES / "mbox" / "list.mbox"
    rows, bad = read(path)
    assert bad == []
    assert len(rows) >= 3
    assert passed(path) == {"attachments": 1}


def test_what_a_message_says_of_itself(file):
    more = b"Message-ID: <1@example.org>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
    rows, bad = read(file(mail("Hallo\n").replace(b"Subject: s\n", more)))
    assert bad == []
    assert rows == [
        {
            "row": 0,
            "part": 0,
            "text": "Hallo\n",
            "content_type": "text/plain",
            "claimed_at": 1612411567,
            "title": "Grüße",
            "author": "Ann <ann@example.org>",
            "record": "1@example.org",
        }
    ]


def test_messages_begin_at_a_from_line_after_an_empty_one(file):
    body = "one\nFrom here on it is text\n>From Ann 10:00 2021\n>>From quoted\nFrom x 10:00 2021\n"
    rows, bad = read(file(mail(body), mail("two\n")))
    assert bad == []
    assert [row["text"] for row in rows] == [
        "one\nFrom here on it is text\nFrom Ann 10:00 2021\n>From quoted\nFrom x 10:00 2021\n",
        "two\n",
    ]


def test_a_rejected_message_is_named_by_its_line(file):
    rows, bad = read(file(mail("one\n"), mail(b"\xff\n"), mail("three\n")))
    assert [row["row"] for row in rows] == [0, 2]
    assert bad == [(":10", "invalid utf-8 at byte 1 of the text")]


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "text"),
    [
        ("a=C3=BC=\nb\n", "text/plain; charset=utf-8", "quoted-printable", "aüb"),
        (base64.encodebytes("grün\n".encode()), "text/plain; charset=UTF-8", "base64", "grün"),
        ("grün\n".encode("latin-1"), "text/plain; charset=iso-8859-1", "8bit", "grün"),
        ("“x”".encode("cp1252"), 'text/plain; charset="windows-1252"', "8bit", "“x”"),
        ("привет".encode("koi8-r"), "text/plain; charset=koi8-r", "8BIT", "привет"),
        ("日本".encode("iso2022_jp"), "text/plain; charset=iso-2022-jp", "7bit", "日本"),
        ("grün".encode(), "text/plain", "8bit", "grün"),
    ],
)
def test_what_a_charset_and_an_encoding_say_is_done(body, kind, encoding, text, file):
    assert texts(file(mail(body, kind, encoding))) == [text]


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "reason"),
    [
        (b"gr\xfcn", "text/plain; charset=utf-8", "8bit", "invalid utf-8 at byte 3"),
        ("grün", "text/plain; charset=us-ascii", "8bit", "invalid ascii at byte 3"),
        (b"gr\xfcn", "text/plain", "8bit", "invalid utf-8"),
        ("x", "text/plain; charset=x-klingon", "8bit", "charset 'x-klingon', which is not known"),
        ("x", "text/plain; charset=unicode_escape", "8bit", "charset 'unicode_escape'"),
        ("x", "text/plain; charset=zlib", "8bit", "charset 'zlib'"),
        ("x", "text/plain; charset=utf-8", "x-uuencode", "transfer encoding 'x-uuencode'"),
        ("YWJj*", "text/plain; charset=utf-8", "base64", "broken base64"),
        ("YWJjZ", "text/plain; charset=utf-8", "base64", "broken base64"),
    ],
)
def test_what_does_not_fit_is_rejected_not_guessed(body, kind, encoding, reason, file):
    rows, bad = read(file(mail(body, kind, encoding), mail("good")))
    assert said(rows) == ["good"]
    assert bad[0][1].startswith(reason)


def test_plain_text_goes_before_html_and_attachments_are_counted(file):
    message = EmailMessage()
    message["From"] = "ann@example.org"
    message.set_content("plain\n")
    message.add_alternative("<p>rich</p>\n", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    message.add_attachment("attached text\n", filename="b.txt")
    path = file(message.as_bytes())
    assert texts(path) == ["plain"]
    assert passed(path) == {"attachments": 2}


def test_html_alone_is_kept_as_found(file):
    rows, bad = read(file(mail("<p>Hi</p>\n", "text/html; charset=utf-8")))
    assert bad == []
    assert [(r["text"], r["content_type"]) for r in rows] == [("<p>Hi</p>\n", "text/html")]


def test_a_message_without_text_is_counted(file):
    path = file(mail("JVBERi0=", "application/pdf", "base64"), mail(" \n"), mail("x"))
    assert texts(path) == ["x"]
    assert passed(path) == {"attachments": 1, "messages without text": 2}


def test_a_forwarded_message_is_an_attachment(file):
    body = "--b\nContent-Type: text/plain\n\nsee below\n--b\nContent-Type: message/rfc822\n\n"
    body += "From: bob@example.org\n\nhis words\n--b--\n"
    path = file(mail(body, "multipart/mixed; boundary=b"))
    assert texts(path) == ["see below"]


@pytest.mark.parametrize(
    "date", ["soon", "", "Thu, 99 Feb 2021 05:06:07", "1 Jan 1900 00:00 +0000"]
)
def test_a_date_that_is_none_is_unknown(date, file):
    message = mail("x").replace(b"Thu, 4 Feb 2021 05:06:07 +0100", date.encode())
    rows, bad = read(file(message))
    assert bad == []
    assert "claimed_at" not in rows[0]


def test_headers_that_cannot_be_read_cost_nothing(file):
    message = mail("x").replace(b"Subject: s", b"Subject: =?x-nope?b?!!!?= \xff\n  folded")
    rows, bad = read(file(message.replace(b"From: Ann", b"From: =?utf-8?b?/w==?= Ann")))
    assert bad == []
    assert said(rows) == ["x"]


def test_nesting_without_end_is_bounded(file):
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)
    )
    few = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(150)
    )
    rows, bad = read(file(HEAD + deep + b"x", HEAD + few + b"\n" + b"y\n" * 400_000, mail("good")))
    assert said(rows) == ["good"]
    assert [reason for _, reason in bad] == [
        "5000 nested parts, more than can be looked through",
        "150 nested parts, more than can be looked through",
    ]


def test_a_message_beyond_any_document_is_passed_over(file):
    path = file(mail("a"), mail("b" * 5000), mail("c\n" * 3000), mail("d"))
    for block in (64, 1000, module.BLOCK):
        rows, bad = read(path, ReadOptions(max_document_bytes=500), module._Mbox(block))
        assert said(rows) == ["a", "d"], block
        assert [reason for _, reason in bad] == ["a message over 1000 bytes"] * 2


@pytest.mark.parametrize("data", [b"", b"Subject: x\n\nbody\n", b"words\n\n" + FROM + b"\nx\n"])
def test_what_is_no_mailbox_is_one_clear_error(data, tmp_path):
    path = tmp_path / "f.mbox"
    path.write_bytes(data)
    if not data:
        assert read(path) == ([], [])
        return
    with pytest.raises(MalformedError, match="expected a mailbox"):
        read(path)


def test_a_single_message_keeps_its_quoted_from(tmp_path):
    path = tmp_path / "one.eml"
    path.write_bytes(mail("a\r\n>From b\r\n"))
    assert texts(path) == ["a\r\n>From b\r"]


def test_windows_mailboxes(tmp_path):
    path = tmp_path / "f.mbox"
    one = (FROM + mail("one\n") + b"\n").replace(b"\n", b"\r\n")
    path.write_bytes(one * 3)
    assert texts(path) == ["one\r"] * 3


bodies = st.lists(
    st.sampled_from(["a\n", "\n", "From x 10:00 2021\n", "From x\n", ">From y\n", "ü \n"]),
    max_size=6,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(bodies, min_size=1, max_size=4), st.sampled_from([1, 30, module.BLOCK]))
def test_a_mailbox_is_cut_where_the_standard_library_wrote_it(tmp_path_factory, found, block):
    path = tmp_path_factory.mktemp("box") / "f.mbox"
    box = mailbox.mbox(str(path))
    for body in found:
        message = mailbox.mboxMessage(mail(body))
        message.set_from("ann@example.org Thu Feb  4 05:06:07 2021")
        box.add(message)
    box.close()
    rows, bad = read(path, reader=module._Mbox(block))
    assert bad == []
    expected = [(n, body) for n, body in enumerate(found) if body.strip()]
    # the library escapes only `From `, and a mailbox does not say whether a text's last
    # newline was its own
    assert [(r["row"], r["text"].rstrip("\n")) for r in rows] == [
        (n, body.replace(">From y", "From y").rstrip("\n")) for n, body in expected
    ]
