"""The demo's gate directory: two upstreams, a handful of rules, written into a folder of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

UPSTREAMS: Final = """\
version: v1
upstreams:
  shop:
    command: {python}
    args: ["-m", "mcp_gate.demo.shop"]
    env: {{ SHOP_DB: {shop_db} }}
    tools:
      get_order:       {{ topic: job.shop.orders.read, risk_tags: [read] }}
      get_customer:    {{ topic: job.shop.customers.read, risk_tags: [read] }}
      refund_order:
        topic: job.shop.orders.refund
        risk_tags: [write, financial]
        attributes: {{ amount_usd: args.amount }}
      send_mail:
        topic: job.shop.mail.send
        risk_tags: [write, egress]
        attributes: {{ affected_users: "count(args.to)" }}
      delete_customer: {{ topic: job.shop.customers.delete, risk_tags: [write, delete] }}
  deploy:
    command: {python}
    args: ["-m", "mcp_gate.demo.deploy"]
    env: {{ DEPLOY_FILE: {deploy_file} }}
    prefix: ""
    tools:
      list_services:   {{ topic: job.deploy.services.list, risk_tags: [read] }}
      deploy:
        topic: job.deploy.services.deploy
        risk_tags: [write]
        tag_when: [ {{ when: "args.env = 'prod'", add: [prod] }} ]
      destroy:         {{ topic: job.deploy.services.destroy, risk_tags: [write, delete, prod] }}
"""

RULES: Final = """\
version: v1
rules:
  - id: no-destruction
    match: { topics: ["job.deploy.services.destroy"] }
    decision: deny
    reason: "Environments are taken down by people, never by agents"
  - id: refunds-over-100
    match: { topics: ["job.shop.orders.refund"], amount_usd_above: 100 }
    decision: require_approval
    reason: "Refunds over 100 need a person"
    timeout_sec: 900
  - id: small-refunds
    match: { topics: ["job.shop.orders.refund"] }
    decision: allow
    reason: "Small refunds pass"
  - id: reads
    match: { risk_tags: [read] }
    decision: allow
    reason: "Reading passes"
invariants:
  - { id: deletes-need-a-person, match: { risk_tags: [delete] }, at_least: require_approval, reason: "Deletion needs a person" }
output_review:
  rules:
    - { id: internal, fields: ["**.internal_notes"], action: remove, reason: "Internal-only data" }
    - { id: pii, entities: [PII, CREDENTIAL], decision: redact, reason: "PII detected" }
"""  # noqa: E501 - one line of YAML reads better than three


def write_directory(at: Path) -> Path:
    """Write the gate directory below `at` and return it."""
    config = at / "gate"
    (config / "policies").mkdir(parents=True)
    text = UPSTREAMS.format(
        python=json.dumps(sys.executable),
        shop_db=json.dumps(str(at / "shop.db")),
        deploy_file=json.dumps(str(at / "deploy.json")),
    )
    (config / "upstreams.yaml").write_text(text)
    (config / "policies" / "demo.yaml").write_text(RULES)
    return config
