"""model: a language model, and what it came from. Subject: {model, name, version}."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ledger.claims.fields import Body, Count, Digest, Short

__all__ = ["Model", "TrainedOn"]


class TrainedOn(BaseModel):
    """`documents` of one generation; of those without one nothing was known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    documents: Count
    generation: Annotated[int, Field(strict=True, ge=0, lt=1_000)] | None = None


class Model(Body):
    """`base` is the subject of the model it was tuned from; `manifests` are the statements of
    those it was trained on, and `trained_on` what was known of their documents when this was
    recorded. With none of these, nothing is known of what it learned from. `aliases` are names by
    which tools call it in claims of authorship.
    """

    name: Short
    version: Short
    base: Digest | None = None
    manifests: Annotated[list[Digest], Field(max_length=100)] | None = None
    trained_on: Annotated[list[TrainedOn], Field(max_length=100)] | None = None
    aliases: Annotated[list[Short], Field(max_length=40)] | None = None
