"""The field types that bodies share."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "Body",
    "Channel",
    "Count",
    "DatasetName",
    "Date",
    "Digest",
    "Level",
    "Seconds",
    "Short",
]

Digest = Annotated[str, StringConstraints(pattern=r"^(hmac-)?sha256:[0-9a-f]{64}$")]
Short = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
DatasetName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}@[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"),
]
Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
Seconds = Annotated[int, Field(strict=True, gt=-(2**53), lt=2**53)]  # Unix time, whole seconds
Level = Annotated[int, Field(strict=True, ge=0, le=5)]  # E0–E5
Channel = Literal[
    "public_dataset", "licensed", "other_private", "crawled", "user_data", "own_synthetic", "other"
]


class Body(BaseModel):
    """What a claim says. Frozen, closed: an unknown field is refused, an absent one is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def plain(self) -> dict[str, Any]:
        """The JSON values that are hashed: fields that are not known are absent, never null."""
        return self.model_dump(mode="json", exclude_none=True)
