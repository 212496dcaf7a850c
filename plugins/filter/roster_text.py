# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: roster_text
short_description: Members as the text of a roster file
version_added: 0.1.0
description:
  - Turns the members of an organization into a roster file for M(tallyfy.platform.tallyfy_roster). Applying that file
    changes nothing.
  - People are sorted by e-mail address. Disabled members, the Tallyfy Bot and support accounts are left out, and so are
    values that are not set.
  - A value that no roster may hold, such as a first name of more than 32 characters, is left out with a warning.
  - The role P(tallyfy.platform.export_roster#role) writes its file with it.
author:
  - the tallyfy.platform authors (@tallyfy)
positional: _input, ending
options:
  _input:
    description:
      - The members, as M(tallyfy.platform.tallyfy_user_info) returns them with
        O(tallyfy.platform.tallyfy_user_info#module:groups=true).
    type: list
    elements: dict
    required: true
  ending:
    description:
      - Form of the file, V(.yml), V(.yaml), V(.json) or V(.csv).
      - CSV cannot say that somebody is in no group, and has no place for a group with a semicolon in its name.
    type: str
    default: .yml
"""

EXAMPLES = r"""
- name: Read everybody with their groups
  tallyfy.platform.tallyfy_user_info:
    groups: true
  register: everybody

- name: Show what a roster of the administrators looks like
  ansible.builtin.debug:
    msg: "{{ everybody.users | selectattr('role', 'eq', 'admin') | tallyfy.platform.roster_text('.yml') }}"
"""

RETURN = r"""
_value:
  description: The text of the file.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import InputError
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_file import roster_text as text_of_roster
from ansible_collections.tallyfy.platform.plugins.module_utils._roster_file import values_left_out
from ansible_collections.tallyfy.platform.plugins.plugin_utils._plain import plain

DISPLAY = Display()


def roster_text(members: Any, ending: str = ".yml") -> str:
    """Return the text of a roster file that holds these members."""
    people = plain(members)
    try:
        text = text_of_roster(people, str(ending))
    except InputError as error:
        raise AnsibleFilterError(error.message) from error
    for warning in values_left_out(people):
        DISPLAY.warning(warning)
    return text


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file."""
        return {"roster_text": roster_text}
