"""Numbers and dates by the words around them, for them and against them."""

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str) -> list[tuple[str, str]]:
    """Entity and value of each finding in a text."""
    return [(one.entity, text[one.start : one.end]) for one in scan([Leaf(text)], Options(ner=False)).findings[0]]


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("My passport (C09L4W4NK) is still valid", "PASSPORT", "C09L4W4NK"),
        ("passport number 925076473", "PASSPORT", "925076473"),
        ("Aadhaar number 2345 6789 0124", "NATIONAL_ID", "2345 6789 0124"),
        ("the record (MRN (1234567)) was merged", "MEDICAL_RECORD", "1234567"),
        ("call (212) 555-2368 after five", "PHONE_NUMBER", "(212) 555-2368"),
        ("my license is B3033933", "DRIVER_LICENSE", "B3033933"),
        ("Lookup of patient 6637582 took 12 ms", "MEDICAL_RECORD", "6637582"),
        ("NI MA685311C is missing", "NATIONAL_ID", "MA685311C"),
        ('{"deposit_account": "143277259513"}', "BANK_ACCOUNT", "143277259513"),
        ("The driver showed licence 705776637 at the gate", "DRIVER_LICENSE", "705776637"),
        ("// license: W192-8701-6800", "DRIVER_LICENSE", "W192-8701-6800"),
        ("UIDAI says 5156 5330 2846 is valid", "NATIONAL_ID", "5156 5330 2846"),
        ("Regards\n\n020 7456 0605\n", "PHONE_NUMBER", "020 7456 0605"),
        ("0161 496 0123 is the shop", "PHONE_NUMBER", "0161 496 0123"),
        ("Contact number: 0759 2251 035", "PHONE_NUMBER", "0759 2251 035"),
        ("born on 1988-05-24", "DATE_OF_BIRTH", "1988-05-24"),
        ("SSN: 536.22.1234", "US_SSN", "536.22.1234"),
        ('{"ssn": "536.22.1234"}', "US_SSN", "536.22.1234"),
        ("her ssn, 5 3 6 2 2 1 2 3 4, was leaked", "US_SSN", "5 3 6 2 2 1 2 3 4"),
        ("Historia clínica n.º 2555073", "MEDICAL_RECORD", "2555073"),
        ("Journalnummer 2555073", "MEDICAL_RECORD", "2555073"),
        ("Fecha nac. 12-03-1984", "DATE_OF_BIRTH", "12-03-1984"),
        ("nascido em 12/03/1984", "DATE_OF_BIRTH", "12/03/1984"),
        ("numer telefonu 601 234 567", "PHONE_NUMBER", "601 234 567"),
        ("efter lunch 076-292 54 37", "PHONE_NUMBER", "076-292 54 37"),
        ("office in Sydney (02) 9374 4000", "PHONE_NUMBER", "(02) 9374 4000"),
        ("São Paulo (11) 91234-5678", "PHONE_NUMBER", "(11) 91234-5678"),
        ("from Osaka 090-1234-5678", "PHONE_NUMBER", "090-1234-5678"),
    ],
)
def test_a_word_before_a_number_says_what_it_is(text: str, entity: str, value: str) -> None:
    assert found(text) == [(entity, value)]


@pytest.mark.parametrize(
    "text",
    [
        "Order number 100200300400 is late",
        "Serial number 0759-2251-035 is covered",
        "Number of records: 123456789",
        "Contact sales about part 70824-752-12",
        '{"product": {"name": "Desk Lamp", "sku": "6238-4017-559"}}',
        "the patient is 120 minutes late, patient 4711, part MA685311C",
        "born in the cloud, released 2023-05-24",
        "Rolling back to 4.4.19.1, reverted to 4.4.19.2",
        "API_KEY=********\nDB_PASSWORD={{ secrets.TOKEN }}\n",
        "API_KEY=\nDB_PASSWORD=changeme\n",
        "api_key:\nusername: bob2\n",
        "Upgraded from 4.1.2.3 to 4.1.2.9",
        "use 4242 4242 4242 4242 for tests",
        "4242 4242 4242 4242 is a test number",
        "For tests use 378282246310005 (any future date)",
        "License 20240101, license key 1234-5678-9012, licence MIT 2024",
        "deploy key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAItNCcOPaWR9mBFX5BwkYjpgCKfHDp2KMOiHtbDHw2w2Y deploy@ci",
        '{"ssh_key": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7"}',
        "address: 0x7fff5fbff8c0",
        "Hasbro said 5457720205195 items",
        "Staff ID number 100234 was deactivated",
        "employee id no 88123456",
        "Personalnummer: 00482913",
        "numéro de matricule 4829134",
        "sku,ean,title\nUIE-2888-541,4004034013544,Desk lamp\nRLO-6185-856,5429143373461,Oak shelf\n",
        "ts,host,build\n1743824901,hopper-98,6.22.27.213\n1764960944,turing-40,14.27.90.151\n",
    ],
)
def test_a_number_of_a_thing_or_another_day_is_none_of_a_person(text: str) -> None:
    assert found(text) == []


def test_a_license_of_a_person_is_one_to_drive() -> None:
    assert found('{"driver": {"license": "H612-3022-5238"}}') == [("DRIVER_LICENSE", "H612-3022-5238")]
    assert found('{"package": {"license": "612-3022-5238"}}') == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{} (Aadhaar 396899814970) is eligible", "Brooke Jones"),
        ("send the parcel to {}, 4832 Schmitt Court, Austin, TX 78701", "Ludwig Lundblad"),
        ("passport O89843085 issued 2024-12-10 for {}", "Ida Kroczak"),
        ("IBAN GB06FDRS00794402176176, holder {}", "Gabriele Sanguineti"),
        ("Hi team, {} here. My SSN is 536-22-1234", "Ivan Pavanello"),
        ("IBAN GB06FDRS00794402176176. The account holder is {}.", "Molly Day"),
        ("new lead: {}, juli@bluepeak.io", "Juliana Cardoso"),
        ("USERS = [('{}', 'gala@bluepeak.io')]", "Gala Alba"),
        ("he asks for {}'s SSN, is it 536-22-1234?", "Anthony Sloan"),
    ],
)
def test_whose_a_number_is_is_a_person(text: str, name: str) -> None:
    assert ("PERSON", name) in found(text.format(name))


@pytest.mark.parametrize(
    "text",
    [
        "Wells Fargo's number is 212-555-2345",
        "IBAN GB06FDRS00794402176176 at Goldman Sachs",
        "the SSN I gave Wells Fargo is 536-22-1234",
        "Account Support, SSN 536-22-1234",
    ],
)
def test_a_company_beside_a_number_is_no_person(text: str) -> None:
    assert "PERSON" not in [entity for entity, _ in found(text)]


def test_a_surname_that_is_a_town_belongs_to_the_name_behind_an_initial() -> None:
    assert found("Best,\nMargaret Q. Paris\n") == [("PERSON", "Margaret Q. Paris")]
    assert found("Best,\nMargaret Q. Berlin office\n") == [("PERSON", "Margaret Q.")]
