"""Which names of fields hold which entity: patterns over words in small letters, one space between them."""

from __future__ import annotations

import re
from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def any_of(text: str) -> str:
    """A pattern for any of the lines of a text."""
    return f"(?:{'|'.join(line.strip() for line in text.strip().splitlines())})"


def not_after(text: str) -> str:
    """A pattern for a place that none of some words stands before."""
    return "".join(f"(?<!{word} )" for word in text.split())


FILLERS: Final = words(
    "value values text raw full formatted plain str string input field data content primary secondary main default "
    "current new old previous original home work private business office personal mobile other us uk "
    "display unmasked decrypted confirm confirmation repeat again 1 2 3 4 line last4 a b list array item items "
    "payload cleartext plaintext verbatim last four digits"
)
"""Words that say nothing of their own at the end of a name: what stands before them counts."""
NUMBER: Final = r"(?: (?:number|numbers|no|num|nr|nbr|id|ids|identifier|code|digits))?"
PERSONS: Final = any_of(r"""
    person|people|customer|client|user|patient|employee|author|committer|applicant|contact|member|holder|owner|actor
    passenger|guest|recipient|sender|beneficiary|payee|payer|cardholder|insured|insurant|subscriber|student|teacher
    doctor|physician|nurse|provider|manager|assistant|supervisor|signer|signatory|buyer|seller|tenant|landlord
    borrower|lender|debtor|creditor|donor|voter|attendee|participant|assignee|reporter|reviewer|approver|creator
    editor|requester|requestor|submitter|caller|callee|speaker|candidate|witness|guardian|parent|mother|mothers
    father|fathers|spouse|partner|husband|wife|child|son|daughter|kin|driver|rider|courier|resident|citizen|consignee
    shipper|agent|lead|prospect|staff|officer|director|ceo|representative|rep|billing|shipping|delivery|to|from|by
    attending|surgeon|clinician|therapist|counsel|attorney|lawyer|judge|notary|accountant|auditor|inspector|instructor
    renter|lessee|lessor|guarantor|claimant|petitioner|respondent|appellant|pupil|originator|coach|trainer|mentor|tutor|organizer|organiser|invitee|treasurer|interviewer|caseworker|adjuster|underwriter|realtor
    emergency|individual|human|nominee|heir|trustee|plaintiff|defendant|victim|player|artist|addressee
    kunde|mitarbeiter|inhaber|empfanger|titulaire|titular|intestatario|paziente|cliente
""")
KINDS: Final = any_of(r"""
    first|last|given|family|middle|full|legal|maiden|nick|preferred|formatted|additional|birth|screen|complete|real
    christian|known|second|alternate|alias|display
""")
NOT_SECRET: Final = not_after(
    "page next continuation sync cursor prev previous pagination cancellation stop eos bos pad"
)
NOT_POSTAL: Final = not_after(
    "mac ip mail url web http bind listen memory base wallet contract eth btc bitcoin server host hardware remote "
    "socket service network node bus register start pod token"
)
NOT_HOST: Final = not_after(
    "host pod cluster node bind listen server gateway private internal local service dns balancer vip dest dst "
    "destination target external public elastic nat"
)
BY: Final = (
    "(?:signed|prepared|reviewed|approved|requested|reported|uploaded|created|updated|modified|authored|written|sent|"
    "submitted|opened|closed|committed|merged) by"
)
RULES: Final[dict[str, str]] = {
    "PASSWORD": any_of(r"""
        pass|passwords?|passwd|passwort|kennwort|pwd|passphrase|passcode|contrasena|senha|wachtwoord|mot de passe
        pin code|pin
    """),
    "CONNECTION_STRING": any_of(r"""
        connection (?:string|uri|url)|conn str|dsn
        (?:database|db|redis|mongo|mongodb|postgres|mysql|amqp|broker) (?:url|uri|dsn)
    """),
    "PRIVATE_KEY": any_of(r"""
        private key(?: pem)?|ssh key|pem key
    """),
    "API_KEY": any_of(rf"""
        {NOT_SECRET}token|secrets?|api ?key|apikey|bearer|jwt|credentials?|creds|auth|cookies?
        (?:api|secret|access|signing|signature|encryption|decryption|auth|authentication|master|shared) keys?(?: id)?
        (?:service|account|license|webhook|hmac|aes|session|deploy|server|client|app|application) keys?(?: id)?
        (?:consumer|subscription|admin|root|bot|rest|integration|aws|azure|gcp|google|github|gitlab) keys?(?: id)?
        (?:stripe|openai|anthropic|slack|twilio|sendgrid|mailgun|datadog|heroku|storage|sas) keys?(?: id)?
        authori[sz]ation|proxy authorization
    """),
    "US_SSN": any_of(r"""
        ssns?(?: number| no| num| nr)?|social security(?: number| no| num)?|social(?: number| no)?
        soc sec(?: number| no)?|itin|sin number
        social insurance(?: number| no)?
    """),
    "CREDIT_CARD": any_of(r"""
        (?:credit |debit |bank |payment |gift |charge )?card(?: account)? (?:number|no|num|nr|pan|digits)
        (?:credit|debit) cards?|cc(?: ?(?:number|no|num|nr))?|ccn|pan(?: number)?|primary account number
        kreditkarten? ?(?:nummer|nr)?|cvv2?|cvc2?|card (?:security|verification) code
    """),
    "IBAN_CODE": any_of(r"""
        iban(?: number| code| no)?
    """),
    "BANK_ACCOUNT": any_of(r"""
        (?:deposit|payout|settlement|debit|giro|originator|beneficiary|recipient|payee|payer|sender) (?:account|acct)
        (?:receiver|creditor|debtor) (?:account|acct)
        bank|bank (?:account|acct)(?: number| no| num| nr)?
        (?:account|acct|acc|acnt|checking|savings) (?:number|no|num|nr|nbr)
        (?:routing|aba|transit|rtn)(?: transit)? (?:number|no|num|code)|aba|routing|sort code|bsb(?: number| code)?
        konto ?(?:nummer|nr)|rekening ?nummer|numero (?:de )?(?:compte|cuenta|conto)
    """),
    "DATE_OF_BIRTH": any_of(r"""
        dob(?: date)?|d o b|(?:date|day|year) of birth(?: date)?|birth ?(?:date|day)|birthdays?|bday|born(?: on| at)?
        birth dt|geb(?: dat(?:um)?)?|geboren(?: am)?
        birth|geburts ?(?:datum|tag)|date (?:de )?naissance|fecha (?:de )?nacimiento|data (?:di )?nascita
        data (?:de )?nascimento|geboorte ?datum|data urodzenia|fodselsdato|fodelsedatum|syntymaaika|dogum tarihi
    """),
    "PASSPORT": any_of(rf"""
        passports?{NUMBER}|travel doc(?:ument)?{NUMBER}|reise ?pass(?: ?nummer| nr)?|passeport
        numero (?:de )?(?:pasaporte|passeport|passaporto)
    """),
    "DRIVER_LICENSE": any_of(rf"""
        (?:drivers?|driver s|driving|dr|operators?) (?:licen[cs]e|lic|permit){NUMBER}|licen[cs]e (?:number|no|num|nr)
        dl(?: (?:number|no|num|nr|id))?|dln|fuhrerschein(?: ?nummer| nr)?|permis (?:de )?conduire|rijbewijs(?: ?nummer)?
        patente (?:di )?guida
    """),
    "MEDICAL_RECORD": any_of(r"""
        mrn(?: number| no| num| id)?
        (?:medical|health|patient|hospital|clinic) (?:record|chart|file|account)(?: number| no| num| nr| id)?
        (?:patient|chart|medicare|medicaid|mbi|beneficiary|subscriber) (?:number|no|num|nr|id|identifier)
        (?:insurance member|health plan|health insurance|insurance policy) (?:number|no|num|nr|id|identifier)
    """),
    "NATIONAL_ID": any_of(r"""
        (?:tax|taxpayer|fiscal|vat|identity|identification|personal|citizen|government|govt?|civil|voter) IDENTIFIER
        (?:nat|national)(?: identity| identification| insurance)? IDENTIFIER|(?:tax payer|tax identification) IDENTIFIER
        (?:resident|residence|insurance|tax file|emirates|nhs|foreigner|alien|electoral) IDENTIFIER
        (?:social|employer identification|passport card) IDENTIFIER|id (?:number|no|num|nr|card|document)(?: number)?
        ni ?no|national (?:insurance|identity)|nric|fin number|hkid|aadhaar(?: number| no)?|aadhar|uidai|pan card
        cpf|cnpj|nid|national
        nif|nie|dni|nit|pesel|bsn|nhs|tfn|curp|rut|rfc|cedula|tin|ein|inn|snils|oib|jmbg|egn|cnp|hetu
        person ?nummer|personnummer|ausweis ?(?:nummer|nr)|personalausweis|steuer ?(?:id|nummer|nr)
        sozial ?versicherungs ?(?:nummer|nr)|codice fiscale|numero (?:de )?(?:identidad|securite sociale)
        ahv(?: nummer| nr)?|avs|svnr|sv nummer|cpr(?: nummer| nr)?|rijksregister ?nummer|tckn|tc kimlik(?: no)?
        fodsels ?nummer|henkilo ?tunnus|rodne cislo|cuil|cuit|partita iva|numero (?:de )?(?:secu|cpf|dni)
        secu|insee|nir|iqama|my ?number|rrn|resident registration(?: number)?
    """).replace(" IDENTIFIER", " (?:ids?|number|no|num|nr|code|card|identifier|card number|id number|card no)"),
    "EMAIL_ADDRESS": any_of(r"""
        e ?mails?|mails?|mail ?box|(?:e ?)?mail (?:address(?:es)?|id|addr)|upn|user principal name
        correo(?: electronico)?|courriel|indirizzo e ?mail
    """),
    "IP_ADDRESS": any_of(rf"""
        {NOT_HOST}(?:ips?|ip ?v?[46]?(?: ?(?:address(?:es)?|addr))?)|x forwarded for|x real ip|forwarded for
        (?:remote|client|source|src|peer|visitor|origin|caller) (?:ip|addr|address|host ip)
    """),
    "PHONE_NUMBER": any_of(r"""
        (?:(?:tele|cell|mobile|home|work|smart) ?)?phones?(?: (?:numbers?|no|num|nr))?|tel(?: (?:number|no|nr))?
        mobiles?(?: (?:number|no|num|nr))?|cell(?: (?:number|no))?|(?:tele)?fax(?:es)?(?: (?:number|no|num))?
        pagers?(?: (?:number|no))?
        contact (?:number|no|num)|msisdn|whats ?app(?: number)?|sms(?: number)?|signal number|call ?back(?: number)?
        telefon(?: ?nummer| nr)?|telefoon(?: ?nummer)?|telefone?|telefono|handy(?: ?nummer| nr)?|mobil(?: ?nummer)?
        celular|cellulare|portable|movil|mobiel|matkapuhelin|puhelin|komorka|numer telefonu|rufnummer
        (?:direct )?dial|gsm|(?:direct|main) line|dial ?in number|phone ?line
    """),
    "ADDRESS": any_of(rf"""
        {NOT_POSTAL}(?:address(?:es)?|addr|adr|address lines?)|streets?(?: (?:address|name|line))?|lines?|residence
        domicile|adresse|anschrift|strasse|rue|calle|direccion|indirizzo|via|endereco|rua|adres|straat|po box
        (?:liefer|rechnungs|wohn|privat|haupt|versand)(?: ?adresse|anschrift)|bezorg ?adres|adresa|adres zamieszkania
        deliver to|ship to|bill to|mailing|place of residence
    """),
    "PERSON": any_of(rf"""
        {KINDS} names?|{PERSONS}s? (?:{KINDS} )?names?|(?:first|last|fore|sur|full|nick|given|family|middle)names?
        (?:fore|sur) names?|name on (?:card|account)|cn|sn|gn|fn|[lfm]name|vorname|nachname|familienname|prenom
        nom(?: de famille)?|apellidos?|nombres?|cognome|sobrenome|voornaam|achternaam|nom complet|username full
        assigned to|signatory|signatories|payee|payer|beneficiary|cardholder|(?:account )?holder|passengers?|assignee
        imie|nazwisko|imie i nazwisko|fornamn|efternamn|fornavn|etternavn|efternavn|etunimi|sukunimi|jmeno|prijmeni
        nome completo|nombre completo|nombre y apellidos|primer apellido|segundo apellido|primer nombre|ragione sociale
        nome|naam|navn|namn|ansprechpartner(?:in)?|(?:konto|karten) ?inhaber(?:in)?|ad ?soyad|adi soyadi
        counter ?party|debitor|addressee|contact person|attn|attention|next of kin|undersigned|{BY}|author|reporter
        owner|recipient|attendees?|participants?
    """),
}  # fmt: skip
WEAK_PERSON: Final = re.compile(
    rf"(?:^|.* )(?:display names?|assigned to|{BY}|"
    r"author|reporter|owner|recipient|holder|assignee|attn|attendees?|participants?|"
    r"cn|sn|gn|fn|nom|nombres?|nome|naam|navn|namn|ragione sociale|counter ?party|to|from|by)"
)
"""These hold a name at times, and at times an id or a login."""
HUMAN: Final = frozenset(
    {"EMAIL_ADDRESS", "PHONE_NUMBER", "DATE_OF_BIRTH", "US_SSN", "PASSPORT", "NATIONAL_ID", "ADDRESS", "CREDIT_CARD"}
)
"""What has these beside it is a person, and its `name` a person's."""
PARTS_OF_NAMES: Final = words("family given first last middle surname")
GENERIC: Final = words("number no num nr id code address name account card date")
"""What these are of, the field around them says."""
PERSON_FIELDS: Final = frozenset(re.findall(r"[a-z]+", PERSONS)) - words(
    "to from by lead agent billing shipping delivery driver client provider player parent child emergency prospect "
    "editor rep"
)
"""A field named so may hold the name of one,"""
NOT_WHOM: Final = words("team group company organization organisation service application type status role event node")
"""but not with one of these before."""
VOCABULARY: Final = (
    frozenset(
        word
        for pattern in (*RULES.values(), *FILLERS)
        for word in re.findall(r"[a-z]{3,}", re.sub(r"\(\?<!.*?\)|\[.*?\]", " ", pattern))
    )
    - words(
        "ids pin via rue rua nit nie tin ein inn son ips part cell list app rep lead bot rest nir egn fin adr nat nom"
    )
) | words("id no nr pg db cc ip number licence drivers num user admin root principal mysql")
"""Names that are written in one word are made of these."""
