"""Whose something is that was found, and what is nobody's."""

import json

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str) -> list[tuple[str, str]]:
    """Entity and value of each finding in a text."""
    return [(one.entity, text[one.start : one.end]) for one in scan([Leaf(text)], Options(ner=False)).findings[0]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Il codice fiscale di {} è KIUHAA25C03B978A.", "Tracy Albani"),
        ("The SSN of {} is 536-22-1234", "Rosa Baral"),
        ("mismatch for {}, passport 35NT84047", "Marcy Bellamy"),
        ("{}\nSenior Account Manager\n+49 151 23456789", "Astrid Kjeldsen"),
        ("{}\n439 Birchwood Ave, Savannah, GA 31401", "Maaike Brouwer"),
        ("<h3>{}</h3><p>Born: 07-Nov-1980</p>", "Beatriz Nogueira"),
        ('card 5296-5024-9478-1674 ("{}")', "Oliver Delaney"),
        ("pls add {} to the channel, her email is ann.lee@bluepeak.io", "Christina"),
        ("The customer is {}, 4832 Schmitt Court, Austin, TX 78701", "Harish Iyer"),
        ("Assigned to {}. Priority P2.", "Diana Patberg"),
        ("our accountant {} has it", "Kayla Vestergaard"),
        ("Caller {} reports a stolen laptop", "Mei Ibrahimovic"),
        ("{} will be out on 12/02/2027", "Rene Champagne"),
        ("{}: my number changed", "Emanuele Galli"),
        ("fixed it ({}, 3 days ago)", "Xiaoming Zhangwei"),
        ("Sehr geehrte Frau {},", "van der Berg"),
        ("hr-import row 17: {}; 1991-04-18; 763-05-3413; ok", "Kothari, Elliott"),
        ("Emanuele Galli: my number changed\n{}: ok, noted", "Imogen Lockwoodson"),
        ("data = [('{}', '1964-03-25', '064-41-9384')]", "Deborah Zhangson"),
        ("export: SELECT name, ssn FROM staff -> ('{}', '891-89-8581')", "Vince MacLeodin"),
        ("COPY m (id, full_name, born) FROM stdin;\n36\t{}\t1946-04-10\n\\.\n", "Siobhan Kimberlin"),
        ("MemberID|First|Last|Email\n17571|Samurtay|{}|a@bluepeak.io\n", "Andradesson"),
        ('{"subject": {"first": "{}", "last": "Doorhof", "born": "1983-09-05"}}', "Ingrid"),
        ('{"columns": [{"name": "nif"}, {"name": "nombre"}], "rows": [["76945935X", "{}"]]}', "Jeremy de Weterink"),
        ("   id  full_name        phone\n0  100  {}  +33635108169\n", "Alberte Oconnorsson"),
        ("@{} can you approve it?", "Antoine"),
        ("cc {} about it", "Yuki Zhelyabovich"),
        ("Mein Name ist {}, hallo", "Harriet Bjornsenius"),
        ("Hej {},\n\ntack", "Ignacio"),
        ("a note from {} came", "Yuki Bj\u00f8rnsenius"),
        ('{"values": [["Name", "Email"], ["{}", "a@bluepeak.io"]]}', "Barbara Zhelyabova"),
        ("name as printed {}", "MARILYN COLEMAN"),
        ("Lease with {} ended", "Julius V. van Gastel"),
        ("iban=GB06FDRS00794402176176 holder={}", "Enrico P. Coccianti"),
        ("doc passport_no=V4905125 surname=Tranova given={}", "Zelimkhanna"),
        ("Customer(first='{}', last='Kimberlin', dob='1940-12-09')", "Zelimkhanna"),
        ("INSERT INTO a VALUES (1, '{}', 'GB06FDRS00794402176176');", "Fidel Audetson"),
        ("// {}, 2026-03-04: quick fix", "Giacinto Angeloni"),
        ("Call the clinic.\n\nTake care\n{}\n", "Chukwuemeka"),
        ("ward: admitted {} mrn=6900731 bed=12", "Chukwuemeka Hoang"),
        ('{"rental": {"renter": "{}"}}', "Avsin Angeloni"),
        ("reassigned from {} to us", "Bj\u00f6rn St. James"),
        ("please page {}: the disk is full", "Francesca"),
        ("correo a@bluepeak.io, a nombre de {}.", "Nikodem Pricewicz"),
        ("Happy birthday {}!", "Rajeshri"),
        ("issued to {}, host Ann", "Toivo D'Angelov"),
        ("Attendees: {}", "Hiroshi Park, Ingrid Lindqvist"),
        ("ATTENDEE;CN={}:mailto:a@bluepeak.io", "Omar Haddadin"),
        ('{"form": [{"question": "What is your full name?", "answer": "{}"}]}', "Catherine D'Angelov"),
        ("+----+-----------+\n| id | full_name |\n+----+-----------+\n| 12 | {} |\n", "Christine D'Angelov"),
        ('"Last, First","SSN"\n"{}","364-51-2087"\n', "Champagne, Vratislav"),
    ],
)
def test_whose_it_is_stands_beside_it(text: str, name: str) -> None:
    assert ("PERSON", name) in found(text.replace("{}", name))


@pytest.mark.parametrize(
    "text",
    [
        "Goldman Sachs reported a loss, Morgan Stanley confirmed it",
        "Software Engineer\n+49 151 23456789",
        "the plan was approved by Charles Schwab",
        "Caller: It's 23.01.2002.",
        "Customer: Sure, it is open",
        "by école by éby",
        "Jack Daniel's follows, sync with Wendy's",
        "export default { name: 'FrankWolfe', props: ['user', 'email'] }",
        "@Override public void run()",
        "Type: AWS::IAM::Role",
        "ALTER TABLE customers ADD COLUMN passport_number varchar(20)",
        "page Jenkins, ask Claude, call Slack, tell Alexa",
        '{"provider": {"npi": "1234567893", "name": "Lincoln General Hospital"}}',
        '{"committer": {"name": "GitHub", "email": "noreply@github.com"}}',
        "please add it to the channel, her email is ann.lee@bluepeak.io",
    ],
)
def test_firms_offices_and_other_words_beside_it_are_nobody(text: str) -> None:
    assert "PERSON" not in [entity for entity, _ in found(text)]


@pytest.mark.parametrize(
    "text",
    [
        "node 10.0.3.12:9092 joined, DST=10.0.0.5, subnet 81.20.0.0/16, DNS 8.8.8.8 and 1.1.1.1",
        '{"podIP": "10.42.0.17", "hostIP": "192.168.4.21", "dst_ip": "172.16.3.4"}',
        "Message-ID: <20260101.4711@mail.bluepeak.io>",
        "id <d4181c79-9410-48a5-9f38-fc546842e659@mail.bluepeak.io>",
        "ssh deploy@build.bluepeak.io, scp a.txt ci@host.bluepeak.io:/srv",
        "reports@acme-prod.iam.gserviceaccount.com",
        "accept 6011111111111117 only in test mode",
        "reject 123-45-6789 in the form",
        "EAN 4306054108755, pallet 12",
        "DUID 00:01:00:01:2a:3b:4c:5d, TTY=pts/0 ; PWD=/home/alice ; USER=root",
        "Q3 numbers: 412-330-1200 units",
        "4242 4242 4242 4242 succeeds in test mode, 4000 0000 0000 0002 is declined",
        "it maps name, phone and email; ids start at 132819486.",
        "The phone screen broke, asset 057-254-6939-I",
        "test_cards = ['4242424242424242', '4000000000009995', '5555555555554444']",
        '{"de": {"password": "Passwort", "email": "E-Mail"}}',
        "Hi,\n\nit is done.\n\nDeveloper Relations\n",
        "auth: password changed for all, Token: semicolon, `apiKey: changeme`",
        '{"name": "Message-ID", "value": "<1e3aaceececdc712b4630747@mail.bluepeak.io>"}',
        "Our VAT id is on the invoice, the customer number is 235112184, all is well",
        "Example: / 123 Main Street, Anytown",
        "expect(format('(555) 010-0199'))",
        "Example: jane.doe@example.com, +1 555 0100",
        '{"address": "aisle 7, shelf 3", "email": "noreply@github.com"}',
        "hostname\tip\tos\nweb-1\t10.2.3.4\tUbuntu\n",
    ],
)
def test_what_machines_networks_and_examples_are_called_by_is_nobodys(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("client 10.0.3.12 logged in twice", "10.0.3.12"),
        ("reach me at 07885 369 924", "07885 369 924"),
        ("Use this token for the demo env: 9c153fd89fcc438cddbd8decdd0a0467 now", "9c153fd89fcc438cddbd8decdd0a0467"),
        ("user admin password orange_sunshine78  (change it)", "orange_sunshine78"),
        ('  password   = "orange.dragon06"', "orange.dragon06"),
        ("card number 4306054108755", "4306054108755"),
        ("GET /reset?email=zdenka.nonis+shop@bluepeak.io HTTP/1.1", "zdenka.nonis+shop@bluepeak.io"),
        ("Password=O1EcjJxBoQ.Wkft7;", "Password=O1EcjJxBoQ.Wkft7;"),
        ('[{"k": "smtp_password", "v": "Winter2803?"}]', "Winter2803?"),
        ("PIN for the safe is 382188", "382188"),
        ("datadog api key = 2828598e0e556c95efd7c82bf40d1286, ok", "2828598e0e556c95efd7c82bf40d1286"),
        ('variable "db_password" {\n  default = "Falcon09!"\n}', "Falcon09!"),
        ("imap - LOGIN ann@bluepeak.io maple5520", "maple5520"),
        ("f.pdf?sv=2024-05-04&sig=SlzxMziCArdROmVUBFN5g2tQ4TJk66%2BO&se=1", "SlzxMziCArdROmVUBFN5g2tQ4TJk66%2BO"),
        ("card number 4029.1556.4200.2084 and cvv", "4029.1556.4200.2084"),
        ("an accident; licence LN362936R, plate KFK-8478", "LN362936R"),
        ("name=Anne dob=1987-01-02 nid=601205406", "601205406"),
        ("account,holder,routing\n000119157509,Ann Lee,111000025\n", "000119157509"),
        ('{"account": "44291387", "routing": "026009593"}', "44291387"),
        ("pt Ann Lee, 25.02.1969, MRN 4690200", "25.02.1969"),
        ("geb. 16.12.1969, KV-Nr. E91248303, kommt", "E91248303"),
        ("doc_no=36XK36261 doc_type=passport", "36XK36261"),
        ('ConvertTo-SecureString "dragon5628!" -AsPlainText', "dragon5628!"),
        ("# .pgpass\ndb-1.internal:5432:crm:app:coffee5001\n", "coffee5001"),
        ("at 173 all\u00e9e des Cerisiers, 53572 Lyon", "173 all\u00e9e des Cerisiers, 53572 Lyon"),
        ("phone 415\u00b7344\u00b73520", "415\u00b7344\u00b73520"),
        ("travel: 103.106.104.87 -> 157.32.238.42", "157.32.238.42"),
        ('{"geb_datum": "06.07.1953"}', "06.07.1953"),
        ("> SSN: 154-47-8945\n> Bank: 487450716\n", "487450716"),
        ("meine neue Handynummer ist 0049 89 2428688", "0049 89 2428688"),
        ("new PDO('mysql:host=db;dbname=shop', 'shop', 'Falcon98!')", "Falcon98!"),
        ("USERS = {'admin': 'Welcome7081?'}", "Welcome7081"),
        ("pw for the archive = Correct09$", "Correct09$"),
        ("mysqldump -u root -p'winter8356?' crm", "winter8356?"),
        ("n\u00b0 s\u00e9cu 153102791339242, n\u00e9(e) le 24.06.1975", "153102791339242"),
        ("n\u00b0 s\u00e9cu 153102791339242, n\u00e9(e) le 24.06.1975", "24.06.1975"),
        ("Ausweis CK2YC3K82, gut", "CK2YC3K82"),
        ('{"originator_account": "33203310"}', "33203310"),
        ("license: 850720394 (CA), expires soon", "850720394"),
        ("sent to Prinsengracht 249, 1985 BD Utrecht", "Prinsengracht 249, 1985 BD Utrecht"),
        ("ship to Calle del Sol 65, 9\u00ba B, 72813 Valencia", "Calle del Sol 65, 9\u00ba B, 72813 Valencia"),
        ("lives at Flat 3, 76 Mill Road, Norwich NR2 9BF", "Flat 3, 76 Mill Road, Norwich NR2 9BF"),
    ],
)  # fmt: skip
def test_what_is_somebodys_is_found_all_the_same(text: str, value: str) -> None:
    assert value in [one for _, one in found(text)]


def test_a_label_may_stand_behind_its_value() -> None:
    text = json.dumps({"identifier": [{"system": "urn:oid:1", "value": "B2262396", "type": {"text": "MRN"}}]})
    assert found(text) == [("MEDICAL_RECORD", "B2262396")]


def test_the_secret_beside_the_name_of_a_key_is_found() -> None:
    secret = "58qR2O9WdcozuIA5" + "jNpZ1qRzzd1upLIlWRsH2/aN"
    text = f"committed {'AK' + 'IA3MTYXWBERIGJZXGJ'} / {secret}, revoke"
    assert found(text)[-1] == ("API_KEY", secret)
