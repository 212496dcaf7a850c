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
    description: Use C(group/tallyfy.platform.tallyfy) in C(module_defaults), or variables C(tallyfy_<option>), to give
      the connection options once.
    support: full
    membership:
      - tallyfy.platform.tallyfy
  check_mode:
    description: Can run in C(check_mode) and return what would change without changing it.
  diff_mode:
    description: Returns details on what has changed, or would change, in C(diff) mode.
  idempotent:
    description: When run twice in a row with the same arguments, the second run finds nothing to do.
"""

    # For modules that only read.
    INFO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/tallyfy.platform.tallyfy) in C(module_defaults), or variables C(tallyfy_<option>), to give
      the connection options once.
    support: full
    membership:
      - tallyfy.platform.tallyfy
  check_mode:
    description: Can run in C(check_mode) and return what would change without changing it.
    support: full
    details:
      - This action does not change anything.
  diff_mode:
    description: Returns details on what has changed, or would change, in C(diff) mode.
    support: N/A
    details:
      - This action does not change anything.
  idempotent:
    description: When run twice in a row with the same arguments, the second run finds nothing to do.
    support: full
    details:
      - This action does not change anything.
"""
