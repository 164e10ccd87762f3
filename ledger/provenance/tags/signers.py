"""Which key signs a tag: an own key of use `claim`, or an SSH key."""

from pathlib import Path

from ledger.errors import InputError, UnknownNameError
from ledger.log.keys import KeyRing
from ledger.provenance.signing import ClaimSigner
from ledger.provenance.sshsig import ssh_key

__all__ = ["find_signer"]


def find_signer(ring: KeyRing, name: str | None) -> ClaimSigner:
    """The author key called `name`: its name or label, or a file of ssh-keygen; without a name
    the only one there is.

    Raises UnknownNameError, InputError where several match, RefusedError or KeyPermissionError
    where the private half cannot be used.
    """
    own = [key for key in ring.own() if key.use == "claim"]
    if name is None:
        if len(own) != 1:
            labels = ", ".join(key.verifier.label for key in own)
            raise InputError(
                f"own keys of use claim: {labels or 'none'}, expected one",
                hint="name one: --sign NAME"
                if own
                else "headwater key generate NAME --use claim, or --sign ~/.ssh/id_ed25519",
            )
        chosen = own
    else:
        chosen = [
            key for key in own if name in (key.verifier.name, key.verifier.label, key.verifier.vkey)
        ]
        if not chosen:
            file = Path(name).expanduser()
            if file.is_file():
                return ssh_key(file)
            raise UnknownNameError("author key", name, [key.verifier.label for key in own])
        if len(chosen) > 1:
            labels = ", ".join(key.verifier.label for key in chosen)
            raise InputError(
                f"{name} names {len(chosen)} keys: {labels}", hint="give the label, name+hash"
            )
    verifier = chosen[0].verifier
    return ring.signer("claim", verifier.name, [verifier.vkey])
