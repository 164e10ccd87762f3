"""Perplexity of texts under a causal language model that lies on this machine.

A perplexity belongs to one model, one tokenizer, one number of tokens and one precision: a result
carries all four, and numbers of different ones are never compared. Texts go through one at a time,
so a number does not depend on what it was measured beside. bfloat16 is about twice as fast as
float32 and its digits differ between processors; float32's last digits do too.

Nothing is downloaded, and no code that lies beside a model is run.
"""

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.extractors import needs
from ledger.errors import InputError, printable
from ledger.verdicts.signals.words import as_texts

__all__ = ["CONTEXT", "DTYPES", "CausalModel", "Identity", "Measured", "open_model"]

CONTEXT: Final = 160
"""Tokens of a text that are read, from its beginning."""

DTYPES: Final = ("float32", "bfloat16")

_CHARACTERS = 64  # a token; a text's characters beyond as many for each token are not looked at
_GGUF = b"GGUF"
_HINT = "nothing is downloaded: give a GGUF file, or a folder that save_pretrained() made"


@dataclass(frozen=True)
class Identity:
    """What a perplexity depends on.

    `model` is "sha256:" and the digest of the weights: of the GGUF file's bytes, or of a folder's
    SHA-256 digests of config.json and its *.safetensors, one after the other by file name.
    `tokenizer` is the SHA-256 of the tokenizer as the `tokenizers` library writes it as JSON.
    """

    model: str
    tokenizer: str
    context: int
    dtype: str


@dataclass(frozen=True)
class Measured:
    """Of n texts; never to be shown without `identity`.

    `perplexity` (float64[n]) is exp of the mean negative log-likelihood of each token but the
    first, given those before it. `log_rank` (float64[n]) is the mean natural logarithm of the rank,
    from 1, that the model gave the token (Gehrmann et al. 2019, GLTR). `tokens` (int64[n]) were
    read. Both measures are NaN below two tokens.
    """

    perplexity: npt.NDArray[np.float64]
    log_rank: npt.NDArray[np.float64]
    tokens: npt.NDArray[np.int64]
    identity: Identity


@dataclass(frozen=True)
class CausalModel:
    """A model in memory, and the threads it may use."""

    identity: Identity
    threads: int
    _model: Any = field(repr=False)
    _tokenizer: Any = field(repr=False)

    def measure(self, texts: pa.Array | pa.ChunkedArray) -> Measured:
        """Both measures of n texts (string), each from its first `context` tokens."""
        plain = as_texts(texts)
        values, tokens = np.full((2, len(plain)), np.nan), np.zeros(len(plain), np.int64)
        with _threads(self.threads):
            for place, text in enumerate(plain):
                ids = self._encode(text.as_py())
                tokens[place] = len(ids)
                if len(ids) >= 2:
                    values[:, place] = self._measure(ids)
        return Measured(np.exp(values[0]), values[1], tokens, self.identity)

    def perplexity(self, texts: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.float64]:
        """float64[n]: `measure(texts).perplexity`, for callers that keep the identity."""
        return self.measure(texts).perplexity

    def _encode(self, text: str) -> list[int]:
        context = self.identity.context
        encoded = self._tokenizer.backend_tokenizer.encode(text[: context * _CHARACTERS])
        ids: list[int] = encoded.ids
        return ids[:context]

    def _measure(self, ids: list[int]) -> tuple[float, float]:
        """Mean negative log-likelihood (nats), and mean log-rank."""
        import torch

        with torch.inference_mode():
            given = torch.tensor([ids])
            logits = self._model(input_ids=given, use_cache=False).logits[0, :-1].float()
            chosen = logits.gather(1, given[0, 1:, None])
            nll = (logits.logsumexp(1) - chosen[:, 0]).double().mean()
            rank = 1 + (logits > chosen).sum(1)
            return float(nll), float(rank.double().log().mean())


def open_model(
    path: str | Path, *, threads: int = 1, dtype: str = "float32", context: int = CONTEXT
) -> CausalModel:
    """The causal model of a GGUF file, or of a folder with config.json and *.safetensors.

    More threads than idle cores make it many times slower. Raises InputError for a path that is no
    such thing, a model that cannot be read, or a context or dtype that it does not have;
    MissingExtraError without the extra `lm`.
    """
    if dtype not in DTYPES:
        raise InputError(f"dtype: found {printable(dtype)}, expected {' or '.join(DTYPES)}")
    if threads < 1:
        raise InputError(f"threads: found {threads}, expected at least 1")
    where = Path(path)
    try:
        files = _weight_files(where)
        _import_all(where)
        digests = [_digest(file) for file in files]
    except OSError as error:
        raise InputError(f"{printable(where)}: {error.strerror}", hint=_HINT) from error
    model_digest = digests[0] if where.is_file() else sha256(b"".join(digests)).digest()
    try:
        with _threads(threads), redirect_stderr(StringIO()):  # progress bars, terminal or not
            tokenizer, model = _load(where, dtype)
    except MemoryError:
        raise
    except Exception as error:  # three libraries have their own; what they raise is of these bytes
        reason = printable(str(error).strip().split("\n")[0] or type(error).__name__, 200)
        raise InputError(
            f"{printable(where)}: not read as a causal language model: {reason}", hint=_HINT
        ) from error
    longest = getattr(model.config, "max_position_embeddings", None) or context
    if not 2 <= context <= longest:
        raise InputError(f"context: found {context} tokens, expected 2 to {longest}")
    spelled = tokenizer.backend_tokenizer.to_str().encode()
    identity = Identity(
        model=f"sha256:{model_digest.hex()}",
        tokenizer=f"sha256:{sha256(spelled).hexdigest()}",
        context=context,
        dtype=dtype,
    )
    return CausalModel(identity, threads, model, tokenizer)


def _weight_files(where: Path) -> list[Path]:
    """What the model's digest is of. Raises InputError."""
    shown = printable(where)
    if where.is_file():
        with where.open("rb") as stream:
            if stream.read(len(_GGUF)) != _GGUF:
                raise InputError(f"{shown}: not a GGUF file, expected a local model", hint=_HINT)
        return [where]
    if not where.is_dir():
        raise InputError(f"{shown}: no such file or folder, expected a local model", hint=_HINT)
    weights = sorted(where.glob("*.safetensors"))
    if not weights or not (where / "config.json").is_file():
        raise InputError(
            f"{shown}: no model here, expected config.json and *.safetensors", hint=_HINT
        )
    return sorted([*weights, where / "config.json"], key=lambda file: file.name)


def _digest(file: Path) -> bytes:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").digest()


def _import_all(where: Path) -> None:
    """Raises MissingExtraError, before anything is read."""
    with needs("torch", "lm"):
        import torch  # noqa: F401
    with needs("transformers", "lm"):
        import transformers  # noqa: F401
    if where.is_file():
        with needs("gguf", "lm"):
            import gguf  # noqa: F401
        with needs("accelerate", "lm"):
            import accelerate  # noqa: F401


def _load(where: Path, dtype: str) -> tuple[Any, Any]:
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, given = (where.parent, where.name) if where.is_file() else (where, None)
    local: dict[str, Any] = {
        "gguf_file": given,
        "local_files_only": True,
        "trust_remote_code": False,
    }
    tokenizer = AutoTokenizer.from_pretrained(folder, **local)
    if not tokenizer.is_fast:
        raise ValueError("a tokenizer that the tokenizers library does not read")
    if given is not None and (packed := getattr(transformers, "GgufConfig", None)):
        local["quantization_config"] = packed(dequantize=True)  # else a hub is asked for kernels
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, dtype), use_safetensors=True, **local
    )
    return tokenizer, model.eval()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Torch's threads are the process's: they are put back."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
