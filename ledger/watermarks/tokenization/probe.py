"""The text that behavioural fingerprints are of. Not one byte of it may ever change.

Written for this purpose: many scripts, spaces and line ends of all kinds, numbers, code, emoji,
composed and decomposed accents, characters that few vocabularies have. It holds no spelling of a
special token, because libraries differ in whether text may mean one.
"""

__all__ = ["PROBE"]

_LATIN = """\
The ferry leaves at six, and whoever misses it walks around the lake. We counted 17 boats, 204 \
oars and 3,518 rivets; the ledger said 3,519. "Don't worry," she'd said, "it'll float — it's \
WATERTIGHT, isn't it?" I'm told they've never sunk one. THEY'LL SAY IT'S FINE. O'Neill's cat \
didn't mind. Antidisestablishmentarianism, hyper-parameter, re-tokenization, xylophonist, qwrtpsdf.
Der Müller von Bäckersgrün prüft täglich das Maß; die Straße zum Fluß wurde 1897 aufgeschüttet.
L'été dernier, l'île d'Oléron était déserte ; où étaient passés les pêcheurs ? Çà et là, un cœur.
El niño preguntó: ¿cuándo vuelve la cigüeña? ¡Mañana por la mañana, señor Ibáñez!
A avó do João não põe açúcar no pão. Zażółć gęślą jaźń, a źrebię ssie. Příliš žluťoučký kůň.
Þórður á Höfn sá ísbjörn. Šiandien ąžuolas žydi. Tiếng Việt có nhiều dấu: bướm, mưa, nước, trường.
İstanbul'da ışık söndü; ığdır ılıktı. Ħaġar Qim hi qadima. Łódź, Ærø, Ørsted, Ångström, naïve.
"""

_SCRIPTS = """\
Паром уходит в шесть, а кто опоздал, тот идёт пешком вокруг озера. Їжак з'їв ґречку. Ђурђевак.
Το πλοίο φεύγει στις έξι· όποιος το χάσει, περπατάει γύρω από τη λίμνη. ἄνθρωπος, ᾠδή.
המעבורת יוצאת בשש, ומי שמאחר הולך ברגל. שָׁלוֹם.
تغادر العبّارة في السادسة، ومن يتأخر يمشي حول البحيرة ١٢٣٤٥. \
می\u200cخواهم کتاب\u200cها را بخوانم ۶۷۸.
नाव छह बजे निकलती है, और जो देर से आए वह झील के चारों ओर पैदल चले। क्षत्रिय, ज्ञान, १२३.
নৌকা ছয়টায় ছাড়ে। ਕਿਸ਼ਤੀ ਛੇ ਵਜੇ ਚੱਲਦੀ ਹੈ। படகு ஆறு மணிக்குப் புறப்படும். పడవ ఆరింటికి వెళ్తుంది.
ශ්\u200dරී ලංකාව. เรือออกหกโมง ใครมาสายต้องเดินรอบทะเลสาบ ໑໒໓. ເຮືອອອກຫົກໂມງ. ទូកចេញម៉ោងប្រាំមួយ។
လှေသည် ခြောက်နာရီတွင် ထွက်သည်။ བོད་ཡིག་ནི་རྙིང་པ་ཡིན། ნავი ექვს საათზე გადის. Նավը մեկնում է վեցին։
ጀልባው በስድስት ሰዓት ይነሳል። ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ. ᐃᓄᒃᑎᑐᑦ. ᚠᚢᚦᚨᚱᚲ.
渡轮六点开，迟到的人得绕湖走一圈。渡輪六點開，遲到的人得繞湖走一圈。数量是１２３４，约占百分之五十。
フェリーは六時に出ます。遅れた人は湖のまわりを歩きます。ｶﾀｶﾅも、「カギ括弧」も、ー長音も。
배는 여섯 시에 떠나고, 늦은 사람은 호수를 걸어서 돈다. ㄱㄴㄷ ㅏㅑㅓ. 𠮷野家の𩸽。
"""

_NUMBERS = """\
0 1 7 10 42 99 100 128 255 256 365 999 1000 1024 4096 10000 65535 65536 123456789 00000000 0000001
3.14159265358979323846 -273.15 +1 1e-10 6.022e23 0x1F 0b1010 1/2 50% $19.99 £5 €7,50 ¥800 №5 5th
1985-10-26T01:21:00Z 26.10.1985 10/26/85 192.0.2.17 2001:db8::1 +44 20 7946 0958 ISBN 978-0-00-00
x² + y³ ≤ ∞, ∑ αᵢβⱼ ≈ ½·√π, ∀ε>0 ∃δ: |f(x)−L|<ε, A∪B ⊆ C, ⟨ψ|φ⟩, 10 µm, 20 °C, H₂O, ①②③ ⅣⅫ ﬁ ﬂ
"""

_CODE = """\
def tally(rows: list[int], *, limit=1_000) -> dict[str, int]:
    \"\"\"Count what is below the limit.\"\"\"
    found = {}
    for n, row in enumerate(rows):
        if row >= limit or row != row:
            continue  # not counted
        found[f"k{n:03d}"] = row << 2 ^ 0xFF
    return found

#include <stdio.h>
int main(void){for(int i=0;i<10;++i){printf("%d\\t%s\\n",i,i%2?"odd":"even");}return 0;}
const πr2 = (r) => { return r ** 2 * Math.PI; }; // camelCase snake_case SCREAMING_CASE kebab-case
SELECT a.id, COUNT(*) AS n FROM ledger a LEFT JOIN marks m ON m.id=a.id WHERE n<>0 GROUP BY 1;
<div class="row" data-n='3'>&nbsp;&amp;&lt;</div> {"key": [1, 2.5, null, true], "\\u00e9": ""}
https://example.org/a/b?q=one%20two&r=%C3%A9#frag user.name+tag@example.com C:\\Temp\\new.txt ~/x
== === != !== <= >= -> => :: ... .. !!! ??? ?! -- --- ___ *** ((())) [[]] {{}} ;; ,, '' `` ## $$ @@
"""

_SPACES = (
    "one two  three   four    five     six      seven       eight        nine\n"
    "\ttab\t\ttabs\t \tmixed \t end  \n\n\nthree line ends\r\nwindows\r\n\r\nold\rmac\x0bvt\x0cff\n"
    "                                                                end of a long gap\n"
    "no-break\u00a0space narrow\u202fspace thin\u2009space em\u2003space ideographic\u3000space "
    "zero\u200bwidth soft\u00adhyphen word\u2060joiner \u200eleft\u200f right\u2028line\u2029para\n"
)

_SYMBOLS = (
    "\U0001f600 \U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 "
    "\u2764\ufe0f \u2764\ufe0e \U0001f3f3\ufe0f\u200d\U0001f308 1\ufe0f\u20e3 "
    "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 "
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f "
    "\u2190\u2191\u2192\u2193 \u2588\u2593\u2592\u2591 \u250c\u2500\u2510 \u2660\u2665 \u266f "
    "\u2713\u2717 \u2022 \u2026 \u2013 \u2014 \u2018q\u2019 \u201cq\u201d "
    "\u00abq\u00bb \u201eq\u201c\n"
    "e\u0301 \u00e9 n\u0303 \u00f1 A\u030a \u00c5 \u212b o\u0302\u0323 \u1ed9 \u1e9b\u0323 "
    "\uac00 \u1100\u1161 \u0958 \u0915\u093c \uff21\uff22\uff43 \ufb03 \u2167 \U0001d400\U0001d51e "
    "\u00df \u1e9e \u0130 \u0131 \u017f \u03c2\u03c3 "
    "Z\u0351\u036b\u0343a\u0333l\u0323\u0307g\u0310o\n"
    "\ue000\uf8ff \ufffd \U0001f9ff \U00012000 \U00013080 \U0001b000 \U00020000 "
    "\U0002fa1d \U00030000 \U000e0001 \U0010fffd \x01\x07\x1b[0m\x7f\x85\n"
)

_RUNS = (
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ababababababababababababababab HAHAHAHAHAHAHAHA lalalalala\n"
    "................................ ----------------================ \u4e00\u4e00\u4e00\u4e00 "
    "0101010101010101010101010101010101 the the the the THE The tHe  The.the,the;the:the\n"
    " leading space, no line end, trailing space "
)

PROBE = _LATIN + _SCRIPTS + _NUMBERS + _CODE + _SPACES + _SYMBOLS + _RUNS
