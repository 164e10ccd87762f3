"""What notes and trailers become in a ledger, and what they never become."""

from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import InputError
from ledger.provenance.facts import authorship_flags
from ledger.provenance.git.importing import Imported, import_commits
from ledger.provenance.git.speaking import Speaker
from tests.provenance.git.ledgers import authorships, git_ai, opened, put_note
from tests.provenance.git.scratch import Scratch, scratch

TEXT = b"one\ntwo\nthree\nfour\n"
SESSION = ("s_11112222333344", "opus-4")
KEY = "s_11112222333344::t_aaaabbbbccccdd"
BOT = "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>"


def _import(repo: Scratch, chosen: str | None = None) -> tuple[Imported, list[dict]]:
    with opened(repo.path.parent / "l.db") as log:
        done = import_commits(log, repo.path, chosen)
        return done, [dict(one) for one in authorships(log)]


def _committed(repo: Scratch, text: bytes = TEXT, message: str = "one") -> None:
    repo.write("a b.md", text)
    repo.commit(message)


def _digest(text: bytes) -> str:
    return f"sha256:{sha256(text).hexdigest()}"


def test_a_session_becomes_more_than_its_lines(repo: Scratch) -> None:
    _committed(repo)
    put_note(repo, git_ai({"a b.md": {KEY: "2-3"}}, sessions=[SESSION]))
    done, claims = _import(repo)
    assert (done.notes, done.new, done.quarantined) == (1, 1, [])
    (claim,) = claims
    assert claim["subject"] == _digest(TEXT)
    assert (claim["assistance"], claim["model"]) == ("A3", "opus-4")
    assert (claim["evidence"], claim["convention"]) == ("imported", "git_ai")
    assert claim["covered_ppm"] == claim["ai_ppm"] == 10_000_000_000 // len(TEXT) // 1000
    with opened(repo.path.parent / "l.db") as log:
        (said,) = Speaker(log).of(TEXT)
    assert said.ranges == ((4, 14),)


def test_an_import_records_twice(repo: Scratch) -> None:
    _committed(repo)
    put_note(repo, git_ai({"a b.md": {KEY: "2"}}, sessions=[SESSION]))
    repo.write("c", "more\n")
    repo.commit(f"two\n\n{BOT}")
    first, claims = _import(repo)
    again, same = _import(repo)
    assert (first.new, again.new, again.again) == (2, 0, 2)
    assert claims == same


@pytest.mark.parametrize(("lines", "human"), [("1-4", True), ("1-3", False), ("4", False)])
def test_uncovered_lines_are_a_persons(repo: Scratch, lines: str, human: bool) -> None:
    """Lines observed typed are A0 of themselves, and of the text where they are all of it."""
    _committed(repo)
    put_note(repo, git_ai({"a b.md": {"h_aaaabbbbccccdd": lines}}, humans=["h_aaaabbbbccccdd"]))
    _, (claim,) = _import(repo)
    assert claim["assistance"] == "A0" and "ai_ppm" not in claim
    assert ("declared_human" in authorship_flags(claim, False)) == human
    assert "Ada" not in str(claim)


def test_three_kinds_of_keys_in_one_note(repo: Scratch) -> None:
    _committed(repo)
    note = git_ai(
        {"a b.md": {KEY: "1", "0123456789abcdef": "2", "h_aaaabbbbccccdd": "3"}},
        sessions=[SESSION],
        prompts=[("0123456789abcdef", "gpt-5")],
        humans=["h_aaaabbbbccccdd"],
    )
    put_note(repo, note)
    done, claims = _import(repo)
    said = {(claim["assistance"], claim.get("model")) for claim in claims}
    assert said == {("A3", "opus-4"), ("A3", "gpt-5"), ("A0", None)}
    assert done.quarantined == []


def test_two_sessions_of_a_model_are_two_claims(repo: Scratch) -> None:
    _committed(repo)
    sessions = [SESSION, ("s_22222222222222", "opus-4")]
    put_note(
        repo, git_ai({"a b.md": {KEY: "1", "s_22222222222222::t_1": "3-4"}}, sessions=sessions)
    )
    _, claims = _import(repo)
    assert len(claims) == 1


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (git_ai({}, schema="authorship/4.0.0"), "schema_version authorship/4.0.0"),
        (b"no mark\n", "no line that is exactly ---"),
        (b"---\nnot json", "no JSON"),
        (b"\xff\n---\n{}", "no UTF-8"),
        (git_ai({"a b.md": {KEY: "2-9"}}, sessions=[SESSION]), "line 9 is past the end"),
        (git_ai({"a b.md": {KEY: "3,1"}}, sessions=[SESSION]), "lines not ascending"),
        (git_ai({"a b.md": {KEY: "1"}}), "a key that the note does not explain"),
        (git_ai({"gone.md": {KEY: "1"}}, sessions=[SESSION]), "no such file in the commit"),
        (git_ai({"../x": {KEY: "1"}}, sessions=[SESSION]), "no such file in the commit"),
    ],
)
def test_a_bad_note_is_guessed_at(repo: Scratch, note: bytes, reason: str) -> None:
    _committed(repo)
    put_note(repo, note)
    done, claims = _import(repo)
    assert claims == []
    (item,) = done.quarantined
    assert reason in item.reason
    assert item.note == _digest(note)
    with opened(repo.path.parent / "l.db") as log:
        assert log.vault is not None
        (kept,) = log.vault.beginning_with(b'{"quarantined_note"', 4096)
        assert item.note.encode() in kept


def test_one_bad_file_takes_the_others_along(repo: Scratch) -> None:
    repo.write("good", "a\nb\n")
    _committed(repo)
    put_note(repo, git_ai({"a b.md": {KEY: "99"}, "good": {KEY: "2"}}, sessions=[SESSION]))
    done, claims = _import(repo)
    assert [claim["subject"] for claim in claims] == [_digest(b"a\nb\n")]
    assert [item.path for item in done.quarantined] == ["a b.md"]


def test_a_note_of_8_mb_is_too_much(repo: Scratch) -> None:
    text = b"x\n" * 400_000
    repo.write("long", text)
    repo.commit("one")
    ranges = ",".join(str(line) for line in range(1, 800_000, 2))
    lines = git_ai({"long": {KEY: "1-400000"}}, sessions=[SESSION])
    padded = lines.replace(b'"prompts": {}', b'"prompts": {}, "pad": "' + b"p" * (8 << 20) + b'"')
    assert len(padded) > 8 << 20 and len(ranges) > 1 << 20
    put_note(repo, padded)
    done, claims = _import(repo)
    assert done.quarantined == [] and len(claims) == 1


def test_crlf_lines_are_counted_otherwise(repo: Scratch) -> None:
    _committed(repo, b"one\r\ntwo\r\nthree")
    put_note(repo, git_ai({"a b.md": {KEY: "2-3"}}, sessions=[SESSION]))
    _import(repo)
    with opened(repo.path.parent / "l.db") as log:
        (said,) = Speaker(log).of(b"one\r\ntwo\r\nthree")
    assert said.ranges == ((5, 15),)


def test_a_file_that_is_no_text_is_tagged(repo: Scratch) -> None:
    _committed(repo, b"\xff\xfe\n\xff\n", f"one\n\n{BOT}")
    put_note(repo, git_ai({"a b.md": {KEY: "1"}}, sessions=[SESSION]))
    done, claims = _import(repo)
    assert claims == [] and "not utf-8" in done.quarantined[0].reason
    assert done.no_text == 1


# --- trailers


@pytest.mark.parametrize(
    ("trailer", "assistance", "model", "weight"),
    [
        ("Assisted-by: claude:opus-4 [tool]", "A2", "opus-4", None),
        ("ASSISTED-BY: Some Model 2", "A2", "Some Model 2", None),
        ("Assisted-by: AI", "A2", None, None),
        ("Generated-by: gpt-5", "A3", "gpt-5", None),
        (BOT, "A2", None, "weak"),
        ("Co-authored-by: Claude <noreply@anthropic.com>", "A2", None, "medium"),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", "A2", None, "medium"),
    ],
)
def test_a_trailer_weighs_something_else(
    repo: Scratch, trailer: str, assistance: str, model: str | None, weight: str | None
) -> None:
    _committed(repo, message=f"one\n\nbody\n\n{trailer}\nSigned-off-by: A <a@example.org>")
    done, (claim,) = _import(repo)
    assert done.trailers == 1
    said = (claim["assistance"], claim.get("model"), claim.get("weight"))
    assert said == (assistance, model, weight)
    flags = authorship_flags(claim, False)
    assert flags == (("declared_ai",) if weight is None else ("hinted_ai",))


def test_a_bot_as_co_author_makes_a_text_synthetic(repo: Scratch, headwater) -> None:
    """Asked of the whole program: the label of the text, and why."""
    _committed(repo, message=f"one\n\n{BOT}")
    _import(repo)
    ledger = repo.path.parent / "l.db"
    ran = headwater("--ledger", ledger, "ingest", "a b.md", "--dataset", "d@1")
    assert ran.code == 0, ran.stderr
    ran = headwater("--ledger", ledger, "document", "explain", "a b.md")
    assert ran.code == 0, ran.stderr
    assert "human_unverified" in ran.stdout and "synthetic_known" not in ran.stdout.split("rule")[0]


def test_a_trailer_speaks_of_lines_that_were_there(repo: Scratch) -> None:
    _committed(repo)
    longer = TEXT.replace(b"two\n", b"2\n2.5\n") + b"five\n"
    _committed(repo, longer, "two\n\nAssisted-by: AI")
    _, (claim,) = _import(repo)
    assert claim["subject"] == _digest(longer)
    with opened(repo.path.parent / "l.db") as log:
        (said,) = Speaker(log).of(longer)
    spoken = [longer[start:end] for start, end in said.ranges or ()]
    assert spoken == [b"2\n2.5\n", b"five\n"]


def test_a_trailer_declares_every_file_of_a_commit(repo: Scratch) -> None:
    repo.write("b", "by hand\n")
    _committed(repo, message="one\n\nAssisted-by: AI")
    _, claims = _import(repo)
    assert [claim["weight"] for claim in claims] == ["medium", "medium"]


def test_a_trailer_blurs_what_a_note_says(repo: Scratch) -> None:
    repo.write("b", "by hand\n")
    _committed(repo, message="one\n\nAssisted-by: AI")
    put_note(repo, git_ai({"a b.md": {KEY: "2"}}, sessions=[SESSION]))
    done, claims = _import(repo)
    assert done.explained == 1
    assert [claim["convention"] for claim in claims] == ["git_ai"]


def test_merges_and_odd_content_are_misread(repo: Scratch) -> None:
    """Content that looks like a patch is counted through, not read."""
    _committed(repo)
    repo.git("checkout", "-q", "-b", "side")
    trap = (
        b"@@ -1 +1,9 @@\n+++ b/x\ndiff --git a/y b/y\nindex 1..2\n\\ No newline\n"
        + b"e" * 3_000_000
    )
    repo.write('tr"ap\n', trap)
    repo.commit("side\n\nAssisted-by: AI")
    repo.git("checkout", "-q", "main")
    _committed(repo, TEXT + b"five\n", "main")
    repo.git("merge", "-q", "side", "-m", "merge\n\nAssisted-by: AI")
    done, (claim,) = _import(repo)
    assert (done.commits, done.trailers) == (4, 1)
    assert claim["subject"] == _digest(trap) and "spans" not in claim


def test_a_range_is_an_option(repo: Scratch) -> None:
    _committed(repo, message=f"one\n\n{BOT}")
    _committed(repo, TEXT + b"five\n", f"two\n\n{BOT}")
    done, _ = _import(repo, "HEAD^..HEAD")
    assert done.commits == 1
    for bad in ("--all", "--output=/tmp/x", "nowhere", "", "HEAD\0"):
        with pytest.raises(InputError):
            _import(repo, bad or "..nowhere")


def test_a_withdrawn_claim_comes_back(repo: Scratch, headwater) -> None:
    _committed(repo)
    put_note(repo, git_ai({"a b.md": {KEY: "2"}}, sessions=[SESSION]))
    _, (claim,) = _import(repo)
    from ledger.claims import Withdrawal
    from ledger.log.record import Claim, record

    with opened(repo.path.parent / "l.db") as log:
        body = Withdrawal.model_validate({"claim": claim["claim"]})
        record(log, [Claim("withdrawal", str(claim["subject"]), body)])
    done, _ = _import(repo)
    assert (done.new, done.withdrawn) == (0, 1)


def test_a_repository_of_sha256_is_not_imported(own_place: Path) -> None:
    repo = scratch(own_place / "wide", "--object-format=sha256")
    _committed(repo, message="one\n\nAssisted-by: AI")
    put_note(repo, git_ai({"a b.md": {KEY: "2"}}, sessions=[SESSION]))
    done, (claim,) = _import(repo)
    assert (done.notes, done.explained, claim["subject"]) == (1, 1, _digest(TEXT))


def test_an_empty_repository_is_an_accident(repo: Scratch) -> None:
    with pytest.raises(InputError, match="git rev-list"):
        _import(repo)


def test_a_note_that_an_agent_uploaded_is_not_read(repo: Scratch) -> None:
    from ledger.provenance.notes import upload_notes

    _committed(repo)
    put_note(repo, git_ai({"a b.md": {KEY: "1"}}, sessions=[SESSION]))
    with opened(repo.path.parent / "l.db") as log:
        note = git_ai({"a b.md": {KEY: "3"}}, sessions=[(SESSION[0], "gpt-5")])
        upload_notes(log, [(repo.head(), note), ("0" * 40, note)])
    done, claims = _import(repo)
    assert (done.notes, done.new) == (1, 2)
    assert [claim["model"] for claim in claims] == ["opus-4", "gpt-5"]
