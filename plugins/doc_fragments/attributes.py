# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of the collection can do, and the words for it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Set the connection options once, with C(group/tallyfy.platform.tallyfy) in C(module_defaults) or with
      variables named C(tallyfy_<option>).
    support: full
    membership:
      - tallyfy.platform.tallyfy
  check_mode:
    description: Can run in C(check_mode) and return what would change, without changing it.
  diff_mode:
    description: Returns what has changed, or would change, in C(diff) mode.
  idempotent:
    description: A second run with the same options changes nothing.
"""

    # For modules that only read.
    INFO = r"""
options: {}
attributes:
  action_group:
    description: Set the connection options once, with C(group/tallyfy.platform.tallyfy) in C(module_defaults) or with
      variables named C(tallyfy_<option>).
    support: full
    membership:
      - tallyfy.platform.tallyfy
  check_mode:
    description: Can run in C(check_mode) and return what would change, without changing it.
    support: full
    details:
      - The module only reads.
  diff_mode:
    description: Returns what has changed, or would change, in C(diff) mode.
    support: N/A
    details:
      - The module only reads.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
    details:
      - The module only reads.
"""
