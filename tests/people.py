# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who and what the sandbox starts with, and people who are new."""

from __future__ import annotations

# The members of the organization: an administrator, standard members, one disabled, one invited, a light one.
ALICE = "alice.smith@example.com"
BOB = "bob@example.com"
JOHN = "john.smith@example.com"
GRACE = "grace.kim@example.net"
DANA = "dana.lee@example.com"
CHARLIE = "charlie.brown@example.com"
ERIN = "erin.walker@example.com"
FRANK = "frank.moore@example.com"
SUPPORT = "support@example.net"
BOT = "bot@tallyfy.com"
ALICE_ID, BOB_ID, FRANK_ID, JOHN_ID = 1001, 1002, 1008, 12345

# Guests.
PARTNER = "partner@example.org"
NORA = "nora@example.net"

# Nobody yet.
MARY = {"email": "mary.major@example.com", "first_name": "Mary", "last_name": "Major"}
RICHARD = {"email": "richard.roe@example.com", "first_name": "Richard", "last_name": "Roe"}

ENGINEERING = "97e95e53bf25476dfbf55dd84fcda0b4"
LEGACY_GROUP = "731dc65d13ecdd9c8a8cb706592cf863"
URGENT_TAG = "c4e1f0a9b8d7465f9e3d2c1b0a998877"
FOLDER = "a9f47897a44aa9baa6f908e0d77e5664"
# The templates "Welcome tour" and "New hire onboarding".
TOUR_ID = "3c1d5e7f9a0b2c4d6e8f0a1b2c3d4e5f"
HIRE_ID = "98e32e2b1b2e491d02e885e91dfd6c76"
