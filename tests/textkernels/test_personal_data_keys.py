import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.personal_data_keys import FORMS

from .personal_data_finds import finds

MEMBERS = [string.digits, string.ascii_uppercase, string.ascii_lowercase, "0123456789abcdef", "_", "-"]


@given(st.sampled_from(FORMS), st.integers(0, 2**32))
def test_a_random_token_of_every_form_is_found(form, seed):
    chance = random.Random(seed)
    alphabet = "".join(members for bit, members in enumerate(MEMBERS[:4]) if form.bytes >> bit & 1)
    size = min(max(form.least, 40), form.most)
    body = [chance.choice(alphabet) for _ in range(size)]
    for dot in range(1, form.dots + 1):
        body[dot * size // (form.dots + 1)] = "."
    body[:3] = {True: "aA1", False: "A1B" if "A" in alphabet else "a1b"}["a" in alphabet and "A" in alphabet]
    token = form.prefix + "".join(body)
    assert ("key", token) in finds(f"see {form.lead}{token}, there")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('password = "hunter2!A"', "hunter2!A"),
        ("DB_PASSWORD=S3cr3t!pass", "S3cr3t!pass"),
        ('config["password"] = "P4ss!word"', "P4ss!word"),
        ('"apiKey": "a8f5f167f44f4964e6c998dee827110c"', "a8f5f167f44f4964e6c998dee827110c"),
        ("SharedAccessKey=Bhry+ind7kKEIDxubK61RiEHHRTrPl7HUow8cEm/mU0=", "Bhry+ind7kKEIDxubK61RiEHHRTrPl7HUow8cEm/mU0="),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("client-secret: 8uRhAeH89naXfFXKGOEj", "8uRhAeH89naXfFXKGOEj"),
        ("'token' => 'q7Jx92LmPz81VnRt45Ws'", "q7Jx92LmPz81VnRt45Ws"),
    ],
)  # fmt: skip
def test_values_assigned_to_names_of_secrets_are_found(text, value):
    assert finds(text) == [("key", value)]


@pytest.mark.parametrize(
    "text",
    [
        'password = "password"', "password = get_password(user1)", 'password: "${DB_PASSWORD1}"', "password = config.Password1",
        "token = tokenizer.next_token2()", 'token: "<your-token-goes-here-1>"', "api_key = os.environ['API_KEY']",
        'bypass = "Some1thing!"', 'commit = "a8f5f167f44f4964e6c998dee827110c"', 'secret = "my-secret-key-goes-here-1"',
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sk-fading-circle-and-a-long-css-class-name-2",
        "ghp_abcdefghijklmnopqrstuvwxyz1234567890", "AKIAXXXXXXXXXXXXXXXX", "xAKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLES",
        "ghp_short1A", "eyJhbGciOiJIUzI1NiJ9", "SKYLINE", "npm_config_registry", 'password = "hunter2!A', "passwords = 3",
        "Basic knowledge of the field is wanted here", "token classification_with_many_words_in_it",
    ],
)  # fmt: skip
def test_placeholders_code_and_names_are_no_secrets(text):
    assert finds(text) == []


def lines(count):
    chance = random.Random(7)
    return [
        "".join(chance.choice(string.ascii_letters + string.digits + "+/") for _ in range(64))
        for _ in range(count)
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\\n", "\n    ", '\\n"\n  "'])
@pytest.mark.parametrize(
    "label", ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
)
def test_the_whole_block_of_a_private_key_is_found(label, newline):
    head = ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0F3A"] if label.startswith("RSA") else []
    block = newline.join([f"-----BEGIN {label}-----", *head, *lines(5), "AbCd==", f"-----END {label}-----"])
    assert finds(f"key: {block}\n") == [("private_key", block)]


def test_a_block_cut_short_is_found_as_far_as_it_goes():
    block = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines(3)])
    assert finds(f"{block}\n\nAnd then there was text.") == [("private_key", block)]
    assert finds(block) == [("private_key", block)]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        'if line.startswith("-----BEGIN PRIVATE KEY-----") and line.endswith("-----END PRIVATE KEY-----"):',
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "\n".join(["-----BEGIN CERTIFICATE-----", *lines(4), "-----END CERTIFICATE-----"]),
        "\n".join(["-----BEGIN PUBLIC KEY-----", *lines(4), "-----END PUBLIC KEY-----"]),
        "(-----BEGIN PRIVATE KEY-----)\n\nThe text goes on " + "https://site.test/a/long/path/of/names " * 20,
    ],
)
def test_public_blocks_and_talk_of_private_keys_are_none(text):
    assert finds(text) == []
