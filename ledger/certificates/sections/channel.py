"""How the texts came to the issuer."""

from ledger.certificates.sections._attribute import AttributeSection

SECTION = AttributeSection(
    "channel",
    "Channel",
    70,
    plural="channels",
    note="How the texts came to the issuer, as the issuer says.",
    shown={
        "public_dataset": "public dataset",
        "licensed": "licensed",
        "other_private": "other private source",
        "crawled": "crawled from the web",
        "user_data": "data of users",
        "own_synthetic": "made by the issuer's own models",
        "other": "other",
    },
)
