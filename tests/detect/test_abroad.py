"""What is found in texts of other countries and of programs that write their own way."""

import json

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str) -> list[str]:
    """The values of the findings in a text."""
    return [text[one.start : one.end] for one in scan([Leaf(text)], Options(ner=False)).findings[0]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AHV-Nr. {} / Pensum 80%", "756.0226.6443.32"),
        ("siehe {} im Ordner", "756.0226.6443.32"),
        ("Henkilötunnus: {}, tilaus 114422", "180489-421C"),
        ("CPR-nummer {}, ordre 114422", "010485-3883"),
        ("Rijksregisternummer {}", "61.06.05-275.25"),
        ("주민등록번호 {} 주문 193115", "820808-2177480"),
        ("身份证号 {}，订单号 16267", "440305195008166260"),
        ("TC Kimlik No: {}", "57426686240"),
        ("fødselsnummer {}, saksnr 3122", "08028325720"),
        ("Sozialversicherungsnummer {}", "1039 150166"),
        ("boleta {} pagada", "15.864.143-7"),
        ("Rückfragen unter {}.", "0151-58071049"),
        ("Le llamaremos al {} el lunes", "667 316 274"),
        ("next of kin Ann, {}.", "07700 947642"),
        ("ou bien 2, {}", "68 bis place Bellecour, 31000 Toulouse"),
        ("sposta in {}", "Viale dei Mille 97, 40121 Bologna"),
        ("Haus {}", "Am Alten Markt 107, 04109 Leipzig"),
        ("Estimado {}: gracias", "Ramiro Montoya"),
        ("Mit freundlichen Grüßen\n{}", "Anja Krüger"),
        ("Kontoinhaber {}, am 12. bezahlt", "Torsten Vogelsang"),
        ("Sold to:\n{}\nitems 4", "ANJA GROSSMANN"),
    ],
)
def test_what_is_usual_in_other_countries_is_found(text: str, value: str) -> None:
    assert value in found(text.format(value))


@pytest.mark.parametrize(
    "text",
    [
        "756.0226.6443.33",
        "order 180489-421D",
        "61.06.05-275.26",
        "440305195008166261",
        "15.864.143-8",
        "Agenda: 1. Budget 2. Hiring 3. Review",
        "Spring 2024, Monitoring 5, Engineering 12",
        "registry.local/auth:9.30.34@sha256:" + "9a5f" * 16,
        "Test with 4242 4242 4242 4242 or 4111111111111111",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_names_of_fields_are_known_in_other_languages() -> None:
    person = {"imie": "Katarzyna", "nazwisko": "Mazur", "nome_completo": "Caetano Alves", "cellulare": "02 2991 2121"}
    assert found(json.dumps(person, ensure_ascii=False)) == list(person.values())


def test_beside_a_given_name_a_name_of_one_word_is_the_familys() -> None:
    assert found('{"nom": "Lefebvre", "prenom": "Gaston"}') == ["Lefebvre", "Gaston"]
    assert found('{"name": "Pohl", "vorname": "Heike"}') == ["Pohl", "Heike"]
    assert found('{"nom": "Chaise", "prix": 12}') == []


def test_json_in_a_string_is_read_with_its_own_names() -> None:
    inner = {"user": {"name": "Shaun Osgood", "dl_number": "KIRBY672883LD9MX", "password": "Falcon9261!"}}
    once = json.dumps({"body": json.dumps(inner)})
    assert [text in found(once) for text in inner["user"].values()] == [True] * 3
    twice = json.dumps({"log": once})
    assert "Falcon9261!" in found(twice)


def test_a_label_may_be_an_object_or_have_capitals() -> None:
    assert found('[{"Name": "/prod/db/password", "Value": "Falcon9261!"}]') == ["Falcon9261!"]
    assert found('{"type": {"text": "Medical Record Number"}, "value": "58946147"}') == ["58946147"]


def test_a_question_is_answered_behind_its_mark() -> None:
    assert found("And your date of birth?\nCaller: It's 23.01.2002.") == ["23.01.2002"]


def test_keys_of_more_vendors_are_known_by_their_shape() -> None:
    hexadecimal = "b5928e57f5f400fc03fd3a61936ab140"
    for key in (f"{hexadecimal}-us12", f"key-{hexadecimal}", f"M{'n7fuVeUH5OVsYn6lBbDwQSv'}.kdJxOX.{'iOZw_FdUgi' * 3}"):
        assert found(f"rotated: {key} (yesterday)") == [key]


def test_who_changed_a_line_or_wrote_a_message_stands_before_the_time() -> None:
    assert found("a4ede04 (Khalid Benali 2023-05-21 10:11:12 +0200 12) def total") == ["Khalid Benali"]
    assert found("Dolores Rowntree [00:37]: can someone help") == ["Dolores Rowntree"]
    assert found("*Caetano Alves*  4:55 PM\nthanks") == ["Caetano Alves"]
    assert found("Heike Pohl, born in spring") == ["Heike Pohl"]
    assert found("Berlin Conference (10:30), Payment Service [10:30]: started") == []


def test_a_password_may_stand_behind_its_login() -> None:
    assert found("the staging login is qa_admin / FUN6zQJc0JAuria1, thanks") == ["FUN6zQJc0JAuria1"]
    assert found("login is optional / unnecessary there") == []


def test_cookies_under_their_name_are_covered_whole() -> None:
    cookies = "sid=434db967f032144984e67e537d9746df; theme=dark"
    assert found(json.dumps({"name": "Cookie", "value": cookies})) == [cookies]


def test_who_wrote_in_a_chat_stands_behind_the_time() -> None:
    chat = "[16:04] Torbjörn Dahl: hi\n12/11/26, 23:13 - Małgorzata Mazur: call me"
    assert found(chat) == ["Torbjörn Dahl", "Małgorzata Mazur"]
    assert found("[10:11:12] Payment Service: started\n[10:12] Task Runner: done") == []


def test_an_address_of_the_net_may_have_its_port_behind_a_dot() -> None:
    assert found("10:14:25.5 IP 45.7.28.33.37936 > x.443: Flags [S]") == ["45.7.28.33"]


@pytest.mark.parametrize(
    "text",
    [
        "Nr. 44, ausgestellt am 17.05.2025",
        "-----Original Message-----\nSent: 04/16/2025 21:57",
        "Beste Grüße, Liebe Grüße",
        "export GITHUB_TOKEN=ghp_" + "x" * 36,
        "--filters Name=tag:Name,Values=web-51",
    ],
)
def test_dates_greetings_and_stand_ins_are_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Das Passwort lautet {} und gilt bis morgen",
        "La contraseña es {}",
        "Le mot de passe du wifi est {}.",
        "sqlcmd -S db -U sa -P '{}' -Q 'select 1'",
        "redis-cli -h cache -a {} ping",
        "net use Z: \\\\fs1\\share /user:corp\\svc {}",
        "net use Z: \\\\fs1\\share {} /user:corp\\svc",
        "hasło: {}",
        "lösenord: {}",
        "GET https://hooks.example.com/in?key={}00816cfe77e08e15",
    ],
)
def test_passwords_are_found_in_other_languages_and_in_more_commands(text: str) -> None:
    (one,) = found(text.format("FUN6zQJc0JAuria1"))
    assert one.startswith("FUN6zQJc0JAuria1")


def test_a_share_of_one_behind_a_telephone_is_none() -> None:
    assert found('{"label": "Phone support", "score": 0.729490487044}') == []


def test_more_of_what_others_write_is_found() -> None:
    assert found("docker login -u ci -p FUN6zQJc0JAuria1 registry.test") == ["FUN6zQJc0JAuria1"]
    assert found("Declan Lockwood (DOB unknown) came in") == ["Declan Lockwood"]
    assert found("<add name='Crm' value='x'/>") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reached her on 0043 664 2518570 today", "0043 664 2518570"),
        ("ul. Długa 2/38, 80-233 Gdańsk", "ul. Długa 2/38, 80-233 Gdańsk"),
        ("Rua São Bento, 99, Curitiba - PR, 26325-439", "Rua São Bento, 99, Curitiba - PR, 26325-439"),
        ("Storgatan 169, 113 30 Stockholm", "Storgatan 169, 113 30 Stockholm"),
        ('{"name": "PGPASSWORD", "value": "falcon_7497"}', "falcon_7497"),
        ('{"assignee": "Oestrovsky, Metin"}', "Oestrovsky, Metin"),
    ],
)
def test_numbers_dialled_abroad_towns_with_their_codes_and_glued_names_are_known(text: str, expected: str) -> None:
    findings = scan([Leaf(text)], Options(ner=False)).findings[0]
    assert [text[one.start : one.end] for one in findings] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "function rotateToken(token: string): Promise<void> {",
        "Contact Name,Mobile,E-mail,Account ID",
        "Bank details (BIC COBADEFFXXX), ref 12",
        "0012 3 of 00 and 00 12",
        "login export\n2026-07-19T10:07:39Z",
    ],
)
def test_types_headers_and_codes_of_banks_are_nobody(text: str) -> None:
    assert scan([Leaf(text)], Options(ner=False)).findings == ((),)
