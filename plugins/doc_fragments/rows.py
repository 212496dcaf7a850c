# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a table of people comes to the fields of Tallyfy: what every module that takes rows has."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  columns:
    description:
      - Maps columns of O(src), or keys of O(people), to fields with a different name, for example C(mail) to C(email).
        Case does not matter.
    type: dict
    default: {}
  ignore_columns:
    description:
      - Columns of O(src), or keys of O(people), to ignore. Any other unknown column or key is refused.
    type: list
    elements: str
    default: []
"""
