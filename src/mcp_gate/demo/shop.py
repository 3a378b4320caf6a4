"""A small shop on SQLite as an MCP server: orders, customers, refunds, an outbox of mail.

Run with `python -m mcp_gate.demo.shop`; the database is the file that `$SHOP_DB` names.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

SCHEMA = """
create table if not exists customers(id text primary key, name text, email text, ssn text, internal_notes text);
create table if not exists orders(id text primary key, customer text references customers, item text, amount real,
                                  refunded real not null default 0);
create table if not exists refunds(id integer primary key, order_id text references orders, amount real, reason text);
create table if not exists outbox(id integer primary key, recipient text, subject text, body text);
"""

CUSTOMERS = [
    ("cus_1", "Ada Byron", "ada@example.com", "524-71-3062", "pays late"),
    ("cus_2", "Edsger Wybe", "edsger@example.com", "318-44-9170", "prefers letters"),
]
ORDERS = [
    ("ord_100", "cus_1", "punched cards", 40.0),
    ("ord_101", "cus_1", "difference engine, used", 4200.0),
    ("ord_102", "cus_2", "fountain pen", 95.5),
]

shop = MCPServer("shop", version="1.0.0", log_level="ERROR")


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """The shop's database, filled on first use; commits at the end."""
    connection = sqlite3.connect(os.environ.get("SHOP_DB", "shop.db"))
    connection.row_factory = sqlite3.Row
    try:
        connection.executescript(SCHEMA)
        if connection.execute("select count(*) from customers").fetchone()[0] == 0:
            connection.executemany("insert into customers values(?, ?, ?, ?, ?)", CUSTOMERS)
            connection.executemany("insert into orders(id, customer, item, amount) values(?, ?, ?, ?)", ORDERS)
        yield connection
        connection.commit()
    finally:
        connection.close()


@shop.tool()
def get_order(order_id: str) -> dict[str, Any]:
    """Look up one order."""
    with database() as db:
        row = db.execute("select * from orders where id = ?", (order_id,)).fetchone()
    if row is None:
        raise ToolError(f"there is no order {order_id}")
    return dict(row)


@shop.tool()
def get_customer(customer_id: str) -> dict[str, Any]:
    """Look up one customer with everything the shop knows."""
    with database() as db:
        row = db.execute("select * from customers where id = ?", (customer_id,)).fetchone()
    if row is None:
        raise ToolError(f"there is no customer {customer_id}")
    return dict(row)


@shop.tool()
def refund_order(order_id: str, amount: float, reason: str = "") -> dict[str, Any]:
    """Pay back some or all of an order."""
    with database() as db:
        row = db.execute("select amount - refunded as rest from orders where id = ?", (order_id,)).fetchone()
        if row is None:
            raise ToolError(f"there is no order {order_id}")
        if not 0 < amount <= row["rest"]:
            raise ToolError(f"only {row['rest']:.2f} of {order_id} can still be refunded")
        db.execute("update orders set refunded = refunded + ? where id = ?", (amount, order_id))
        refund = db.execute(
            "insert into refunds(order_id, amount, reason) values(?, ?, ?)", (order_id, amount, reason)
        ).lastrowid
    return {"refund": refund, "order": order_id, "amount": amount}


@shop.tool()
def send_mail(to: list[str], subject: str, body: str) -> dict[str, Any]:
    """Put a mail to one or more recipients into the outbox."""
    with database() as db:
        db.executemany(
            "insert into outbox(recipient, subject, body) values(?, ?, ?)", [(one, subject, body) for one in to]
        )
    return {"queued": len(to)}


@shop.tool()
def delete_customer(customer_id: str) -> dict[str, Any]:
    """Delete a customer and all orders."""
    with database() as db:
        db.execute("delete from refunds where order_id in (select id from orders where customer = ?)", (customer_id,))
        orders = db.execute("delete from orders where customer = ?", (customer_id,)).rowcount
        customers = db.execute("delete from customers where id = ?", (customer_id,)).rowcount
    if not customers:
        raise ToolError(f"there is no customer {customer_id}")
    return {"deleted": customer_id, "orders": orders}


if __name__ == "__main__":
    shop.run("stdio")
