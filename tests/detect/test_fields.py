"""What names of fields say of their values: those of schemas that are in use, and those that only sound like them."""

import pytest

from mcp_gate.detect.fields import NAME, WEAK, entity_of, words_of

HOLDS = {
    "PERSON": "givenName last_nm cardholder_name customer.first patient.name.family nameOnCard vorname",
    "EMAIL_ADDRESS": "email customerEmailAddress e-mail emails.value userPrincipalName emails.0 correo_electronico",
    "PHONE_NUMBER": "phone HomePhone telephonenumber faxNo msisdn contact_number handynummer téléphone",
    "ADDRESS": "address addressLine1 MailingStreet homePostalAddress addresses.formatted Straße",
    "DATE_OF_BIRTH": "dob birthDate date-of-birth BDAY patientDOB Geburtsdatum fecha_nacimiento",
    "US_SSN": "ssn SSN_NO socialSecurityNumber ssn_last4",
    "CREDIT_CARD": "cardNumber cc_no pan ccnum payment.card.number",
    "BANK_ACCOUNT": "accountNumber acct_no routing_number sortCode",
    "PASSPORT": "passport passport.number travelDocumentNumber",
    "DRIVER_LICENSE": "driversLicense licenceNo dl_number",
    "MEDICAL_RECORD": "mrn medicalRecordNumber patient_id",
    "NATIONAL_ID": "nationalId TaxId__c aadhaarNumber employee.tax_number codiceFiscale",
    "IP_ADDRESS": "ip client_ip x_forwarded_for lastLoginIp",
    "PASSWORD": "password DB_PASSWORD adminPass userPwd",
    "API_KEY": "apiKey refresh_token AWS_SECRET_ACCESS_KEY set-cookie authorization",
}
HOLDS_NOT = (
    "email_template emailVerified email_count phone_type phone_count address_id mac_address ip_range card_type card_id "
    "account_id account_type token_count max_tokens next_page_token password_policy password_changed_at passwordless "
    "is_password_set secret_name primary_key public_key passport_required license license_url "
    "birth_year_range pan_zoom "
    "span company hostname file_name product_name event_name driver_version timeline online status title count user_id"
)


@pytest.mark.parametrize(
    ("entity", "name"), [(entity, name) for entity, names in HOLDS.items() for name in names.split()]
)
def test_a_name_tells_the_entity(entity: str, name: str) -> None:
    assert entity_of(tuple(name.split("."))) == entity


@pytest.mark.parametrize("name", HOLDS_NOT.split())
def test_what_the_last_word_does_not_say_is_not_held(name: str) -> None:
    assert entity_of((name,)) is None


def test_a_bare_name_is_a_persons_if_what_is_above_it_is() -> None:
    assert entity_of(("customer", "name")) == "PERSON"
    assert entity_of(("name",)) == NAME
    assert entity_of(("cluster", "name")) == NAME
    assert entity_of(("assignedTo",)) == WEAK


def test_words_that_were_run_together_are_taken_apart() -> None:
    assert words_of("homePostalAddress") == ("home", "postal", "address")
    assert words_of("telephonenumber")[-1] == "number"
    assert words_of("panel") == ("panel",)
