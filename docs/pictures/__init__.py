# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the documentation, drawn from the code and from real runs against the sandbox.

``python -m docs.pictures`` writes all of them to ``docs/pictures/images``; a test draws each anew and compares.
"""
