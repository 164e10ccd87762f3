"""The model card: what a detector was fitted on, how far it errs, and what it must not be used for.

`make_card` measures; it goes into the weights file, and `page` writes the same card for people.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.verdicts.core.model import NAME, Floats, Training
from ledger.verdicts.evaluation.metrics import auc
from ledger.verdicts.outcomes import MIN_WORDS, PREVALENCE_WORDS

__all__ = ["Release", "make_card", "page", "release_of"]

_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Release:
    """What weights are called: ours by their rows, others by the digest of theirs."""

    name: str
    version: str
    date: str | None = None


_RELEASES: Final[Mapping[str, Release]] = {
    "sha256:6f42f7d06f32c6f58244d854c8d53a693c21f50259ad1aa6639169d63c1ee642": Release(
        NAME, "1", "2026-11-21"
    ),
}

_LENGTHS: Final = (0, MIN_WORDS, PREVALENCE_WORDS, 220)

_REPOSITORIES: Final = {
    "L2R": "Learning to Rewrite, github.com/ranhli/l2r_data, CC BY 3.0",
    "ImBD": "ImBD, github.com/Jiaqi-Chen-00/ImBD, Apache-2.0",
    "OUTFOX": "OUTFOX, github.com/ryuryukke/OUTFOX, Apache-2.0",
    "fast-detect-gpt": "Fast-DetectGPT, github.com/baoguangsheng/fast-detect-gpt, MIT",
    "glimpse": "Glimpse, github.com/baoguangsheng/glimpse, MIT",
}
"""Whom the rows are owed to. No row is part of the package: weights, digests and scores are."""

_FAILS: Final = (
    'A kind of text that is not among the domains below. The columns "unseen" say what that '
    "costs: the cut no longer holds back 1 % of human text. Calibrate on your own.",
    "Text that continues a human one, by a model without instruction tuning; text translated to "
    "and fro; text paraphrased to pass. Most of it is missed.",
    f"Text of fewer than {MIN_WORDS} words, which gets no verdict.",
    "Formal human prose: reports, applications, encyclopedic and official text, and what people "
    "write in a language that is not their first. It scores higher than other human text.",
    "Other languages than English, code, tables, verse: not measured, and no verdict.",
    "Generators younger than the rows. Some are found, and nobody knows how many are not.",
)

_NEVER: Final = (
    "to say of a person that they did not write a text: no score is evidence against anybody",
    "to call a text human: what is unlike AI samples may be AI text all the same",
    "without a calibration on known human text of the kind that is looked at",
    "as the only ground on which text, or its author, is turned down",
)


def release_of(rows: str) -> Release:
    """The release that was fitted on the rows of this digest, or a name for one's own."""
    return _RELEASES.get(rows, Release("own", rows.removeprefix("sha256:")[:8]))


def make_card(
    release: Release,
    rows: str,
    fit: str,
    training: Training,
    licences: Sequence[str],
    cut: float,
    unseen: Mapping[str, Floats],
) -> dict[str, Any]:
    """The card of a detector as JSON values; shares and AUCs from 0 to 1, to four digits.

    `rows` digests what it was fitted on, `fit` says how; `unseen` has the rows' logits by models
    that saw nothing of their domain, and of their generator. `flagged` shares are of texts of
    `MIN_WORDS` words or more, whose score is above the cut.
    """
    human = training.label == 0
    counts = Counter(
        zip((training.sources[k] for k in training.source), licences, human.tolist(), strict=True)
    )
    sources = [
        {
            "source": source,
            "licence": licence,
            "human": counts[source, licence, True],
            "synthetic": counts[source, licence, False],
        }
        for source, licence in sorted({key[:2] for key in counts})
    ]
    card: dict[str, Any] = {
        "name": release.name,
        "version": release.version,
        "rows": rows,
        "fit": fit,
        "human": int(human.sum()),
        "synthetic": int((~human).sum()),
        "words": [int(n) for n in np.quantile(training.words, (0, 0.5, 1), method="nearest")],
        "sources": sources,
        "attribution": [_REPOSITORIES[name] for name in training.sources if name in _REPOSITORIES],
        "cut_1pct": round(cut, 4),
        "cut_rows": int((human & (training.words >= MIN_WORDS)).sum()),
        "groups": list(_groups(training, cut, unseen)),
        "fails": list(_FAILS),
        "never": list(_NEVER),
    }
    return card | ({"date": release.date} if release.date else {})


def _groups(
    training: Training, cut: float, unseen: Mapping[str, Floats]
) -> Iterator[dict[str, Any]]:
    every = np.ones(len(training), np.bool_)
    human = training.label == 0
    yield {"by": "all", "name": "all", **_errors(training, training.score, every, cut)}
    for by, scores in unseen.items():
        found = _errors(training, scores, every, cut)
        yield {"by": "all", "name": f"{by} unseen", **found}
    for low, high in zip(_LENGTHS, (*_LENGTHS[1:], None), strict=True):
        taken = (training.words >= low) & (every if high is None else training.words < high)
        name = f"{low} words or more" if high is None else f"{low} to {high - 1} words"
        yield {"by": "length", "name": name, **_errors(training, training.score, taken, cut)}
    for by, codes, names in (
        ("domain", training.domain, training.domains),
        ("generator", training.generator, training.generators),
    ):
        for code, name in enumerate(names):
            taken = codes == code
            if by == "generator":
                if not (taken & ~human).any():
                    continue
                taken = taken & ~human | human
            found = _errors(training, training.score, taken, cut)
            if by in unseen:
                later = _errors(training, unseen[by], taken, cut)
                found |= {f"{key}_unseen": later[key] for key in _MEASURED}
            yield {"by": by, "name": name, **found}


_MEASURED: Final = ("auc", "human_flagged", "synthetic_flagged")


def _errors(training: Training, scores: Floats, taken: _Mask, cut: float) -> dict[str, Any]:
    human, synthetic = taken & (training.label == 0), taken & (training.label == 1)
    long = training.words >= MIN_WORDS
    both = human.any() and synthetic.any()
    return {
        "human": int(human.sum()),
        "synthetic": int(synthetic.sum()),
        "auc": round(auc(scores[human], scores[synthetic]), 4) if both else None,
        "human_flagged": _above(scores[human & long], cut),
        "synthetic_flagged": _above(scores[synthetic & long], cut),
    }


def _above(scores: Floats, cut: float) -> float | None:
    return round(int((scores > cut).sum()) / len(scores), 4) if len(scores) else None


def page(card: Mapping[str, Any], digest: str) -> str:
    """The card of the weights of this digest, as a page of Markdown."""
    dated = f", {card['date']}" if "date" in card else ""
    least, median, most = card["words"]
    lines = [
        f"# Model card: {card['name']} {card['version']}",
        "",
        f"A detector of AI text in English prose{dated}. Two linear models, over pieces of 3 to 5 "
        "bytes and runs of 1 to 3 words, give a logit: how like the AI samples below a text is, "
        "and unlike the human ones. Nothing else is known to it.",
        "",
        f"Weights `{digest}`, fitted on rows `{card['rows']}`: {card['fit']}.",
        "",
        "## Never",
        "",
        *(f"- {line};" for line in card["never"][:-1]),
        f"- {card['never'][-1]}.",
        "",
        "## Where it fails",
        "",
        *(f"- {line}" for line in card["fails"]),
        "",
        "## What it was fitted on",
        "",
        f"{card['human']:,} human and {card['synthetic']:,} AI texts of {least} to {most} words, "
        f"half of them of fewer than {median}. The package has their digests and scores, not the "
        "texts, whose terms remain their authors'.",
        "",
        "| source | licence of the compilation | human | AI |",
        "|---|---|---|---|",
        *(
            f"| {row['source']} | {row['licence']} | {row['human']:,} | {row['synthetic']:,} |"
            for row in card["sources"]
        ),
        "",
        *([f"With thanks to {'; '.join(card['attribution'])}.", ""] if card["attribution"] else []),
        "## How far it errs",
        "",
        "Measured on the same rows, each scored by models that saw no text of its pair group. AUC "
        f"is of all lengths. *Flagged* is the share, of texts of {MIN_WORDS} words or more, with a "
        f"score above the cut {card['cut_1pct']}: at most 1 % of those {card['cut_rows']:,} human "
        "texts.",
        "",
        *_table([row for row in card["groups"] if row["by"] in ("all", "length")], "texts"),
        "",
        "*Unseen*: the models saw no text of that domain, or nothing by that generator and none of "
        "its pairs. That is nearer to what happens on text of your own.",
        "",
        *_table([row for row in card["groups"] if row["by"] == "domain"], "domain"),
        "",
        "A generator's texts beside all human ones:",
        "",
        *_table([row for row in card["groups"] if row["by"] == "generator"], "generator"),
        "",
    ]
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, Any]], what: str) -> list[str]:
    columns = ["AUC", "human flagged", "AI flagged"]
    later = any("auc_unseen" in row for row in rows)
    names = [what, "human", "AI", *columns]
    keys = [*_MEASURED]
    if later:
        names += [f"{name}, unseen" for name in columns]
        keys += [f"{key}_unseen" for key in _MEASURED]
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for row in rows:
        cells = [row["name"], f"{row['human']:,}", f"{row['synthetic']:,}"]
        cells += [_cell(key, row[key]) for key in keys]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if key.startswith("auc") else f"{100 * value:.1f} %"
