# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The countries a member may name by id; a short list is enough to test the rule that the id must exist."""

from __future__ import annotations

from typing import NamedTuple


class Country(NamedTuple):
    name: str
    phone_code: str
    iso2: str


COUNTRIES: dict[int, Country] = {
    1: Country("United States", "1", "US"),
    2: Country("Canada", "1", "CA"),
    3: Country("United Kingdom", "44", "GB"),
    4: Country("Germany", "49", "DE"),
    5: Country("France", "33", "FR"),
    6: Country("Spain", "34", "ES"),
    7: Country("Italy", "39", "IT"),
    8: Country("Netherlands", "31", "NL"),
    9: Country("Austria", "43", "AT"),
    10: Country("Switzerland", "41", "CH"),
    11: Country("Sweden", "46", "SE"),
    12: Country("Poland", "48", "PL"),
    13: Country("India", "91", "IN"),
    14: Country("Japan", "81", "JP"),
    15: Country("Australia", "61", "AU"),
    16: Country("Brazil", "55", "BR"),
}
