"""Honest text is not flagged: what languages, symbols, typography and sloppy programs leave."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.watermarks.unicode_marks import find, strip, suspects

HUMAN = Path(__file__).parents[3] / "shared" / "data" / "human" / "human_pre2023.parquet"

HONEST = {
    "emoji families": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 ",
    "emoji styles": "❤\ufe0f ❤\ufe0e ☎\ufe0f 1\ufe0f\u20e3 #\ufe0f\u20e3 ©\ufe0f ™\ufe0f ",
    "emoji doubled selectors": "☺\ufe0f\ufe0f ❤\ufe0f\ufe0f\ufe0f ok ",
    "emoji professions": "\U0001f469\U0001f3fd\u200d\U0001f692 \U0001f3f3\ufe0f\u200d\U0001f308 ",
    "country flags": "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 ",
    "subdivision flags": (
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f vs "
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f "
        "\U0001f3f4\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f "
    ),
    "a flag whose emoji was dropped": (
        "won \U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f! " * 3
    ),
    "Persian": "می\u200cخواهم کتاب\u200cها را بخوانم. نمی\u200cدانم چه می\u200cشود. ",
    "Persian with joiners": "ه\u200d می\u200cروم، ن\u200dه\u200d می\u200cآیم ",
    "Urdu": "یہ\u200c کتاب\u200cیں اچھی ہیں۔ ",
    "Hindi": "क्\u200dष और क्\u200cष में अन्तर है। र्\u200dय ",
    "Bengali": "র\u200d্যাব অ্যান্ড ক্\u200cস ",
    "Malayalam": "അവന്\u200d അവള്\u200d പറഞ്ഞു, ക്\u200cഷ ",
    "Kannada": "ರ\u200d್ಯಾಂಕ್ ಮತ್ತು ಕ್\u200cಷ ",
    "Sinhala": "ශ්\u200dරී ලංකා ප්\u200dරජාතාන්ත්\u200dරික සමාජවාදී ජනරජය ",
    "Thai": "เรือ\u200bออก\u200bหก\u200bโมง\u200bเช้า ",
    "Khmer": "ទូក\u200bចេញ\u200bម៉ោង\u200bប្រាំមួយ\u200cហើយ ",
    "Burmese": "လှေ\u200bသည်\u200bခြောက်\u200bနာရီ\u200bထွက်\u200bသည် ",
    "Tibetan": "བོད་ཡིག་\u200bནི་\u2060རྙིང་པ་ ",
    "Chinese with line breaks": "渡轮\u200b六点\u200b开，\u2060迟到的人\u200b走路。",
    "Chinese variants": "葛\U000e0100城と辻\U000e0101さん、邊\U000e0103、〇\U000e0100 ",
    "Chinese punctuation forms": "渡轮，\ufe00六点。\ufe01「開」\ufe00 “\ufe00引\u201d\ufe01 ",
    "Japanese spacing": "フェリーは\u3000六時に\u3000出ます。ＡＢＣ　ＣＤ－ＲＯＭ　ｅｍａｉｌ　",
    "slashed zero": "0\ufe00 1 0\ufe00 2 0\ufe00 3 0\ufe00 4",
    "mathematical variants": "∩\ufe00 ≨\ufe00 ⊕\ufe00 ∪\ufe00 ",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ\u180e ᠦᠰᠦᠭ\u180b ᠪᠢᠴᠢᠭ\u202fᠢ ᠬᠣᠶᠠᠷ\u180e ",
    "French": "Est-ce vrai\u202f? Oui\u202f! Prix\u202f: 12\u202f000\u202f€, «\u202fpeu\u202f». ",
    "French abbreviations": "Voir Mme\u202fDupont, M.\u202fDurand, n°\u202f5, p.\u202f12. ",
    "German": "z.\u202fB. 5\u202f%, d.\u202fh. 10\u2009000\u2009m, Dr.\u202fMüller, §\u202f7 ",
    "German ligatures": "Auf\u200clage Schaf\u200cfell auf\u200cfinden Tief\u200cflug ",
    "no-break spaces": "one\u00a0two three\u00a0four five\u00a0six seven\u00a0eight ",
    "units": "5\u202fkm, 10\u2009mL, 3\u2009×\u200910\u2009m, 5:15\u202fpm, 20\u2009°C ",
    "functions": "sin\u2009x + cos\u2009y = k\u2009T, a\u2009b\u2009c, d\u2009x, log\u2009n ",
    "dashes in hair spaces": "a word\u200a—\u200aan aside\u200a—\u200aand more ",
    "a menu": "Home\u2003About\u2003Contact\u2003Blog\u2003Shop\u2003Help\u2003Terms\n",
    "byte-order marks": "\ufeffOne file.\n\ufeffTwo files.\n\ufeffThree.\r\n\ufeffFour.\n",
    "long words broken": "ledger.\u200bwatermarks.\u200bunicode.\u200bmarks /\u200busr/\u200blib ",
    "mail padding": "Hello\u200c \u200c \u200c \ufeff \u200c \ufeff \u200c \u034f\u200c \u034f",
    "soft hyphens": "Donau\u00addampf\u00adschiff\u00adfahrt ",
    "direction marks": "\u200eמחיר: \u200f12\u200e ₪ \u202bעברית\u202c and \u2067عربي\u2069 \u200f",
    "invisible operators": "f\u2061(x)\u2062y\u2063z sin\u2061x a\u2062b\u2062c i\u2063j ",
    "combining joiners": "a\u034f\u0315b \u05e9\u034f\u05c1 c\u034fd ",
    "Hangul fillers": "\u3164\u3164\u3164 name \u115f\u1160 ",
    "Russian": "Паром уходит в шесть, а кто опоздал, тот идёт пешком вокруг озера. ",
    "Russian with numerals": "В XIХ веке, в XVIII и ХХ веках VIР-клиент купил CD-RОМ и SМS-ку. ",
    "Russian in English": "The word он means he, and со, а, о, рос, сор, оса are words too. ",
    "English in Russian": "Мы купили iPhone и Wi-Fi роутер в New York, а потом SMSки писали. ",
    "Serbian": "Паром полази у шест, а ko zakasni, тај иде pešice. Ђурђевак цвета. ",
    "Greek": "Το πλοίο φεύγει στις έξι· όποιος το χάσει, περπατάει. ",
    "Greek in formulas": "E = hν, p = ρgh, Δx·Δp, ΔT, νmax, αs, χ2, γp, kχ, βx and σv, Ωm, μm. ",
    "Greek words in English": "The letters Α, Β, Ε and the word λόγος; το, ο, Ο are articles. ",
    "keyboard tables": "langmap=ΑA,ΒB,ΨC,ΔD,ΕE,ΦF,ΓG,ΗH,ΙI,ΞJ,ΚK,ΛL,ΜM,ΝN,ΟO,aа,oо\n",
    "Armenian": "Նավը մեկնում է վեցին, իսկ ով ուշանում է, քայլում է լճի շուրջը։ ",
    "Cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎠᎴ ᏗᎪᏪᎵ ᎠᏂᏴᏫ ",
    "phonetics": "/ˈɡɑːtɚ/ [χoβe] /θɪŋ/ ɑ ɡ ɩ ʋ [ɸɯdʑi] ",
    "styled letters": "𝐇𝐞𝐥𝐥𝐨 𝘸𝘰𝘳𝘭𝘥 ｖａｐｏｒ ｗａｖｅ 𝑑x 𝑑y 𝑑z ℎ ",
    "Vietnamese": "Tiếng Việt có nhiều dấu: bướm, mưa, nước, trường học. ",
    "Turkish": "ışık İstanbul'da söndü; ığdır ılıktı. ",
    "decomposed accents": "e\u0301te\u0301 nin\u0303o A\u030angstro\u0308m ",
    "towering accents": "Z\u0351\u036b\u0343a\u0333l\u0323\u0307g\u0310o\u0353 ",
    "private use": "\ue000\uf8ff\U000f0000 icons \uf101 ",
}
ONCE = {
    "scraps of web pages": "A\u200b title \ufeffand a\u200b link\u200b, \u2060 and there\u200d.",
    "a stray letter": "The tеam met. Later it was settled. " + "Fine. " * 200 + "Aссess",
    "mail padding in a stretch": "Hi " + "\u200b\u200c\u200d\u200e\u200f\ufeff" * 30 + " there",
    "mail padding of one": "Preview" + "\u200c" * 200 + "text",
    "mail padding of marks": "View" + "\u034f\u200c\u00a0" * 60 + "this",
    "narrow throughout": "\u202f".join(["Every", "space", "of", "this", "line", "is", "narrow"]),
    "direction marks in a row": "x\u202c\u202a\u202c\u200e\u202a\u200f\u202c\u2068\u2069\u200ey",
    "a flag cut off": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063",
    "selector behind letters by accident": "Click here\ufe0f now",
}
TEXTS = {name: text * 20 for name, text in HONEST.items()} | ONCE


@pytest.mark.parametrize("name", TEXTS)
def test_honest_text_is_flagged(name: str) -> None:
    text = TEXTS[name]
    for whole in (text, f"\ufeff{text}", "An English beginning. " + text + " And an end."):
        assert find(whole) == []
        assert strip(whole).text == whole


def test_one_honest_text_makes_a_mark_of_another() -> None:
    assert find("\n\n".join(TEXTS.values())) == []


WORDS = {
    "Persian": st.from_regex(r"[آ-ی]{1,6}(\u200c[آ-ی]{1,5}){0,2}[؟.،]?", fullmatch=True),
    "Sinhala": st.from_regex(r"[අ-ෆ]{1,4}(\u0dca\u200d[ක-ෆ]){0,2}", fullmatch=True),
    "Devanagari": st.from_regex(r"[क-ह]{1,3}(\u094d[\u200c\u200d]?[क-ह]){0,2}", fullmatch=True),
    "Khmer": st.from_regex(r"[ក-អ]{1,4}(\u200b[ក-អ]{1,4}){0,4}", fullmatch=True),
    "ideographs": st.from_regex(r"([一-龥][\U000e0100-\U000e0110]?){1,6}", fullmatch=True),
    "Russian": st.from_regex(r"[бдёжзилпфцчшыьэюя]{4,7}( [IVXМС]{1,4})?", fullmatch=True),
    "Greek": st.from_regex(r"[Α-Ωα-ω]{1,9}|[a-z]{1,3}", fullmatch=True),
    "French": st.from_regex(r"[a-zéè]{2,9}(\u202f[?!;:]|\u00a0%)?|«\u202f[a-z]+»", fullmatch=True),
    "emoji": st.from_regex(r"([😀-🙏]\ufe0f?(\u200d[👦-👩]\ufe0f?){0,3}){1,3}", fullmatch=True),
}


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_some_other_honest_text_is_flagged(data: st.DataObject) -> None:
    for name in WORDS:
        words = data.draw(st.lists(WORDS[name], min_size=1, max_size=30), label=name)
        assert find(" ".join(words)) == [], name


@pytest.mark.skipif(not HUMAN.exists(), reason="the shared human texts are not beside the checkout")
def test_a_text_that_a_person_wrote_is_flagged() -> None:
    texts = pq.read_table(HUMAN, columns=["text"]).column("text")
    assert len(texts) == 2865
    flagged = [row for row, text in enumerate(texts.to_pylist()) if find(text)]
    assert flagged == []
    assert suspects(texts).sum() < 60  # so many are looked at at all
