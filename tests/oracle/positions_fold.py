#!/usr/bin/env python3
"""Folds trades into positions with exact fractions, independently of the platform.

The rules are written down here once more, on purpose, in another language and another shape: one
unit price per lot, no stored cost, no signed lots. What the platform computes must agree to the
last digit. Only the standard library is used.

In: CSV with the columns ts,account,book,instrument,side,quantity,price,fee,trade_id.
Out: one JSON line per (position, method), sorted: the exact cost, gross realised profit, fees and
the open lots as [exec_id, quantity, cost]. Under AVERAGE a lot has no cost of its own (null).

The one rounding: under AVERAGE a partial reduction of n out of q consumes cost * n / q rounded
half-even to 12 decimal places; the remainder stays in the pool.
"""

import argparse
import csv
import gzip
import json
import sys
from collections import defaultdict
from datetime import datetime
from fractions import Fraction

METHODS = ["AVERAGE", "FIFO", "HIFO", "LIFO", "SPECID"]
COST_PLACES = 12


class Lot:
    __slots__ = ("age", "exec_id", "left", "price")

    def __init__(self, age, exec_id, left, price):
        self.age = age  # (time, exec id)
        self.exec_id = exec_id
        self.left = left  # above zero, whichever side the position is on
        self.price = price


class Position:
    """Unsigned lots of one side; `side` is +1 long, -1 short, 0 flat."""

    def __init__(self, method):
        self.method = method
        self.side = 0
        self.lots = []  # oldest first
        self.held = Fraction(0)
        self.pool = Fraction(0)  # unsigned cost, for AVERAGE
        self.realised = Fraction(0)
        self.fees = Fraction(0)

    def trade(self, age, exec_id, side, quantity, price, fee):
        # A flip splits its fee over the two parts; their sum is the fee whatever the split.
        self.fees += fee
        if self.side == -side:
            closing = min(quantity, self.held)
            self.reduce(closing, price)
            quantity -= closing
        if quantity:
            self.side = side
            self.lots.append(Lot(age, exec_id, quantity, price))
            self.held += quantity
            self.pool += quantity * price

    def reduce(self, quantity, price):
        spent = self.pool if quantity == self.held else self.cost_of(quantity)
        taken = self.take(quantity)
        if self.method != "AVERAGE":
            spent = taken
        self.realised += self.side * (quantity * price - spent)
        self.pool -= spent
        self.held -= quantity
        if not self.held:
            self.side = 0

    def cost_of(self, quantity):
        return half_even(self.pool * quantity / self.held, COST_PLACES)

    def take(self, quantity):
        """Removes the quantity from the lots in the method's order; returns what they cost."""
        cost = Fraction(0)
        while quantity:
            at = self.next_lot()
            lot = self.lots[at]
            part = min(lot.left, quantity)
            cost += part * lot.price
            lot.left -= part
            quantity -= part
            if not lot.left:
                del self.lots[at]
        return cost

    def next_lot(self):
        if self.method == "LIFO":
            return len(self.lots) - 1
        if self.method == "HIFO":
            # `max` keeps the first of equals, which is the oldest.
            return max(range(len(self.lots)), key=lambda at: self.lots[at].price)
        return 0

    def row(self, key):
        pooled = self.method == "AVERAGE"
        cost = self.pool if pooled else sum((l.left * l.price for l in self.lots), Fraction(0))
        return {
            "key": "/".join(key),
            "method": self.method,
            "quantity": text(self.side * self.held),
            "cost": text(self.side * cost),
            "realised_gross": text(self.realised),
            "fees": text(self.fees),
            "lots": [
                [
                    lot.exec_id,
                    text(self.side * lot.left),
                    None if pooled else text(self.side * lot.left * lot.price),
                ]
                for lot in self.lots
            ],
        }


def half_even(value, places):
    """Python's `round` of a Fraction to an integer is half-even."""
    return Fraction(round(value * 10**places), 10**places)


def text(value):
    """A plain decimal without trailing zeros, or n/d where the decimal does not end."""
    value = Fraction(value)
    sign, value = ("-" if value < 0 else ""), abs(value)
    places, rest = 0, value.denominator
    while rest % 10 == 0:
        rest, places = rest // 10, places + 1
    while rest % 2 == 0 or rest % 5 == 0:
        rest, places = (rest // 2 if rest % 2 == 0 else rest // 5), places + 1
    if rest != 1:
        return f"{sign}{value.numerator}/{value.denominator}"
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :].rstrip("0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def read(path, limit):
    """The trades of each position in the order of the fold: by time, then by exec id."""
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")
    trades = defaultdict(list)
    with opened as lines:
        for count, row in enumerate(csv.DictReader(lines)):
            if limit is not None and count >= limit:
                break
            side = {"BUY": 1, "SELL": -1}[row["side"]]
            numbers = (Fraction(row[name]) for name in ("quantity", "price", "fee"))
            age = (datetime.fromisoformat(row["ts"]), row["trade_id"])
            key = (row["account"], row["book"], row["instrument"])
            trades[key].append((age, row["trade_id"], side, *numbers))
    for fills in trades.values():
        fills.sort(key=lambda fill: fill[0])
    return trades


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="CSV, or CSV packed with gzip (.gz)")
    parser.add_argument("--method", choices=METHODS, help="this method only")
    parser.add_argument("--limit", type=int, help="read so many trades")
    arguments = parser.parse_args()
    trades = read(arguments.file, arguments.limit)
    for key in sorted(trades, key="/".join):
        for method in [arguments.method] if arguments.method else METHODS:
            position = Position(method)
            for fill in trades[key]:
                position.trade(*fill)
            sys.stdout.write(json.dumps(position.row(key), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
