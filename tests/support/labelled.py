"""Texts as tools return them, with what is personal in them marked. Every value is drawn when it is needed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from string import Formatter
from typing import Final

FIRST: Final = (
    "Anna", "Omar", "Keiko", "Lars", "Ines", "Piotr", "Chidi", "Mei", "Sofía", "Björn", "Fatima", "Rahul", "Zoë",
)  # fmt: skip
LAST: Final = (
    "Kowalska", "Haddad", "Tanaka", "Lindqvist", "Duarte", "O'Brien", "Okafor", "Chen", "García", "Müller", "Novak",
    "van Dijk", "Rossi", "Dubois",
)  # fmt: skip
STREETS: Final = ("Maple Street", "Old Mill Road", "Harbor View Drive", "Elm Ave", "St. James Square", "Cedar Lane")
TOWNS: Final = ("Portland, OR 97205", "Austin, TX 78701", "Leeds LS1 4AP", "Madison, WI 53703")
DOMAINS: Final = ("example-mail.com", "post.acme.de", "uni.ac.uk", "firma.co.jp")


def luhn(digits: str) -> str:
    """The digits with the one that makes their checksum right."""
    for last in "0123456789":
        whole = digits + last
        total = sum(
            (int(char) * 2 - 9 * (int(char) > 4)) if place % 2 else int(char)
            for place, char in enumerate(reversed(whole))
        )
        if total % 10 == 0:
            return whole
    raise AssertionError


def iban(draw: Random) -> str:
    """A German, Dutch or Spanish one."""
    country, body = draw.choice(
        [
            ("DE", number(draw, 18)),
            ("ES", number(draw, 20)),
            ("NL", "ABNA" + number(draw, 10)),
            ("GB", "WEST" + number(draw, 14)),
        ]
    )
    digits = "".join(str(int(char, 36)) for char in body + country + "00")
    whole = f"{country}{98 - int(digits) % 97:02d}{body}"
    return whole if draw.random() < 0.5 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def number(draw: Random, size: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(size))


def phone(draw: Random) -> str:
    area, mid, last = draw.choice(("212", "415", "604", "312")), f"{draw.randint(220, 989)}", number(draw, 4)
    return draw.choice(
        [
            f"({area}) {mid}-{last}", f"+1 {area}-{mid}-{last}", f"{area}.{mid}.{last}",
            f"+44 20 7{number(draw, 3)} {last}", f"+49 30 {number(draw, 7)}",
            f"+33 6 {' '.join(number(draw, 2) for _ in range(4))}", f"+91 98{number(draw, 8)}",
        ]
    )  # fmt: skip


def value(draw: Random, kind: str) -> str:
    """One that could be."""
    match kind:
        case "PERSON":
            return f"{draw.choice(FIRST)} {draw.choice(LAST)}"
        case "EMAIL_ADDRESS":
            return f"{draw.choice('abcdefgh')}{number(draw, 3)}.x@{draw.choice(DOMAINS)}"
        case "PHONE_NUMBER":
            return phone(draw)
        case "US_SSN":
            return f"{draw.randint(100, 665)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}"
        case "CREDIT_CARD":
            digits = luhn(draw.choice(("4", "52", "54")).ljust(2, "3") + number(draw, 13))
            return draw.choice((digits, " ".join(digits[at : at + 4] for at in range(0, 16, 4))))
        case "IBAN_CODE":
            return iban(draw)
        case "IP_ADDRESS":
            return f"{draw.randint(11, 126)}.{draw.randint(1, 250)}.{draw.randint(2, 250)}.{draw.randint(2, 250)}"
        case "DATE_OF_BIRTH":
            return f"{draw.randint(1940, 2005)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        case "ADDRESS":
            return f"{draw.randint(1, 9999)} {draw.choice(STREETS)}, {draw.choice(TOWNS)}"
        case "PASSPORT":
            return draw.choice("CEKX") + number(draw, 8)
        case "DRIVER_LICENSE":
            return draw.choice("DFHS") + number(draw, 7)
        case "MEDICAL_RECORD":
            return f"MRN-{number(draw, 7)}"
        case "BANK_ACCOUNT":
            return number(draw, 10)
        case "NATIONAL_ID":
            return f"QQ {number(draw, 2)} {number(draw, 2)} {number(draw, 2)} C".replace(
                "QQ", draw.choice(("AB", "JX", "PW"))
            )
    raise AssertionError(kind)


@dataclass
class Record:
    """A text and what is personal in it: start, end, entity."""

    text: str = ""
    spans: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, draw: Random, template: str) -> Record:
        """Append a template: `{PERSON}` is drawn and marked, `{{` stands for itself."""
        for literal, kind, _, _ in Formatter().parse(template):
            self.text += literal
            if kind:
                drawn = value(draw, kind)
                self.spans.append((len(self.text), len(self.text) + len(drawn), kind))
                self.text += drawn
        return self


PROSE: Final = (
    "Dear {PERSON},\nyour card {CREDIT_CARD} was charged.\n",
    "Please wire it to {IBAN_CODE}, account holder {PERSON}.",
    "The caller, born on {DATE_OF_BIRTH}, gave SSN {US_SSN} and asked us to phone {PHONE_NUMBER}.",
    "Patient: {PERSON} (DOB: {DATE_OF_BIRTH}, {MEDICAL_RECORD})",
    "Her passport {PASSPORT} and driver's license {DRIVER_LICENSE} were scanned.",
    "Ship to {ADDRESS}. Questions? Mail {EMAIL_ADDRESS}.",
    "Contact: {PERSON} <{EMAIL_ADDRESS}>, tel. {PHONE_NUMBER}",
    "National insurance number {NATIONAL_ID}, bank account {BANK_ACCOUNT}.",
    "Best regards,\n{PERSON}\n{PHONE_NUMBER}\n",
    "<person><name>{PERSON}</name><ssn>{US_SSN}</ssn><email>{EMAIL_ADDRESS}</email></person>",
    "WARN login failed user_email={EMAIL_ADDRESS} client_ip={IP_ADDRESS} attempt=3",
    "employee:\n  full_name: {PERSON}\n  birth_date: {DATE_OF_BIRTH}\n  tax_id: {US_SSN}\n  grade: 7\n",
    "| name | phone | iban |\n|---|---|---|\n| {PERSON} | {PHONE_NUMBER} | {IBAN_CODE} |\n",
    "Signed-off-by: {PERSON} <{EMAIL_ADDRESS}>",
)
FIELDS: Final = {
    "firstName": "PERSON", "customerEmail": "EMAIL_ADDRESS", "mobile": "PHONE_NUMBER", "socialSecurityNumber": "US_SSN",
    "cardNumber": "CREDIT_CARD", "iban": "IBAN_CODE", "lastLoginIp": "IP_ADDRESS", "dateOfBirth": "DATE_OF_BIRTH",
    "shipping_address": "ADDRESS", "passport_no": "PASSPORT", "drivers_license_number": "DRIVER_LICENSE",
    "mrn": "MEDICAL_RECORD",     "account_number": "BANK_ACCOUNT", "national_id": "NATIONAL_ID",
}  # fmt: skip
BENIGN: Final = (
    "build {9} of version 1.{1}.{3}.{1}",
    "order ORD-20{2}-{6} for {2},{3}.50 EUR",
    "commit {x40} at 2026-0{1}-11T04:05:{2}Z",
    "epoch=17{8} pid={5} rss={8}",
    "isbn 978-{1}-{4}-{4}-{1}, sku KX-{3}-{4}",
    "lat -{2}.{6}, lon {2}.{6}, score 0.{12}",
    "trace {x8}-{x4}-4{x3}-a{x3}-{x12}",
    "listening on 127.0.0.1:{4} and [::1]:{4}, mask 255.255.255.0",
    "tracking 1Z{16} left the warehouse at 1{1}:30:0{1}",
    "git clone git@github.com:acme/repo{2}.git && npm i left-pad@1.{1}.0",
    '"max_tokens": {4}, "email_verified": true, "card_type": "visa", "phone_count": 2',
    "test card 4242 4242 4242 4242, SSN 000-{2}-1234, mail no-reply@example.com",
    "rows 1-{4} of {7}; took {3}.{6} s on node-{3}",
    "const passwordPolicy = getPolicy(userId{2}); // see RFC {4} section {1}.2.1",
    "The Apache Kafka team said release {2} of Wells Fargo moves to May 2027.",
    "id,sku,price\n{6},KX1,0.{4}\n{6},KX2,0.{4}\n",
)
"""What is left alone: `{9}` is so many digits, `{x8}` so many hexadecimal ones."""


def records(draw: Random, count: int) -> Iterator[Record]:
    """So many, of all kinds in turn."""
    for at in range(count):
        match at % 4:
            case 0 | 1:
                yield Record().add(draw, PROSE[at // 4 % len(PROSE)])
            case 2:
                yield _json(draw)
            case _:
                yield _csv(draw)


def _json(draw: Random) -> Record:
    keys = draw.sample(sorted(FIELDS), 4)
    inner = ", ".join(f'"{key}": "{{{FIELDS[key]}}}"' for key in keys)
    return Record().add(draw, f'{{{{"id": {draw.randint(1, 99)}, "profile": {{{{{inner}}}}}, "status": "ok"}}}}')


def _csv(draw: Random) -> Record:
    keys = draw.sample(sorted(set(FIELDS) - {"shipping_address"}), 3)
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(["id", *keys])
    row = ",".join(f"{{{FIELDS[key]}}}" for key in keys)
    return Record().add(draw, header.getvalue() + f"1,{row}\n2,{row}\n")


def benign(draw: Random, count: int) -> Iterator[str]:
    """Texts that only look as if something personal were in them."""
    for at in range(count):
        yield re.sub(r"\{(x?)(\d+)\}", lambda found: _digits(draw, found), BENIGN[at % len(BENIGN)])


def _digits(draw: Random, found: re.Match[str]) -> str:
    return "".join(draw.choice("0123456789abcdef" if found[1] else "0123456789") for _ in range(int(found[2])))
