"""Names with values inside a text."""

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str, *keys: str) -> list[tuple[str, str]]:
    """Entity and value of each finding in one leaf."""
    findings = scan([Leaf(text, keys)], Options(ner=False)).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


def test_what_stands_for_a_key_in_a_program_is_none() -> None:
    for code in (
        "token = node.token", "def close(token: Token[Context]) -> None:", "cookies: CookieTypes | None = None,",
        "auth: httpx2.Auth", "token = tokens[index]", "token = state.tokens[delim.token].content",
    ):  # fmt: skip
        assert found(code) == []
    for key in ("qWeRtYuIoPaS", "abc123.def456.ghi789", "yZL6LtXkOA"):
        assert found(f"token = {key}") == [("API_KEY", key)]
    assert found("node.tokens", "api_key") == [("API_KEY", "node.tokens")]


def test_a_password_with_angle_brackets_is_one() -> None:
    for said in ('password="{}"', "password: {}", '{{"password": "{}"}} and so on', "db.password = '{}'"):
        assert found(said.format("correct<horse>9")) == [("PASSWORD", "correct<horse>9")]
    assert found("correct<horse>9", "password") == [("PASSWORD", "correct<horse>9")]
    assert found("Map<String, String> password = new HashMap<>(); password: Optional<String>") == []
    assert found('"password": "<yours>"') == []


def test_labels_may_be_bold() -> None:
    assert found("**Customer:** Emanuele Colombo\n**Owner**: Rafael Siqueira") == [
        ("PERSON", "Emanuele Colombo"),
        ("PERSON", "Rafael Siqueira"),
    ]
