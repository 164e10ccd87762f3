"""SSH signatures by signers that the user allows, checked by ssh-keygen."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.corpus.evidence import NotCheckedError
from ledger.errors import UntrustedSignerError, VerificationError, printable

__all__ = ["verify"]

_SECONDS = 60
_KEY = re.compile(r"\bkey (SHA256:[A-Za-z0-9+/=]{20,64})")


def verify(
    place: object, data: bytes, signature: bytes, allowed: bytes, at: int, namespace: str
) -> str:
    """`principal, key SHA256:…` of whoever signed `data`, if allowed to at the time `at`.

    `allowed` is an allowed-signers file (ssh-keygen(1)). Raises NotCheckedError without ssh-keygen,
    UntrustedSignerError for a good signature of somebody it does not name, VerificationError for
    a signature that does not hold.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise NotCheckedError(
            "ssh-keygen is not installed, so SSH signatures cannot be checked",
            hint="apt install openssh-client, or leave this evidence out",
        )
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H%M%S")
    with TemporaryDirectory(prefix="headwater-sshsig-") as name:
        signers, stored = Path(name) / "allowed", Path(name) / "signature"
        signers.write_bytes(allowed)
        stored.write_bytes(signature)
        common = ["-f", str(signers), "-s", str(stored), f"-Overify-time={moment}"]
        found = _run(place, [program, "-Y", "find-principals", *common], b"")
        principal = found.split("\n")[0].strip()
        if not principal:
            _good_by_itself(place, program, stored, namespace, data)
            raise UntrustedSignerError(
                f"{printable(place)}: signed by an SSH key that no allowed signer has, "
                f"or had on {moment[:8]}",
                hint="allowed_signers names who may sign, as ssh-keygen(1) describes",
            )
        said = _run(
            place, [program, "-Y", "verify", "-n", namespace, "-I", principal, *common], data
        )
    key = _KEY.search(said)
    if not said.startswith("Good ") or key is None:
        raise VerificationError(
            f"{printable(place)}: bad SSH signature of {printable(principal, 80)}: "
            "the text was changed"
        )
    return f"{principal}, key {key[1]}"


def _good_by_itself(
    place: object, program: str, signature: Path, namespace: str, data: bytes
) -> None:
    """Whether the signature is of `data` by the key it brings along, whoever's that is."""
    command = [program, "-Y", "check-novalidate", "-n", namespace, "-s", str(signature)]
    if not _run(place, command, data).startswith("Good "):
        raise VerificationError(f"{printable(place)}: bad SSH signature: the text was changed")


def _run(place: object, command: list[str], data: bytes) -> str:
    """What the program printed if it succeeded, else ""."""
    try:
        ran = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            env={"LC_ALL": "C", "TZ": "UTC"},  # -Overify-time is read as local time
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise VerificationError(
            f"{printable(place)}: ssh-keygen took over {_SECONDS} seconds"
        ) from error
    return ran.stdout.decode("utf-8", "replace") if ran.returncode == 0 else ""
