"""WARC files: records with their digests checked, beside warcio, which checks none here.

Both sides read the same packed file from disk. In the first row both hand over the payload of every
response; ours has also compared it and its block with the digests of their headers, and followed
every length to where its record ends. It inflates and cuts records in threads of their own: where
one core is all there is, it is some 2.3 times the peer. Requests and metadata beside each response,
as a crawl has them, favour ours: in a file of responses alone it is 2.0 to 2.4 times. In the second
row ours goes on to a table of the pages with a SHA-256 each. The third takes the main content out
of the HTML and has no peer.
"""

import gzip
import io
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha1
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.document import Passed
from ledger.corpus.hashing import hash_texts
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.corpus.readers._captures import Capture, captures
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, number, paired
from tests.bench.timing import interleave, seconds_of

OURS, TABLE, PEER = "captures, digests checked", "reader and hashing", "warcio, unchecked"
_SEED = 11


def run(bench: Bench) -> Iterator[Row]:
    records = max(bench.sizes.documents // 5, 500)
    path = bench.scratch / "bench.warc.gz"
    size, held = write_captures(path, records)
    iterate = import_module("warcio.archiveiterator").ArchiveIterator

    def ours() -> int:
        found = [len(one.payload) for one in captures(path, ReadOptions()) if _is_page(one)]
        return len(found)

    def table(html: str) -> int:
        options = ReadOptions(settings={"warc.html": html})
        rows = 0
        for found in reader_for(path).read(path, options):
            if isinstance(found, pa.Table):
                rows += len(hash_texts(found.column("text"))[0])
            elif not isinstance(found, Passed):
                raise RuntimeError(f"{found.where}: {found.reason}")
        return rows

    def peer() -> int:
        pages = 0
        with open(path, "rb") as file:
            for one in iterate(file):
                if one.rec_type == "response":
                    pages += len(one.content_stream().read()) > 0
        return pages

    for side in (ours, peer, lambda: table("source")):  # warm, and everything is read
        if side() != records:
            raise RuntimeError(f"{path}: not every one of {records} pages was read")
    rates = interleave(
        {
            OURS: lambda: records / seconds_of(ours),
            PEER: lambda: records / seconds_of(peer),
            TABLE: lambda: records / seconds_of(lambda: table("source")),
        },
        bench.sizes.rounds,
        240.0,
    )
    about = (
        f"{number(records)} pages, {held / 1e6:.0f} MB of HTML in {size / 1e6:.0f} MB; "
        f"the peer ({version('warcio')}) checks no digest"
    )
    yield paired(
        "WARC payloads with digest check",
        rates,
        OURS,
        PEER,
        notes=about,
        unit=" docs/s",
        at_least=3,
    )
    yield paired("WARC to hashed table of HTML", rates, TABLE, PEER, notes=about, unit=" docs/s")
    main = [records / seconds_of(lambda: table("main")) for _ in range(min(bench.sizes.rounds, 3))]
    yield measured(
        "WARC to hashed table of main content", main, "docs/s", "Resiliparse, one process"
    )


def _is_page(found: object) -> bool:
    return isinstance(found, Capture)


def write_captures(path: Path, records: int) -> tuple[int, int]:
    """A WARC file with the records and headers that Common Crawl's have: request, response and
    metadata a page, each a gzip member. Returns its size and that of the pages, in bytes.
    """
    rng = np.random.default_rng(_SEED)
    sentences = _sentences(rng)
    held = 0
    with open(path, "wb") as file:
        fields = (
            b"isPartOf: CC-MAIN-2021-43\r\npublisher: bench\r\nformat: WARC File Format 1.1\r\n"
        )
        file.write(_packed("warcinfo", fields, "application/warc-fields", 0))
        for count in range(1, records + 1):
            page = _page(rng, sentences)
            block = (_ANSWER % len(page)).encode() + page
            digests = (
                f"WARC-Payload-Digest: {_sha1(page)}\r\nWARC-Block-Digest: {_sha1(block)}\r\n"
                "WARC-Identified-Payload-Type: text/html\r\n"
            )
            ask = (_QUESTION % (count, count % 997)).encode()
            file.write(_packed("request", ask, "application/http; msgtype=request", count))
            kind = "application/http; msgtype=response"
            file.write(_packed("response", block, kind, count, digests))
            file.write(_packed("metadata", _METADATA, "application/warc-fields", count))
            held += len(page)
    return path.stat().st_size, held


_QUESTION = (
    "GET /%x HTTP/1.1\r\nUser-Agent: CCBot/2.0 (https://commoncrawl.org/faq/)\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nIf-Modified-Since: Sat, 18 Sep 2021 08:00:00 UTC\r\n"
    "Accept-Encoding: br,gzip\r\nHost: www.site-%d.example\r\nConnection: Keep-Alive\r\n\r\n"
)
_ANSWER = (
    "HTTP/1.1 200 OK\r\nDate: Sun, 10 Oct 2021 08:00:00 GMT\r\nServer: nginx/1.18.0\r\n"
    "Content-Type: text/html; charset=UTF-8\r\nX-Crawl-Transfer-Encoding: chunked\r\n"
    "Connection: keep-alive\r\nVary: Accept-Encoding\r\nX-Powered-By: PHP/7.4.24\r\n"
    "Cache-Control: max-age=3600, public\r\nLast-Modified: Sat, 09 Oct 2021 21:14:03 GMT\r\n"
    'ETag: "6161f1ab-1d2c"\r\nStrict-Transport-Security: max-age=31536000\r\n'
    "X-Crawl-Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
)
_METADATA = (
    b"fetchTimeMs: 268\r\ncharset-detected: UTF-8\r\n"
    b'languages-cld2: {"reliable":true,"text-bytes":3312,"languages":[{"code":"en",'
    b'"code-iso-639-3":"eng","text-covered":0.99,"score":1012.0,"name":"ENGLISH"}]}\r\n'
)


def _sha1(data: bytes) -> str:
    return "sha1:" + b32encode(sha1(data, usedforsecurity=False).digest()).decode()


def _packed(type: str, block: bytes, kind: str, count: int, more: str = "") -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {type}\r\nWARC-Date: 2021-10-10T08:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{count:012d}>\r\n"
        f"Content-Length: {len(block)}\r\nContent-Type: {kind}\r\n"
        "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        f"WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-9000-{count:012d}>\r\n"
        f"WARC-IP-Address: 192.0.2.{count % 255}\r\n"
        f"WARC-Target-URI: https://www.site-{count % 997}.example/{count:x}\r\n{more}\r\n"
    )
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as member:
        member.write(head.encode() + block + b"\r\n\r\n")
    return buffer.getvalue()


def _sentences(rng: np.random.Generator) -> list[str]:
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    words = [
        "".join(letters[(26 * rng.random(length) ** 2).astype(np.int64)])
        for length in rng.integers(2, 11, 8_000)
    ]

    def some(count: int) -> npt.NDArray[np.int64]:
        return (len(words) * rng.random(count) ** 3).astype(np.int64)

    return [" ".join(words[i] for i in some(int(n))) + "." for n in rng.integers(6, 30, 4_000)]


def _page(rng: np.random.Generator, sentences: list[str]) -> bytes:
    """About 3.3 kB of text, log-normal as in web corpora, in a frame of tags."""
    count = int(rng.lognormal(3.2, 0.8)) + 4
    chosen = rng.integers(0, len(sentences), count)
    links = "".join(f'<li><a href="/section/{n}">Section {n}</a></li>' for n in chosen[:12])
    parts = [" ".join(sentences[n] for n in chosen[i : i + 4]) for i in range(0, count, 4)]
    text = "".join(f'<p class="text">{part}</p>\n' for part in parts)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{count}</title></head>'
        f'<body><nav class="menu"><ul>{links}</ul></nav><main><article>{text}</article></main>'
        '<footer class="foot"><a href="/about">About</a></footer></body></html>'
    ).encode()
