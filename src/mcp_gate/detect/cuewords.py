"""Words that tell what stands near them; parts of the patterns of `triggers`, so for bytes and for both its engines."""

from __future__ import annotations

from typing import Final


def _words(text: str, *, any_case: bool = True) -> str:
    """A pattern for whole words and phrases; `_` is a space, or what stands for one in names."""
    phrases = "|".join(text.split()).replace("_", "[ _-]?")
    return rf"(?i)\b(?:{phrases})\b" if any_case else rf"\b(?:{phrases})\b"


def _each(text: str, *, gap: str = " ") -> tuple[str, ...]:
    """Words and phrases as patterns of their own; `_` is a gap."""
    return tuple(each.replace("_", gap) for each in text.split())


FIELDS: Final = _each(
    "name nm nom first last given family mail phone tele mobil cell fax ssn social passport pass licen[cs]e birth born "
    "dob bday address adress addr street stra iban account acct routing sort.?code card pan cc ccn cvv cvc pwd "
    "datum bank wort secret token key auth "
    "bearer cookie cred mrn patient chart medic nhs tax steuer nummer national ident nino aadha cpf nif dni tin id ip "
    "ip_?v[46] holder owner author payee benefic passenger assign assignee attendee sign by to customer employee "
    "applicant recipient contact user member person line residence "
    "number no value full text jwt dsn url string msisdn whatsapp curp rut "
    "answer answers question label attribute fiscal vat sn cn correo apellido nombre direcc cognome fecha data "
    "columns headers fields fn nascita naiss geburt anschrift konto client nome imie nazwisko naam navn namn soyad "
    "inhaber partner cellulare puhelin",
    gap="_",
)
"""What names of fields worth a look end with,"""
FIELD_ENDS: Final = "s|es|__c|_?[0-9]|_?(?:no|id|num|nbr|last4|value|text|on|at|code|line|name|string|plain|raw)"
"""and what may come after that."""

PHONE: Final = _words(
    "phones? telephone tel mobile mob ph cell cell_?phone fax call calling called calls reach text texted sms "
    "whats_?app dial contact answering ring rang hotline desk office landline ext callback pager handy telefon "
    "telefono phone_number numbers? voicemail num.ro n.mero messages? telefone celular movil mobil "
    "cellulare r.ckfragen erreichbar erreichen anrufen llamar llamar.?a?.?mos ll.m[ae][mn]?[eo]? joindre appeler "
    "appelez chiamare chiam[ai] ligar ligue bellen bel contatto kontakt contacto rappeler "
    "(?:handy|mobil|telefon|ruf)-?(?:nummer|nr) gsm durchwahl numer_telefonu telefonu zadzwo. fon tlf tfno t.l.phone"
)
SSN: Final = _words("ssns? social social_security(?:_(?:number|no))? itin sin soc_sec w_2")
BIRTH: Final = _words(
    "dob born birth birthday birthdate birth_date d\\.o\\.b geboren geb nacid[oa] nascid[oa] "
    "f(?:echa)?\\.?_nac nat[oa] bday "
    "geburtsdatum geburtstag naissance nacimiento nascita nascimento "
    "geboortedatum geboren_op urodzenia urodzony f.dselsdato "
    "f.delsedatum f.dd n\\?e n\\?e?(?:\\(e\\))?_le"
)
PASSPORT: Final = _words(
    "passports? passport_(?:number|no) reisepass pasaporte passeport passaporto travel_document "
    "passnummer reisepass(?:nummer|-nr) paspoort(?:nummer)? paszport pasnummer "
    "(?:personal)?ausweis(?:nummer|-nr)?"
)
LICENSE: Final = _words(
    "(?:driver|drivers|driver's|driver.s|driving|operator.s)_licen[cs]es? licen[cs]e licen[cs]e_(?:number|no|id) "
    "(?:my|your|his|her|their|the_driver)_licen[cs]e dl dln "
    "f.hrerschein(?:nummer|-nr)? permis driving_permit rijbewijs(?:nummer)? patente carnet_de_conducir "
    "permiso_de_conducir prawo_jazdy k.rkort"
)
MEDICAL: Final = _words(
    "mrn mrns medical_records? (?:patient|chart|hospital|health_card|medicare|health_insurance|insurance|"
    "health_plan|member)_(?:id|no|number|num) health_record "
    "medical_record_(?:number|no) patient versicherten(?:nummer|-nr) "
    "krankenversicherten(?:nummer|-nr) kv-nr kvnr krankenkassennummer patienten(?:nummer|-nr) "
    "historia_cl.nica n\\.?h\\.?c cartella_clinica prontu.rio dossier_m.dical patientnummer pati.ntnummer "
    "journalnummer nummer_dossier numer_kartoteki uhid hosp\\.?_no krankenakte"
)
BANK: Final = _words(
    "account acct accounts account_(?:number|no|num) acct_(?:number|no) a/c routing routing_(?:number|no) sort_code "
    "direct_deposit bank_account checking savings bsb aba konto konto(?:nummer|nr) "
    "rekeningnummer num.ro_de_compte n.mero_de_cuenta cuenta_bancaria numero_di_conto"
)
NATIONAL: Final = _words(
    "national_id national_insurance(?:_(?:number|no))? nino ni_number nhs(?:_number)? aadhaar aadhar uidai pan_card "
    "pan tax_(?:id|number|no|"
    "file_number) tax_identification_number taxpayer_id tfn cpf cnpj nif nie dni nric fin pesel bsn "
    "curp rfc rut nit hkid snils tin ein codice_fiscale steuer_id steuernummer personnummer identity_(?:card|"
    "number|document) "
    "id_(?:number|no|"
    "card) identification_number national_identification_number vat citizen_id medicare voter_id cedula "
    "ahv(?:-?nr|_nummer)? avs svnr sozialversicherungs(?:nummer|nr) cpr(?:-?nr|-nummer)? rijksregister(?:nummer)? "
    "bsn-nummer henkil.tunnus tc_kimlik kimlik_no tckn f.dselsnummer personnr personbeteckning "
    "num.ro_de_s.curit._sociale rodn._.?.slo cuil cuit id_no sa\\sid citizen_service_number "
    "s[?]cu government_id s.curit._sociale securite_sociale personal_(?:number|code|"
    "id) oib jmbg egn cnp insee taxpayer_identification_number"
)
CARD: Final = _words("cards? cc visa mastercard master_card amex american_express pan credit debit discover maestro")

ALONE_NOBODY: Final = (
    "caller callee requester requestor submitter donor borrower lender debtor creditor voter participant creator "
    "approver reviewer signer signatory buyer seller landlord landlady teacher professor tutor trainee intern "
    "accountant lawyer attorney solicitor notary dentist therapist surgeon psychologist pharmacist midwife "
    "cardiologist paediatrician pediatrician radiologist advisor adviser coach realtor babysitter nanny neighbour "
    "neighbor roommate flatmate boss supervisor coworker co-worker classmate fiance fiancee girlfriend boyfriend aunt "
    "uncle cousin niece nephew grandmother grandfather grandson granddaughter widow courier contractor electrician "
    "plumber inspector investigator detective judge senator mayor minister journalist caretaker custodian trustee "
    "executor heir nominee complainant respondent claimant appellant suspect victim policyholder resident traveller "
    "traveler visitor attendee delegate panelist organizer organiser moderator interviewer interviewee referee "
    "mentor mentee actor actress singer ex-wife ex-husband stepson stepdaughter secretary treasurer chairman "
    "chairwoman chairperson principal dean headmaster sergeant captain lieutenant colonel"
)
"""Words for people behind which a name of one word is often something else's."""
_DONE: Final = _each(
    "handled seen treated examined led chaired hosted presented submitted filed raised logged edited posted sent paid "
    "witnessed verified interviewed booked ordered uploaded modified updated changed assigned reassigned escalated "
    "delegated issued granted registered checked drafted owned maintained received collected"
)

TITLES: Final = _each(
    "[Mm]r [Mm]rs [Mm]s [Mm]iss [Dd]r [Pp]rof Herrn? Frau Madame Monsieur Se.ora? Signora? Mme Sr Sra Sig Mx Sir Lady "
    "se.or(?:a|ita)? signor[ae]? M\\. Mlle Dhr Mevr Mw Don Do.a"
)
"""Words that a name may follow, with a full stop or without one; `people` looks at what really does."""
GREETINGS: Final = _each(
    "[Tt]ake_care Love See_you Talk_soon Xoxo All_the_best Many_thanks Gru[?]_an Gr[?]{1,2}e_an "
    "Bien_.{1,2}_vous A_presto A_dopo Abra.os Beijos Groetjes Amicalement Bises Bisous Bis_bald Bis_dann "
    "Hasta_luego Hasta_pronto Tot_snel Tot_straks Tot_ziens Kram Terveisin Serdecznie Z_powa.aniem Pozdrowienia "
    "S_pozdravem "
    "Grazie Merci Gracias Obrigad[oa] Tack Takk Tak Danke Kiitos Bedankt Dank Dank_u D[?]kuji Hugs "
    "Hej Ciao Ol[?] Oi Szia Ahoj Moi Hei Salut Merhaba Servus Moin Gr[?]ezi "
    "[Uu]n_saludo [Aa]brazo [Hh]artelijk [Mm]vh MfG VG LG BR Liefs Mvg [Ww]armly [Rr]espectfully [Cc]ordially "
    "[Hh]appy_birthday [Cc]ongratulations [Cc]ongrats "
    "[Dd]ear DEAR [Hh]i [Hh]ello Hey Hallo Bonjour Hola Lieber? [Rr]egards [Bb]est [Tt]hanks [Tt]hank_you [Cc]heers "
    "[Ss]incerely [Ww]ishes Yours Yours_truly Yours_faithfully Gr\\?\\?en? Gr.ssen? Gruss Cordialement Saludos "
    "Estimad[oa] Querid[oa] Gentile Car[oa] Geachte Beste Prezad[oa] Ch.re? Liebe Atentamente Atenciosamente "
    "[Gg]roet(?:en)? saluti [Hh].lsning(?:ar)? [Hh]ilsen Pozdrawiam"
)
ROLES: Final = (
    _each(
        "my_name_is name_is names?_on_(?:the_)?account_is names?_on_(?:the_)?card(?:_is)? belongs_to this_is i_am "
        "i['?]{1,3}m named name full_name name_as_printed "
        "names?_on_(?:the_)?(?:passport|ticket|id|licen[cs]e|booking|invoice) holder_is signed_by written_by "
        "reported_by requested_by approved_by prepared_by created_by signed_off_by signed-off-by reviewed-by "
        "co-authored-by reported-by authored_by on_behalf_of account_holder card_?holder policy_?holder @?authors? "
        "owners? passengers? patients? customers? clients? employees? applicants? users? attention attn contact "
        "recipients? beneficiary payee tenants? candidates? managers? colleagues? students? members? subscribers? "
        "nurse doctor physician spouse wife husband mother father brother sister son daughter friend guardian "
        "witness defendant plaintiff attendees participants invitees speakers assigned_to assignee reporter speaker "
        "guests? insured from: to: cc: bcc: reply-to: sender: page ping invite remind nudge notify inform thank add "
        "email message call called ask tell told met meet with by agent operator technician todo fixme maintainer "
        "ceo cto cfo director president gave reached asked supervised rang knows booked_for forward(?:ed)?_calls_to "
        "home_of seen_by looking_for talk(?:ed|ing)?_to sp(?:ea|o)k(?:e|en|ing)?_to emergency_contact next_of_kin "
        "kund(?:e|in) nombre nom (?:konto|karten)inhaber(?:in)? patientin patiente ansprechpartner(?:in)? titulaire "
        "titular intestatario cliente klant ship_to bill_to sold_to deliver_to (?:name|nome|nombre)_(?:ist|[?]{1,2}) "
        "je_suis sono ich_bin soy eu_sou ik_ben jag_heter jeg_heter jeg_hedder mitt_namn_[?]{1,2}r ask_for cc "
        "doctor's_note_for a_nombre_de en_nombre_de in_the_name_of under_the_name_of im_namen_von au_nom_de "
        "a_nome_di em_nome_de namens m.appelle me_llamo mi_chiamo ich_hei?.e me_chamo "
        "(?:emergency_contact|appointment|reservation|booking|prescription|referral|discharge_summary|lab_results|"
        "medical_records?|payslip|background_check|badge|insurance|screening|biopsy|x-ray)_(?:for|of) "
        "(?:customer|client|patient|passenger|employee|applicant|tenant|guest|holder|owner|driver|buyer|seller|"
        "caller|contact|candidate|student|member|victim|suspect|witness|beneficiary|payee|insured|policy_?holder|"
        "manager|nurse)s?_(?:is|was|are|were|named|called)"
    )
    + _each(ALONE_NOBODY)
    + tuple(f"{each} (?:to|by|from|for|with)" for each in _DONE)
)
"""The same, in any case."""
SPEECH: Final = (
    _each(
        "said says wrote writes called calls asked asks told wants wanted replied confirmed reported requested changed "
        "moved mentioned complained explained signed paid emailed e-mailed lives works lost needs phoned texted joined "
        "left visited applied approved rejected ordered booked bought received uploaded submitted created updated "
        "commented opened closed assigned reviewed merged committed "
        "resigned retired died married forgot apologi[sz]ed promised thanked emails phoned insisted thinks believes "
        "prefers lived worked joins graduated"
    )
    + tuple(
        f"{auxiliary} {verb}"
        for auxiliary in ("was", "is", "has been", "will be")
        for verb in _each("born diagnosed admitted discharged hired promoted fired married out away sick absent")
    )
    + (
        "has (?:asked|requested|confirmed|reported|signed|paid|left|joined|moved|resigned|agreed|called|approved)",
        "will (?:join|cover|call|attend|lead|present|review|take over|pick up|be joining|be on)",
        "is (?:on leave|on vacation|on call|on holiday|off sick|out of)",
        "covers (?:for|the|on)",
        "is (?:doing|happy|sorry|sure|late|at the|in the office)",
        "is out until",
        "was (?:punctual|late|great|kind|rude|here)",
        "(?:will|can) (?:send|bring|come|do|check|handle|help|pick)",
        "from (?:accounting|accounts|sales|hr|legal|finance|marketing|support|engineering|ops|payroll|billing)",
        "at (?:the (?:front )?desk|the counter|reception|the front)",
        "prefers",
        "(?:broke|fixed|merged|found|knows|suggested) (?:the|it|that|a|this)",
    )
)
STAMPS: Final = (
    r"[A-Z?][a-z?.'-]{1,20} here[.,!]",
    r"\([A-Z?][A-Za-z?.' -]{3,40} \d{4}-\d\d-\d\d",
    r"[A-Z?][a-z?.'-]{1,20} {1,2}[\[(]\d{1,2}:\d\d",
    r"\d(?: ?[AP]M)?(?:\]| -) [A-Z?][A-Za-z?.'-]{1,20} (?:[A-Za-z?.'-]{1,20} ){0,2}[A-Z?][A-Za-z?.'-]{1,20}:",
    r"[A-Z?][a-z?.'-]{1,20} \((?:DOB|MRN|SSN)",
    r"[A-Z?][a-z?'-]{1,20}: (?:[a-zA-Z,]{1,10} ){0,4}(?:I|I['?]{1,3}(?:m|ve|ll|d)|[Mm]y|me)[ ,.]",
    r"[A-Z?][a-z?.'-]{1,20}(?:, | \()\d{1,3} (?:sec|min|hour|day|week|month|year)",
    r"[A-Z?][a-z?.'-]{1,20}, \d{4}-\d\d-\d\d[:)]",
    r"[a-z?.]\* {1,3}\d{1,2}:\d\d",
    r"[A-Z?][a-z?-]{1,20}'s (?:idea|fault|birthday|laptop|desk|calendar|mother|father|wife|husband|son|daughter|inbox"
    r"|badge|contract|salary|proposal|suggestion|turn)",
    r"[A-Z?][a-z?.'-]{1,20}(?:,|,? \(|,) ?(?:born|geb\.|geboren|nacid[oa]|nat[oa])",
)
"""Times behind the names of who wrote something, and what is said of births."""
STREETS: Final = (
    r" (?:[Ss]treet|STREET|St|ST|[Aa]venue|AVENUE|Ave|AVE|[Rr]oad|ROAD|Rd|RD|[Ll]ane|LANE|Ln|LN|Blvd|[Bb]oulevard|"
    r"[Dd]rive|DRIVE|Dr|DR|Court|Ct|Way|WAY|Place|Pl|Square|Sq|Terrace|Ter|Row|Close|Crescent|Cres|Parkway|Pkwy|"
    r"Highway|Hwy|"
    r"Circle|Cir|Trail|Trl|Loop|Alley|Gardens|Grove|Hill|Mews|Walk|Pike|Plaza|Broadway|Quay|Wharf|Rise|Vale|Park|"
    r"Heights|Estate)\b"
    r"|(?:gracht|kade|singel|dijk|hof|dreef|steeg|markt|wal|steig|pfad|graben|chaussee|promenade|berg|v[a?]gen|"
    r"gr[a?]nd|stigen|vei|veg|torv|torg|katu|tie|polku|utca|kai|winkel|wiese|feld|tor|bogen|zeile|br\?cke)"
    r" \d{1,4} ?[a-z]?,? \d{3}"
    r"|, [A-Z][a-z]{2,20} ?-? ?[1-8]\d{5}\b"
    r"|(?:stra\?e|strasse|str\.|weg|allee|platz|gasse|ring|damm|ufer|laan|straat|plein|gatan|gata|vej|veien|gade|"
    r"Stra\?e|Strasse|Weg|Allee|Platz|Gasse|Ring|Str\.) \d"
    r"|(?:[Rr]ue|[Aa]ll\?e|[Cc]ours|[Rr]oute|[Cc]alle|[Vv]ia(?:le)?|[Pp]iazza|[Cc]orso|[Rr]ua|[Aa]venida|[Pp]laza|[Pp]aseo|[Cc]arrer|[Uu]lica|"
    r"[Uu]l\.|[Qq]uai|"
    r"[Cc]hemin|\d ?(?:bis |ter )?,? ?place|[Ii]mpasse|[Aa]venue|[Bb]oulevard|C/) ?[A-Zdl?]"
    r"|(?:Am|An de[rn]|Im|In de[rn]|Auf de[rm]|Zu[mr]|Unter den) [A-Z?][A-Za-z? ]{2,28} \d{1,4}[a-z]?, \d"
    r"|[Bb]ox \d| [A-Z]{2} \d{5}|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b"
)
