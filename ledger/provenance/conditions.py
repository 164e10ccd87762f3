"""What a policy may ask of a profile, and the three answers: SQL, yes or no, and a sentence.

Each condition gives all three from the same two or three numbers, so that what is counted, what
is decided and what is explained cannot drift apart. `str` spells it as the policy's TOML does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ledger.provenance.facts import DATE_FIELDS, FLAGS, PROFILE_FIELDS

__all__ = [
    "FLAG_WORDS",
    "MEASURES",
    "AtLeast",
    "Condition",
    "ExistedBy",
    "FlagIs",
    "Profile",
    "evidence_words",
    "measure_words",
    "moment",
    "seconds",
]

Profile = Sequence[int | None]
"""The values of PROFILE_FIELDS, in their order."""

LEVELS = range(6)
_AT = {name: place for place, name in enumerate(PROFILE_FIELDS)}

FLAG_WORDS: Mapping[str, tuple[str, str]] = {
    "declared_ai": ("AI content was declared (A2 to A4)", "no live claim declares AI content"),
    "declared_human": (
        "A0 or A1 was declared, but not signed by an author whose key this log names",
        "no live claim declares A0 or A1 without an author's key",
    ),
    "attested": (
        "an author whose key this log names signed A0 or A1",
        "no author whose key this log names signed A0 or A1",
    ),
    "observed": ("its typing was observed", "its typing was not observed"),
    "sourced_review": (
        "two reviewers agree, each with a source outside the text",
        "no two agreeing reviews cite a source outside the text",
    ),
    "marked": (
        "a registered mark was found, of a key that only its provider had",
        "no registered mark of a key that only its provider had is recorded",
    ),
    "marked_public": (
        "a mark was found that anybody could have put there",
        "no mark that anybody could have put there is recorded",
    ),
    "classified": (
        "a calibrated classifier found it like AI samples",
        "no calibrated classifier's finding is recorded",
    ),
    "classified_fdr": (
        "a calibrated classifier found it like AI samples, and few of its run are expected false",
        "no calibrated classifier's finding is recorded that holds among all those of its run",
    ),
    "hinted_ai": (
        "AI content was declared in a form that tools write unasked",
        "no form that tools write unasked declares AI content",
    ),
    "conflict": ("its claims cannot all be true", "its claims do not contradict each other"),
}

MEASURES: Mapping[str, tuple[str, int]] = {
    "ai_ppm": ("the declared AI share in parts per million", 1_000_000),
    "marked_milli": ("p of that mark, corrected for the marks looked for,", 2**53 - 1),
    "marked_public_milli": (
        "p of the mark that anybody could have put there, corrected for the marks looked for,",
        2**53 - 1,
    ),
}
_POWERS = ("marked_milli", "marked_public_milli")  # -log10 p in thousandths


def seconds(day: date) -> int:
    """Midnight UTC at the start of `day`, in Unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def moment(at: int) -> str:
    """Unix seconds for people, in UTC; what no calendar holds stays a number of seconds."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{at} s since 1970 UTC"


@dataclass(frozen=True)
class FlagIs:
    """A flag of facts.FLAGS is set, or is not."""

    flag: str
    value: bool

    def __str__(self) -> str:
        return f"{self.flag} = {str(self.value).lower()}"

    def sql(self, cutoff: int) -> str:
        return f"(p.flags & {FLAGS[self.flag]}) {'<>' if self.value else '='} 0"

    def holds(self, profile: Profile, cutoff: int) -> bool:
        return bool((profile[_AT["flags"]] or 0) & FLAGS[self.flag]) is self.value

    def because(self, profile: Profile, cutoff: int) -> str:
        found = bool((profile[_AT["flags"]] or 0) & FLAGS[self.flag])
        return FLAG_WORDS[self.flag][0 if found else 1]


@dataclass(frozen=True)
class AtLeast:
    """A measure of the profile is known and not below `least`."""

    measure: str
    least: int

    def __str__(self) -> str:
        return f"{self.measure} = {{ at_least = {self.least} }}"

    def sql(self, cutoff: int) -> str:
        return f"coalesce(p.{self.measure} >= {self.least}, false)"

    def holds(self, profile: Profile, cutoff: int) -> bool:
        value = profile[_AT[self.measure]]
        return value is not None and value >= self.least

    def because(self, profile: Profile, cutoff: int) -> str:
        name, value = MEASURES[self.measure][0], profile[_AT[self.measure]]
        if value is None:
            return "there is no p of one" if self.measure in _POWERS else f"{name} is not known"
        if self.measure in _POWERS:
            enough = "which is" if value >= self.least else "which is not"
            return f"{name} is at most {_power(value)}, {enough} at or below {_power(self.least)}"
        return (
            f"{name} is {value:,}, {'at least' if value >= self.least else 'below'} {self.least:,}"
        )


@dataclass(frozen=True)
class ExistedBy:
    """Evidence of at least `level` dates it before a day: the policy's cut-off, or `before`.

    `checked`: only evidence that was checked counts; else what was asserted counts too.
    """

    level: int
    checked: bool
    before: date | None = None  # None: the cut-off

    def __str__(self) -> str:
        before = '"cutoff"' if self.before is None else self.before.isoformat()
        checked = str(self.checked).lower()
        return f"existed_by = {{ before = {before}, level = {self.level}, checked = {checked} }}"

    def sql(self, cutoff: int) -> str:
        limit = self._limit(cutoff)
        tests = " OR ".join(f"coalesce(p.{name} < {limit}, false)" for name in self._fields())
        return f"({tests})"

    def holds(self, profile: Profile, cutoff: int) -> bool:
        least = self.least(profile)
        return least is not None and least[0] < self._limit(cutoff)

    def because(self, profile: Profile, cutoff: int) -> str:
        limit, least = self._limit(cutoff), self.least(profile)
        day = datetime.fromtimestamp(limit, UTC).date().isoformat()
        wanted = (
            f"{'checked evidence' if self.checked else 'evidence'} of level E{self.level} or better"
        )
        if least is not None:
            order = "before" if least[0] < limit else "not before"
            dated = f"{evidence_words(least[1])} dates it {moment(least[0])} at the latest"
            return f"{dated}, {order} {day}"
        other = [(at, name) for name in DATE_FIELDS if (at := profile[_AT[name]]) is not None]
        if not other:
            return f"no evidence dates it; {wanted} is asked for"
        at, name = min(other)
        return f"there is no {wanted}; only {evidence_words(name)}, {moment(at)}"

    def _limit(self, cutoff: int) -> int:
        return cutoff if self.before is None else seconds(self.before)

    def _fields(self) -> Iterator[str]:
        for standing in ("checked",) if self.checked else ("checked", "asserted"):
            for level in LEVELS[self.level :]:
                yield f"{standing}_e{level}"

    def least(self, profile: Profile) -> tuple[int, str] | None:
        """The earliest date that counts, and the field of the profile that holds it."""
        dates = [(at, name) for name in self._fields() if (at := profile[_AT[name]]) is not None]
        return min(dates, default=None)


Condition = FlagIs | AtLeast | ExistedBy


def measure_words(measure: str, value: int) -> str:
    """A measure of the profile for people: a p-value as such."""
    name = MEASURES[measure][0]
    if measure in _POWERS:
        return f"{name} is at most {_power(value)}"
    return f"{name} is {value:,}"


def _power(milli: int) -> str:
    return f"1e-{milli / 1000:g}"


def evidence_words(field: str) -> str:
    """A date field of the profile for people: `checked_e3` is checked evidence of level E3."""
    standing, _, level = field.partition("_e")
    return f"{standing} evidence of level E{level}"
