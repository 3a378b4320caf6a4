"""Credentials are found by shape, by name and by what stands around them; code and stand-ins are none."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator

import pytest

from mcp_gate.detect import triggers
from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.joined import join
from mcp_gate.detect.secrets import find as module
from mcp_gate.detect.secrets.find import Secrets, find_in, prepare
from mcp_gate.detect.secrets.shapes import NoShapes
from support.credentials import aws_key, drawn, github_token, jwt, private_key
from support.scanning import rules

PASSWORD = "Tr0ub4dor-and-3"


def find(leaves: list[Leaf], *, shapes: bool = True) -> list[list[Finding]]:
    """For every leaf the credentials in it."""
    joined = join(leaves)
    runs = triggers.find(joined.data).get(triggers.Kind.RUN, ())
    found = find_in(leaves, joined, runs, shapes=shapes)
    return [found.get(which, []) for which in range(len(leaves))]


def found(text: str, *keys: str) -> list[tuple[str, str]]:
    return [(one.entity, text[one.start : one.end]) for one in find([Leaf(text, keys)])[0]]


def entities(text: str, *keys: str) -> list[str]:
    return [entity for entity, _ in found(text, *keys)]


@pytest.mark.parametrize("shapes", [False, True], ids=["own rules alone", "with vendors' shapes"])
def test_S201_keys_tokens_key_blocks_and_connection_strings_are_found(
    shapes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shapes:
        monkeypatch.setattr(module._Prepared, "loaded", Secrets(None))
    texts = [
        f"the key is {aws_key()} for now",
        f"git clone https://{github_token()}@github.com/acme/x",
        f"# deploy\n{private_key()}\n",
        f"cookie: {jwt()}; path=/",
        f"DATABASE_URL=postgresql://app:{PASSWORD}@db.internal:5432/shop?sslmode=require",
    ]
    names = [{one.entity for one in each} for each in find([Leaf(text) for text in texts], shapes=shapes)]
    assert names == [{"API_KEY"}, {"API_KEY"}, {"PRIVATE_KEY"}, {"JWT"}, {"CONNECTION_STRING"}]


def test_the_password_of_a_database_may_be_a_plain_word() -> None:
    text = "postgres://user:password@localhost:5432/db"
    assert found(text) == [("CONNECTION_STRING", text)]
    assert found("https://user:password@localhost/db") == []


def test_letters_without_any_order_are_a_password_and_names_of_code_are_none() -> None:
    assert found("password=gSoAwxGfllaHR") == [("PASSWORD", "gSoAwxGfllaHR")]
    assert found("password=getUserPasswordFromRequest") == []


def test_a_plain_password_on_a_line_of_its_own_is_found() -> None:
    assert found("user: dana\npassword: hunter2\nport: 5432") == [("PASSWORD", "hunter2")]
    assert found("Password: letmein1") == [("PASSWORD", "letmein1")]
    assert found("The password is hunter2.") == [("PASSWORD", "hunter2")]
    assert found("your password is required") == found("its password is step1 of 3") == []
    for code in ("{ password: password1, user }", "login(user, password: pw1)", "password: string"):
        assert found(code) == []


def test_a_key_of_the_documents_is_one_unless_code_shows_it() -> None:
    key = "AKIA" + "IOSFODNN7" + "EXAMPLE"
    for text in (key, f"the key is {key}", json.dumps({"aws_access_key_id": key}), f"aws_access_key_id: {key}"):
        assert found(text) == [("API_KEY", key)]
    for code in (f"API_TOKEN = {key}", f'token = "{key}"', f"Set API_KEY={key} in .env first."):
        assert found(code) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("password: ", "\nuser: dana"),
        ("DB_PASSWORD=", "\n"),
        ('{"dbPassword": "', '"}'),
        ("pwd = '", "';"),
        ("<password>", "</password>"),
        ('{\\"password\\":\\"', '\\"}'),
        ("mysql --password ", " -u root"),
        ("mysql --password=", " -u root"),
        ("?user=x&password=", "&next=1"),
        ("the root password for the lab box is ", " , keep it"),
        ("The password is: ", ""),
        ("auth=('dana', '", "')"),
        ('("DB_PASS", "', '")'),
        ("curl -u dana:", " https://x.example"),
        ("machine h login dana password ", "\n"),
        ("ALTER USER x IDENTIFIED BY '", "'"),
        ("https://dana:", "@example.com/x"),
        ("sshpass -p '", "' ssh x"),
        ("PGPASSWORD=", " psql"),
        ("login: dana\npasswd => ", ""),
        ("use login admin / password ", " there"),
        ('My password was changed to "', '" yesterday'),
        ("pw: ", ""),
        ("mot de passe : ", ""),
        ("contraseña: ", ""),
        ("const pwd: string = '", "';"),
        ('new NetworkCredential("dana", "', '")'),
        ("mysql -u root -p", " shop"),
    ],
)
def test_a_password_is_found_by_what_stands_before_it(before: str, after: str) -> None:
    assert found(before + PASSWORD + after) == [("PASSWORD", PASSWORD)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("api_key=", ""),
        ('"clientSecret": "', '",'),
        ("X-Api-Key: ", "\r\n"),
        ("Authorization: Bearer ", "\r\n"),
        ("--token ", " --verbose"),
        ("//registry.example/:_authToken=", "\n"),
        ("GET /v2?api_key=", "&limit=50 200"),
        ("AWS_SECRET_ACCESS_KEY = '", "'"),
        ("ERROR invalid request, key=", " id=1"),
        ("the staging token is ", "."),
    ],
)
def test_a_key_is_found_by_what_stands_before_it(before: str, after: str) -> None:
    key = drawn(40)
    assert found(before + key + after) == [("API_KEY", key)]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Your one-time code is 482913. Do not share it.", "482913"),
        ("PIN: 4829", "4829"),
        ("root:$6$" + drawn(8) + "$" + drawn(86) + ":19000:0:", "$6$" + drawn(8) + "$" + drawn(86)),
        ("seed phrase: " + "abandon ability " * 5 + "able about", "abandon ability " * 5 + "able about"),
    ],
)
def test_codes_for_once_seed_phrases_and_hashes_of_passwords_are_found(text: str, secret: str) -> None:
    assert found(text) == [("PASSWORD", secret)]


def test_a_field_that_is_called_a_secret_is_one_as_a_whole() -> None:
    assert found("sunshine", "user", "password") == [("PASSWORD", "sunshine")]
    assert found(" hunter2 ", "Passwort") == [("PASSWORD", "hunter2")]
    assert found(drawn(32), "credentials", "clientSecret") == [("API_KEY", drawn(32))]
    assert found("48151623", "pwd") == [("PASSWORD", "48151623")]


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        "password: str",
        "token = self.token",
        "if password == other.password:",
        "password = args.password",
        "passwd=passwd1",
        "password=${DB_PASSWORD}",
        "password: <your-password>",
        "password=changeme",
        "api_key = 'your-api-key-here'",
        "password: ********",
        "token: xxxxxxxxxxxx",
        "secret: {{ secrets.TOKEN }}",
        "api_key: os.environ['API_KEY']",
        "export TOKEN=$CI_JOB_TOKEN",
        "password: REDACTED",
        'PASSWORD = "password"',
        "next_page_token: " + "CAUQAA7xYz91Qk2LmP0d",
        "the password must be at least 12 characters",
        "Token expired at 2026-01-02T03:04:05Z",
        '{"token_type": "access_token", "max_tokens": 4096}',
        "key: 3ade9c99-7155-4261-97d4-64b57ee5ffce",
        "https://user:pass@example.com/",
        "https://example.com:8443/a@b",
        '["Token", "copy_context"]',
        "publicKey: MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        'KEY = "-----BEGIN PRIVATE KEY-----"',
        "sha256:aef4af00ada21d0482b8376d6f8f196e2205100baf05a6f5d71dc3d422c08a06",
        "def f(password: str | None = None) -> None: pass",
        "basic authentication-header-format",
        "PIN code: 560001 and error code 404123",
        "The password reset form",
        "it costs $5 or $6 and $1",
        "The backup is running very slowly today because many files have been changed since last night",
        "the new password is longer than the old one, and the token is valid until 2026-12-31",
        "the password for this account was changed by an administrator",
        "DB_HOST=localhost\nDB_PASSWORD=\nDB_USER=app\nTOKEN_TTL=3600\nKEY_PATH=/etc/ssl/key.pem",
        "curl -H 'Authorization: Bearer YOUR_TOKEN' https://api.example",
        "headers: { Authorization: `Bearer ${token}` }",
        'key_name = aws_key_pair.deployer.key_name\nvariable "token" { type = string }',
        '{"partition_key": "cust_18f3Kd92Lq", "secret_name": "prod/db", "stripe": "cus_N8RKj84QnCHx5t"}',
        "token: SIGN_IN_TOKEN_V2, auth: oauth2-client-credentials, cookie: session-id-cookie-v2",
        '{"secret": "projects/123/secrets/db-pass/versions/7", "token_id": "tok_4711"}',
        "password: vault:secret/data/app#db_pass\nsecret: arn:aws:iam::111122223333:role/Deploy1\npassword: !vault |",
        "vault kv get -field=password secret/data/prod/db01",
        "GPIO PIN: 12, LED_PIN = 1234, pass 4 of 5, passed=12, key points: 3, keyboard: qwerty",
        "tokens used: 18234, cache key: user:1234:profile, primary key: order_id, monkey: banana7",
    ],
)
def test_code_labels_and_stand_ins_are_no_secrets(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("password",), "Enter your password"),
        (("password",), "string"),
        (("password_hash",), "$2b$12$" + "a" * 53),
        (("token_type",), "Bearer"),
        (("secret",), "my-k8s-secret-name"),
        (("token",), "access-token"),
        (("nextToken",), drawn(40)),
        (("passwordPolicy",), "strict-12"),
        (("key",), "users/2026/11/x.csv"),
        (("max_tokens",), "4096"),
        (("password",), "true"),
        (("password",), "1"),
    ],
)
def test_fields_that_only_sound_like_it_are_none(keys: tuple[str, ...], text: str) -> None:
    assert found(text, *keys) == []


# ---- where there is no kingfisher


@pytest.fixture
def without_kingfisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "kingfisher_sdk", None)
        prepare(None)
        yield
    prepare(rules())


def test_without_vendors_shapes_nothing_like_a_key_passes_unless_somebody_said_so(without_kingfisher: None) -> None:
    with pytest.raises(NoShapes, match="not there for this platform"):
        find([Leaf(github_token())])
    assert find([Leaf(github_token())], shapes=False)[0][0].entity == "API_KEY"
    with pytest.raises(NoShapes):
        find([Leaf(github_token())])


# ---- key blocks


def test_a_key_block_is_found_when_either_end_is_cut_off() -> None:
    whole = private_key("OPENSSH ", lines=8)
    assert found(whole[:300]) == [("PRIVATE_KEY", whole[:300])]
    tail = whole[-250:].split("\n", 1)[1]
    assert found(tail) == [("PRIVATE_KEY", tail)]


def test_a_key_block_in_the_text_of_a_program_is_found_with_its_written_line_breaks() -> None:
    text = json.dumps({"k": private_key("")})
    ((entity, part),) = found(text)
    assert entity == "PRIVATE_KEY"
    assert part.startswith("-----BEGIN")
    assert part.endswith("KEY-----")


def test_a_key_block_is_found_line_by_line_over_many_leaves() -> None:
    lines = private_key(lines=4).split("\n")
    leaves = [Leaf("notes"), *(Leaf(line, ("lines",)) for line in lines), Leaf("more notes, in words")]
    results = find(leaves)
    assert [bool(each) for each in results] == [False, *[True] * len(lines), False]
    assert all(
        (one.start, one.end) == (0, len(leaf.text)) for leaf, (one,) in zip(leaves[1:-1], results[1:-1], strict=True)
    )


def test_a_certificate_and_a_public_key_are_no_private_key() -> None:
    text = (
        private_key("").replace("PRIVATE KEY", "CERTIFICATE")
        + "\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"
        + drawn(43)
        + " dana"
    )
    assert found(text) == []


# ---- places


def test_offsets_count_characters_beside_any_others() -> None:
    text = f"пароль — 🔑 {github_token()} \0 \ud800 ende"
    assert found(text) == [("API_KEY", github_token())]


def test_every_leaf_gets_its_own() -> None:
    results = find([Leaf("a"), Leaf(github_token()), Leaf(""), Leaf(f"x {jwt()}", ("note",))])
    assert [[(one.start, one.end) for one in each] for each in results] == [
        [],
        [(0, 40)],
        [],
        [(2, 2 + len(jwt()))],
    ]


def test_what_is_found_by_several_rules_is_one_finding() -> None:
    text = f"Authorization: Bearer {jwt()}"
    assert found(text) == [("JWT", jwt())]
    both = [Finding(f.start, f.end, f.entity, f.score, f.rule) for f in find([Leaf(github_token(), ("token",))])[0]]
    assert [(f.start, f.end, f.entity) for f in both] == [(0, 40, "API_KEY")]


def test_nothing_is_found_in_nothing() -> None:
    assert find([]) == []
    assert find([Leaf("")]) == [[]]


# ---- time


def worst() -> Iterator[str]:
    yield from (
        word * (50_000 // len(word))
        for word in (
            "1.",
            "(",
            "::",
            "a-a-a-",
            "password: ",
            "key=",
            "://a:",
            "-----BEGIN PRIVATE KEY-----",
            "eyJaaaaaaaa.",
            "a=b;",
            "AKIA",
            "\\n",
            "Bearer ",
        )
    )
    yield "password=" + "a" * 50_000
    yield "x:" + "/" * 50_000 + "@" * 1000
    yield "A" * 49_000 + "\n-----END PRIVATE KEY-----" * 40


def test_S203_the_worst_texts_take_no_time() -> None:
    import time

    for text in worst():
        begun = time.process_time()
        find([Leaf(text)])
        assert time.process_time() - begun < 0.5, text[:40]


def test_nothing_is_found_in_the_standard_library() -> None:
    import argparse
    import configparser
    import inspect
    import logging
    import smtplib
    import ssl
    import tarfile
    import typing

    for each in (argparse, configparser, json, logging, random, re, smtplib, ssl, tarfile, typing):
        assert found(inspect.getsource(each)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the wifi pw at the office is {}", "murphy-niwch-55"),
        ("temp password {} until tomorrow", "hunter62"),
        ("user root pass {}", "hunter89"),
        ("login with admin / {}", "PKXIlZmQa#nTrx"),
        ("root / {}", "hunter67"),
        ("the admin password is now {}, please keep it", "P@sscPLlBl"),
        ("aws configure set aws_secret_access_key {}", "CqW0tRdGXmZwSWV3NW7Bk2m9lOZWXjOJbaBhhsGd"),
        ("I set the password to {}", "Summer2021!"),
        ("try {} as the password", "Nicole6421!"),
        ("{} is the new password", "zmVw2ubktpKS"),
        ("Password for the VPN: {}", "hunter38"),
        ("new db password -> {}", "hunter09"),
        ("spring.datasource.password={}", "LglTBiCqavshRE"),
        ('url = "jdbc:postgresql://db/app?user=app&password={}"', "TLJnyiZsuLPJ"),
        ('echo "{}" | docker login -u ci --password-stdin', "cole-xollt-87"),
        ("client secret {}", "N07FKjJANXVhmH8HMMHFpsLQYbDD2CdnxVcyJlCL"),
    ],
)
def test_a_secret_is_told_before_or_behind_its_word_and_over_others(text: str, value: str) -> None:
    assert [one for _, one in found(text.format(value))] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "The login form password strength meter",
        "the login page password field is required2",
        "password SHA256 hash, password base64-encoded value",
        "Password hash for admin: 5f4dcc3b5aa765d61d8327deb882cf99",
        "Password policy for users: min12chars",
        "Pass user123 to the function, the account must pass validation2",
        "fn check(password: &str) -> Result2, password -> String",
        "cache miss key 3f2a9c1e5b7d8a604f1e2d3c4b5a69788796a5b4",
        "password=dbPassword\npassword=getHTTPPassword()\n",
    ],
)
def test_what_is_told_of_passwords_is_none(text: str) -> None:
    assert found(text) == []
