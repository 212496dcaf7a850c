# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""A stateful Tallyfy in one process, spoken to over HTTP; ``python -m sandbox`` starts it.

This file imports nothing: ``sandbox.testing`` must load on the oldest Python of the collection,
while the server itself needs a newer one.
"""
