"""A time-stamp authority for tests: made anew for each, with the system's openssl."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ledger.reserves.receipts.stamp import add_stamp, request_of

_CONFIG = """[tsa]
default_tsa=t
[t]
serial=./serial
crypto_device=builtin
signer_cert=./tsa.pem
signer_key=./tsa.key
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
accuracy=secs:1
ess_cert_id_alg=sha256
ordering=no
tsa_name=no
"""
_EXTENSION = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


class Authority:
    """Keys and certificates in a folder of their own; `root` is the PEM to pin."""

    def __init__(self, folder: Path, name: str = "test") -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed, and it makes the time-stamp authority")
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "tsa.cnf").write_text(_CONFIG)
        (folder / "ext").write_text(_EXTENSION)
        (folder / "serial").write_text("01\n")
        new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        self._run(f"{new} -x509 -days 3650 -keyout root.key -out root.pem -subj /CN={name}-root")
        self._run(f"{new} -keyout tsa.key -out tsa.csr -subj /CN={name}-stamps")
        self._run(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3650 "
            "-extfile ext -out tsa.pem"
        )
        self.root = (folder / "root.pem").read_bytes()

    def answer(self, query: bytes) -> bytes:
        """The TimeStampResp to a TimeStampReq."""
        (self.folder / "query").write_bytes(query)
        self._run("ts -reply -config tsa.cnf -queryfile query -out answer")
        return (self.folder / "answer").read_bytes()

    def _run(self, arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments.split()],
            cwd=self.folder,
            check=True,
            capture_output=True,
            timeout=60,
        )


def stamped(folder: Path, place: Path) -> Authority:
    """Put a time stamp on a seal; whose it is."""
    authority = Authority(place / f"authority-{len(list(place.iterdir()))}")
    add_stamp(folder, authority.answer(request_of(folder)), authority.root)
    return authority
