"""Secrets: tokens with the prefix of who gave them, values assigned to names of secrets, private keys."""

from typing import NamedTuple

import numpy as np
from numba import njit

from textkernels.ascii_bytes import is_alnum, is_digit, is_lower, is_upper, stands_at
from textkernels.nearby_words import word_table

_DIGIT, _UPPER, _LOWER, _HEX, _UNDERSCORE, _HYPHEN, _DOT, _BASE64 = (1 << k for k in range(8))
_ALNUM = _DIGIT | _UPPER | _LOWER
_WORD = _ALNUM | _UNDERSCORE
_URL = _WORD | _HYPHEN


def _byte_classes() -> np.ndarray:
    classes = np.zeros(256, np.uint8)
    for bit, members in (
        (_DIGIT, b"0123456789"),
        (_UPPER, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        (_LOWER, b"abcdefghijklmnopqrstuvwxyz"),
        (_HEX, b"0123456789abcdef"),
        (_UNDERSCORE, b"_"),
        (_HYPHEN, b"-"),
        (_DOT, b"."),
        (_BASE64, b"+/="),
    ):
        classes[np.frombuffer(members, np.uint8)] |= bit
    classes.flags.writeable = False
    return classes


BYTE_CLASSES = _byte_classes()


class Form(NamedTuple):
    """A token: its prefix, the bytes that follow and how many, and dots among them that divide it.

    What stands in `lead` comes before the prefix and is no part of the token.
    """

    prefix: str
    bytes: int
    least: int
    most: int
    dots: int = 0
    lead: str = ""


_ANY = 2048
# From the vendors' documentation and the rules of gitleaks and of GitHub's secret scanning.
FORMS = (
    *(Form(prefix, _DIGIT | _UPPER, 16, 16) for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")),  # AWS
    *(Form(f"gh{kind}_", _ALNUM, 36, 255) for kind in "pousr"),
    Form("github_pat_", _WORD, 60, 255),
    *(
        Form(prefix, _URL | _DOT, 20, 300)
        for prefix in (
            "glpat-",
            "gldt-",
            "glrt-",
            "glcbt-",
            "glptt-",
            "glsoat-",
            "glft-",
            "glimt-",
            "glagent-",
        )
    ),
    Form("GR1348941", _URL, 20, 50),
    *(Form(f"xox{kind}-", _ALNUM | _HYPHEN, 16, 255) for kind in "abeoprs"),  # Slack
    Form("xapp-", _ALNUM | _HYPHEN, 30, 255),
    Form("T", _ALNUM | _BASE64, 30, 80, lead="hooks.slack.com/services/"),
    Form("AIza", _URL, 35, 35),  # Google
    Form("GOCSPX-", _URL, 24, 40),
    Form("ya29.", _URL, 40, _ANY),
    *(
        Form(f"{kind}_{mode}_", _ALNUM, 16, 255) for kind in ("sk", "rk", "pk") for mode in ("live", "test")
    ),  # Stripe
    Form("whsec_", _ALNUM | _BASE64, 24, 80),
    Form("sk-", _URL, 32, 255),  # OpenAI, Anthropic, OpenRouter and who follows them
    Form("eyJ", _URL | _DOT, 30, 8192, dots=2),  # JSON Web Token
    Form("npm_", _ALNUM, 36, 36),
    Form("pypi-", _URL, 50, 1024),
    Form("SG.", _URL | _DOT, 50, 80, dots=1),  # SendGrid
    Form("SK", _HEX, 32, 32),  # Twilio
    Form("AC", _HEX, 32, 32),
    Form("key-", _DIGIT | _LOWER, 32, 32),  # Mailgun
    *(Form(f"shp{kind}_", _HEX | _UPPER | _LOWER, 32, 32) for kind in ("at", "ca", "pa", "ss")),
    Form("sq0atp-", _URL, 22, 22),
    Form("sq0csp-", _URL, 43, 43),
    *(Form(f"do{kind}_v1_", _HEX, 64, 64) for kind in "opr"),
    Form("hf_", _ALNUM, 30, 40),
    Form("dapi", _HEX, 32, 32),
    Form("ATATT3", _URL | _BASE64, 50, 255),
    Form("lin_api_", _ALNUM, 40, 40),
    Form("ntn_", _ALNUM, 40, 50),
    Form("PMAK-", _ALNUM | _HYPHEN, 50, 60),
    Form("NRAK-", _ALNUM, 27, 27),
    Form("glc_", _ALNUM | _BASE64, 32, 400),
    Form("glsa_", _WORD, 32, 60),
    Form("hvs.", _URL, 24, 255),
    Form("dckr_pat_", _URL, 27, 27),
    Form("figd_", _URL, 40, 40),
    Form("gsk_", _ALNUM, 40, 60),
    Form("xai-", _ALNUM, 60, 90),
    Form("r8_", _ALNUM, 37, 37),
    Form("pplx-", _ALNUM, 40, 64),
    Form("sntrys_", _WORD | _BASE64, 40, 400),
    Form("sntryu_", _HEX, 64, 64),
    Form("sbp_", _HEX, 40, 40),
    Form("pscale_tkn_", _URL | _DOT, 32, 64),
    Form("rubygems_", _HEX, 48, 48),
    Form("EAAC", _ALNUM, 80, 400),  # Facebook
    Form("LTAI", _ALNUM, 16, 24),  # Alibaba
    Form("AGE-SECRET-KEY-1", _DIGIT | _UPPER, 58, 58),
    Form("tskey-", _ALNUM | _HYPHEN, 24, 80),
    *(
        Form("", _URL | _DOT | _BASE64, 20, _ANY, lead=f"{scheme} ")
        for scheme in ("Bearer", "bearer", "Basic", "token")
    ),
)


class Forms(NamedTuple):
    """The forms as arrays for kernels, sorted by how they begin.

    begins: uint8[256, 256], one more than the place in `firsts` of two first bytes, 0 for none.
    firsts: int64[pairs + 1], where the forms of each pair begin.
    literals: uint8[n, longest], lead and prefix, filled up with zeros.
    numbers: int64[n, 6], bytes of lead and prefix, bytes of the lead, byte classes, least, most, dots.
    """

    begins: np.ndarray
    firsts: np.ndarray
    literals: np.ndarray
    numbers: np.ndarray


def _compiled(forms: tuple[Form, ...]) -> Forms:
    ordered = sorted(forms, key=lambda form: ((form.lead + form.prefix)[:2], -len(form.lead + form.prefix)))
    begins, firsts = np.zeros((256, 256), np.uint8), []
    literals = np.zeros((len(ordered), max(len(form.lead + form.prefix) for form in ordered)), np.uint8)
    numbers = np.zeros((len(ordered), 6), np.int64)
    for row, form in enumerate(ordered):
        literal = np.frombuffer((form.lead + form.prefix).encode(), np.uint8)
        literals[row, : literal.size] = literal
        numbers[row] = literal.size, len(form.lead), form.bytes, form.least, form.most, form.dots
        if not begins[literal[0], literal[1]]:
            firsts.append(row)
            begins[literal[0], literal[1]] = len(firsts)
    compiled = Forms(begins, np.array([*firsts, len(ordered)], np.int64), literals, numbers)
    for array in compiled:
        array.flags.writeable = False
    return compiled


KEY_FORMS = _compiled(FORMS)

SECRET_NAMES = word_table(
    "secret", "token", "apikey", "accesskey", "secretkey", "accountkey", "authkey", "privatekey", "encryptionkey",
    "signingkey", "masterkey", "authtoken", "sharedkey", "servicekey", "clientsecret", "credential", "credentials",
)  # fmt: skip
PASSWORD_NAMES = word_table("password", "passwd", "pwd", "passphrase", "pass")
_SHORT_NAME, _LONGEST_VALUE = 5, 200


@njit(cache=True, nogil=True)
def token(data, first, end, at, begins, firsts, literals, numbers, classes):
    """The token that begins, with what leads to it, at `at`, the start of a word: its start and end, or -1 and -1."""
    if at + 2 > end:
        return -1, -1
    pair = begins[data[at], data[at + 1]]
    if pair == 0:
        return -1, -1
    for row in range(firsts[pair - 1], firsts[pair]):
        size = numbers[row, 0]
        if at + size + numbers[row, 3] > end:
            continue
        k = 0
        while k < size and data[at + k] == literals[row, k]:
            k += 1
        if k < size:
            continue
        body, stop = at + size, at + size
        members, most = numbers[row, 2], numbers[row, 4]
        while stop < end and stop - body <= most and classes[data[stop]] & members:
            stop += 1
        while stop > body and data[stop - 1] == 46:
            stop -= 1
        if not numbers[row, 3] <= stop - body <= most:
            continue
        if stop < end and (is_alnum(data[stop]) or data[stop] == 95):
            continue
        if _has_parts(data, body, stop, numbers[row, 5]) and _is_random(
            data, body, stop, members & _LOWER == 0
        ):
            return at + numbers[row, 1], stop
    return -1, -1


@njit(cache=True, nogil=True)
def _has_parts(data, start, stop, dots):
    """Whether so many dots, or any number if 0, divide start:stop into parts of 6 bytes or more."""
    if dots == 0:
        return True
    part = start
    for k in range(start, stop):
        if data[k] == 46:
            if k - part < 6:
                return False
            dots -= 1
            part = k + 1
    return dots == 0 and stop - part >= 6


@njit(cache=True, nogil=True)
def _is_random(data, start, stop, one_case):
    """Whether start:stop looks drawn by chance: no words, no xxxx, no 1234567890abcdef.

    one_case: the token has no lower-case letters, and so nothing that tells it from words.
    """
    low, high = np.uint64(0), np.uint64(0)
    steps, changes = 0, 0
    digits, uppers, lowers, dashes = 0, 0, 0, 0
    for k in range(start, stop):
        byte = np.int64(data[k])
        if byte < 64:
            low |= np.uint64(1) << np.uint64(byte)
        else:
            high |= np.uint64(1) << np.uint64(byte - 64 & 63)
        digits += is_digit(byte)
        uppers += is_upper(byte)
        lowers += is_lower(byte)
        dashes += byte == 45 or byte == 95
        if k > start:
            before = np.int64(data[k - 1])
            steps += byte - before == 1
            changes += _class(byte) != _class(before)
    size = stop - start
    different = 0
    while low:
        low &= low - np.uint64(1)
        different += 1
    while high:
        high &= high - np.uint64(1)
        different += 1
    if different < min(8, size // 2) or steps * 2 > size:
        return False
    if one_case:
        return True
    if not (digits and uppers + lowers) and not (uppers and lowers):
        return False
    # my-secret-key-goes-here-1 changes at its hyphens alone.
    return changes - 2 * dashes >= size // 8


@njit(cache=True, nogil=True)
def _class(byte):
    return 0 if is_digit(byte) else 1 if is_upper(byte) else 2 if is_lower(byte) else 3


@njit(cache=True, nogil=True)
def assigned(data, first, end, at, secret_names, password_names):
    """The secret value behind the `=` or `:` at `at`, where a name of secrets stands before it.

    Returns start and end of the value, without quotes, or -1 and -1.
    """
    stop = at
    while stop > first and (data[stop - 1] == 32 or data[stop - 1] == 58) and stop > at - 3:
        stop -= 1
    quoted_name = stop > first and (data[stop - 1] == 34 or data[stop - 1] == 39)
    stop -= quoted_name
    if stop > first and data[stop - 1] == 93:  # config["password"]
        stop -= 1
        if stop > first and (data[stop - 1] == 34 or data[stop - 1] == 39):
            stop -= 1
    if stop < first + 3 or not _may_end_name(data[stop - 2] | 0x20, data[stop - 1] | 0x20):
        return -1, -1
    name = _name_kind(data, first, stop, secret_names, password_names)
    if name == 0:
        return -1, -1
    start = at + 1
    if start < end and data[start] == 62:  # =>
        start += 1
    while start < end and data[start] == 32 and start < at + 4:
        start += 1
    if start >= end:
        return -1, -1
    quote = np.int64(data[start]) if data[start] == 34 or data[start] == 39 or data[start] == 96 else 0
    start += quote != 0
    stop = start
    plain = True
    while stop < end and stop - start <= _LONGEST_VALUE:
        byte = np.int64(data[stop])
        if byte == quote or byte <= 32 or byte >= 127 or byte == 34 or byte == 39 or byte == 96:
            break
        if not quote and (byte == 44 or byte == 59 or byte == 38 or byte == 41 or byte == 60 or byte == 62):
            break
        plain &= is_alnum(byte) or byte == 43 or byte == 47 or byte == 61 or byte == 95 or byte == 45
        stop += 1
    size = stop - start
    if size < 8 or size > _LONGEST_VALUE or (quote and (stop >= end or data[stop] != quote)):
        return -1, -1
    for k in range(start, stop):
        byte = data[k]
        if byte == 123 or byte == 60 or byte == 40 or byte == 91 or byte == 92:  # templates and calls
            return -1, -1
    if (
        size >= 16 + 4 * (quote == 0)
        and plain
        and _is_random(data, start, stop, False)
        and _has_digits(data, start, stop)
    ):
        return start, stop
    if name == 2 and size <= 64 and _is_password(data, start, stop, quote != 0):
        return start, stop
    return -1, -1


@njit(cache=True, nogil=True)
def _may_end_name(before, last):
    """Whether two letters are the last of a name of secrets or passwords: most names are none."""
    if last == 116 or last == 110 or last == 121:
        return before == 101  # secret, token, key
    if last == 100:
        return before == 114 or before == 119  # password, passwd
    if last == 115:
        return before == 115 or before == 108  # pass, credentials
    return (last == 108 and before == 97) or (last == 101 and before == 115)  # credential, passphrase


@njit(cache=True, nogil=True)
def _has_digits(data, start, stop):
    """Whether an eighth of the bytes are digits, or, in long values, there is one at least."""
    digits = 0
    for k in range(start, stop):
        digits += is_digit(data[k])
    return digits * 8 >= stop - start or (digits > 0 and stop - start >= 32)


@njit(cache=True, nogil=True)
def _is_password(data, start, stop, quoted):
    digits, uppers, lowers, signs = 0, 0, 0, 0
    for k in range(start, stop):
        byte = data[k]
        if is_digit(byte):
            digits += 1
        elif is_upper(byte):
            uppers += 1
        elif is_lower(byte):
            lowers += 1
        elif byte == 46 or byte == 47 or byte == 58 or byte == 95 or byte == 45:
            if not quoted:
                return False  # a name, a path or an address
        else:
            signs += 1
    if data[start] == 36 or data[start] == 37:  # $PASSWORD, %(password)s
        return False
    if not digits:
        return False
    return signs > 0 and uppers + lowers > 0 if not quoted else (uppers > 0) + (lowers > 0) + (signs > 0) >= 2


@njit(cache=True, nogil=True)
def _name_kind(data, first, stop, secret_names, password_names):
    """2 where a name that ends at `stop` is of passwords, 1 where of other secrets, else 0.

    DB_PASSWORD and clientSecret end in such a name; the parts of access_key are taken together.
    """
    for row in range(password_names.shape[0]):
        if _ends_with(data, first, stop, password_names[row]):
            return 2
    for row in range(secret_names.shape[0]):
        if _ends_with(data, first, stop, secret_names[row]):
            return 1
    return 0


@njit(cache=True, nogil=True)
def _ends_with(data, first, stop, name):
    """Whether a name, in any case and with _ or - inside it, ends at `stop`."""
    k = name.size - 1
    while name[k] == 0:
        k -= 1
    at = stop - 1
    while k >= 0:
        if at < first:
            return False
        byte = data[at]
        if (byte == 95 or byte == 45) and at < stop - 1:
            at -= 1
            continue
        if byte | 0x20 != name[k]:
            return False
        at -= 1
        k -= 1
    # A short name is no end of a longer word: bypass, broken.
    short = name.size <= _SHORT_NAME or name[_SHORT_NAME] == 0
    return not short or at < first or not is_lower(data[at]) or not is_lower(data[at + 1])


_BEGIN = np.frombuffer(b"-----BEGIN ", np.uint8)
_END = np.frombuffer(b"-----END ", np.uint8)
_PRIVATE_KEY = np.frombuffer(b"PRIVATE KEY", np.uint8)
_DASHES = np.frombuffer(b"-----", np.uint8)
_LABEL_BYTES = 64
_BODY_BYTES = 40
_RUN_BYTES = 16
_GAP_BYTES = 256
_LEAST_SHARE = 0.4


@njit(cache=True, nogil=True)
def private_key_end(data, at, end):
    """Where the block of a private key (PEM, OpenSSH, PGP) that begins at `at` ends, -1 where none does.

    A block without its end counts as far as its lines do. What has no body is only talk of keys.
    """
    if not stands_at(data, at, end, _BEGIN):
        return -1
    label = at + _BEGIN.size
    body = label
    private = False
    while body < end and body < label + _LABEL_BYTES and not stands_at(data, body, end, _DASHES):
        private |= stands_at(data, body, end, _PRIVATE_KEY)
        body += 1
    if not private or not stands_at(data, body, end, _DASHES):
        return -1
    body += _DASHES.size
    stop = _block_end(data, body, end)
    return stop if stop >= 0 else _cut_block_end(data, body, end)


@njit(cache=True, nogil=True)
def _block_end(data, body, end):
    """Where the END line of a block ends whose lines are mostly base64; -1 where there is none.

    Headers, ends of lines and quotes may stand between the lines of base64.
    """
    in_runs, run, last, k = 0, 0, body, body
    while k < end and k - last <= _GAP_BYTES + run:
        if _is_base64(data[k]):
            run += 1
            k += 1
            continue
        if run >= _RUN_BYTES:
            in_runs += run
            last = k
        run = 0
        if data[k] == 45 and stands_at(data, k, end, _DASHES):
            break
        k += 1
    if in_runs < _BODY_BYTES or _LEAST_SHARE * (k - body) > in_runs or not stands_at(data, k, end, _END):
        return -1
    k += _END.size
    limit = min(end, k + _LABEL_BYTES)
    while k < limit and data[k] != 45:
        k += 1
    while k < end and data[k] == 45:
        k += 1
    return k


@njit(cache=True, nogil=True)
def _cut_block_end(data, body, end):
    """Where the lines of base64 end that follow a BEGIN line, of a block cut short; -1 where they are few."""
    in_runs, last, k = 0, body, body
    while k < end and k - last <= _RUN_BYTES:
        if data[k] == 92 and k + 1 < end and (data[k + 1] == 110 or data[k + 1] == 114):
            k += 2
        elif _is_base64(data[k]):
            run = k
            while k < end and _is_base64(data[k]):
                k += 1
            if k - run < _RUN_BYTES:
                break
            in_runs, last = in_runs + k - run, k
        else:
            k += 1
    return last if in_runs >= _BODY_BYTES else -1


@njit(cache=True, nogil=True)
def _is_base64(byte):
    return is_alnum(byte) or byte == 43 or byte == 47 or byte == 61
