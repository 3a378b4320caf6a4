"""Words with a capital letter that are nobody's name, and what follows the names of firms."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = """
The This That These Those There Then They He She It We You I Our Your His Her Its My Me Us A An And Or But If In On
At To From For Of By With As Is Are Was Were Be Been Has Have Had Do Does Did Not No Yes Can Could May Might Must
Shall Should Will Would Please Thanks Thank Hi Hello Dear Regards Best Subject Date Re Fwd Cc Note Notes Use Set Get
Add New All Any Each When Where Which Who What Why How Error Warning Info Debug Trace INFO WARN WARNING ERROR DEBUG
TRACE FATAL GET POST PUT DELETE PATCH HEAD OPTIONS HTTP HTTPS URL API JSON XML HTML SQL UTC GMT True False None Null
TODO FIXME NOTE Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August
September October November December Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec Mr Mrs
Ms Dr Prof Secret Token Key Name User Users Admin Root Service Server Client Customer Order Invoice Total Payment
Card Account Number Phone Mobile Email Mail Address Street City State Country Road Avenue Apt Suite Unit Box Desk
Office Meeting Release Version Build Ticket Issue Bug Fix Commit Merge Branch Test Tests Status Type Kind Value Data
File Sweden Norway Denmark Finland Iceland Germany France Spain Italy Austria Switzerland Poland Hungary Greece
Cyprus Turkey England Scotland Ireland Britain Europe America Africa Asia Australia Canada Mexico Brazil India China
Kafka Django Jenkins Redis Gradle Maven Ansible Grafana Values Gaussian Fourier
Ort Sprint Backlog Lorem Ipsum Bearer Basic BIC SWIFT TEL FAX Gecko Mozilla Kimlik Savings
Japan Korea Russia Ukraine Portugal Belgium Netherlands Tunisia Uruguay
American British English Scottish Irish Welsh French German Italian Spanish Portuguese Dutch Belgian Swiss Austrian
Polish Czech Slovak Hungarian Romanian Bulgarian Greek Turkish Russian Ukrainian Swedish Norwegian Danish Finnish
Icelandic European African Asian Indian Chinese Japanese Korean Mexican Brazilian Canadian Australian Latin Arabic
Grammar Glossary Syntax Seats Quantity Wiki Blog Forum Digest Changelog Overview Introduction Summary Appendix Index
Preface Abstract Conclusion Contents Requirements Installation Usage Examples Troubleshooting License Copyright Pending
Approved Rejected Cancelled Completed Draft Archived Enabled Disabled Online Offline Critical Minor Major Blocker
Vegetarian Vegan Standard Express Overnight Silver Bronze Platinum Red Blue Yellow
Orange Purple Town Spring Easter Christmas Halloween Thanksgiving Ramadan Diwali Hanukkah
Mum Mom Mummy Mommy Dad Daddy Grandma Grandpa Granny Auntie Uncle Mama Papa Oma Opa Peer
Slovenia Croatia Serbia London Paris Berlin
"""
COMMON: Final = frozenset(_WORDS.split())
_CODES: Final = """
EUR USD GBP CHF JPY CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY INR CNY HKD SGD KRW BRL MXN ZAR AED SAR ILS THB
ID SSN MRN DOB ISBN ISSN IBAN BAN VAT NPI EIN TIN ITIN NIN NINO NHS DNI NIE NIF CPF CNPJ BSN PAN CVV PIN IMEI VIN SKU
EAN UPC UUID GUID JWT PDF CSV SELECT FROM WHERE AND OR NOT LIKE IN IS NULL ORDER GROUP BY HAVING LIMIT JOIN LEFT INNER
OUTER ON AS INSERT INTO VALUES UPDATE SET CREATE TABLE DROP ALTER COUNT DISTINCT UNION DESC ASC BETWEEN EXISTS CASE
WHEN THEN ELSE END
"""
CODES: Final = frozenset(_CODES.split())
"""Money, what forms number people and goods by, and the words of queries: with capitals, they promise no name. A few
are parts of addresses as well."""
COMPANY: Final = re.compile(
    r"(?:[^\S\n][A-Z&][\w&.'-]*){0,2}?,?[^\S\n](?:Inc|Incorporated|Ltd|Limited|LLC|LLP|PLC|Plc|plc|GmbH|AG"
    r"|SA|SAS|SARL|Sarl|SRL|Srl|Pty|Pvt|KK|SE|NV|BV|AB|ASA|Oy|SpA|KG|Corp|Corporation|Co|Company|CO\.LTD|INC|LTD|CORP|CORPORATION|INCORPORATED|COMPANY"
    r"|Group|Holdings?|Trust|Fund|Bank|Partners|Management|Technologies|Technology|Systems|Industries|International|Club"
    r"|Foundation|University|Institute)\b"
)
