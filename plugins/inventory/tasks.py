# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
name: tasks
short_description: Take the open tasks of a Tallyfy organization as hosts
version_added: 0.1.0
description:
  - Makes a host of each task that O(state) and the other filters leave, so that a play does the work of many steps side
    by side, and M(tallyfy.platform.tallyfy_task) ticks each of them off by its C(tallyfy_task_id).
  - The name of a host is the ID of its task, which never changes and tells nothing of anybody.
  - The variables of a host are C(tallyfy_task_id), C(tallyfy_task_process), C(tallyfy_task_form) and so on, one for
    each key of a task of M(tallyfy.platform.tallyfy_task_info) with its C(kickoff).
  - The groups of a host are called after the template, the step and the state of its task, in lower case and with
    underscores, such as C(tallyfy_template_new_hire_onboarding), C(tallyfy_step_create_accounts) and
    C(tallyfy_state_open). A one-off task has neither a template nor a step.
  - The file of an inventory ends with C(tallyfy_tasks.yml) or C(tallyfy_tasks.yaml).
author:
  - the tallyfy.platform authors (@tallyfy)
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [tallyfy.platform.tasks]
  template:
    description:
      - Only tasks of processes that were launched from this template, given by its ID or its exact title.
    type: str
  step:
    description:
      - Only tasks of the step with this title in its template, without regard to case, or with this alias or ID.
    type: str
  assignee:
    description:
      - Only tasks of the member or guest with this e-mail address. V(me) is the member whom the calls are made as.
      - What is given to a group is not a task of its members; ask for the O(group).
    type: str
  group:
    description:
      - Only tasks of the group with this name. Not to be mixed up with O(groups), which makes groups of hosts.
    type: str
  overdue:
    description:
      - Only tasks that are open and whose deadline has passed, or only those that are not.
    type: bool
  due_before:
    description:
      - Only tasks with a deadline before this moment, such as C(2026-03-02 17:00:00), in UTC unless it has an offset.
    type: str
  state:
    description:
      - Only tasks in this state.
    type: str
    choices: [open, completed, skipped]
    default: open
extends_documentation_fragment:
  - constructed
  - inventory_cache
  - tallyfy.platform.connection
  - tallyfy.platform.connection.plugin
notes:
  - Each host has C(ansible_connection=local), since there is no machine behind it. Tasks for the machine that is worked
    on are delegated to it.
  - An option that is left out of the file is taken from the extra variable of its name with C(tallyfy_) in front, and
    then from the environment. An inventory is read before any other variable is known.
  - The variables hold what people typed, and no part of it is ever taken for a template.
  - It takes the pages of tasks, of a hundred each, one request for each template, and one each for members and groups
    where any are named.
  - With O(cache=true) the tasks are kept as they are, the values of their forms included; tokens are not. Another
    organization, member, access token or filter is not served what was kept for this one. What was completed in the
    meantime is still a host then; M(tallyfy.platform.tallyfy_task) finds it completed and does nothing.
  - An inventory that cannot be read is a warning for ansible-core, and the play then has no hosts. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FATAL) to make it a failure.
  - AWX counts each name of a host that a job has worked on as a managed node and keeps the variables of hosts, so what
    people typed, in its database. Here each task is another host, so the count grows with each task that is worked on.
    From AWX rather use the role P(tallyfy.platform.worklist#role), which works off the tasks on one host. Where this is
    an inventory source there all the same, let it overwrite, so that hosts go with their tasks.
seealso:
  - module: tallyfy.platform.tallyfy_task
  - module: tallyfy.platform.tallyfy_task_info
"""

EXAMPLES = r"""
# accounts.tallyfy_tasks.yml
plugin: tallyfy.platform.tasks
template: New hire onboarding
step: Create accounts
compose:
  mailbox: tallyfy_task_kickoff['Personal email']
groups:
  late: tallyfy_task_is_overdue
keyed_groups:
  - prefix: department
    key: tallyfy_task_kickoff['Department']

# create_accounts.yml, run by: ansible-playbook -i accounts.tallyfy_tasks.yml create_accounts.yml
# - name: Create the accounts that somebody waits for
#   hosts: tallyfy_step_create_accounts
#   gather_facts: false
#   tasks:
#     - name: Create the mailbox
#       ansible.builtin.command: /usr/local/bin/create-mailbox {{ mailbox | quote }}
#       delegate_to: mail.example.com
#
#     - name: Tick it off
#       tallyfy.platform.tallyfy_task:
#         task_id: "{{ tallyfy_task_id }}"
#         state: completed
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ansible import template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.tallyfy.platform.plugins.module_utils._api.task import Task
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import REQUESTS_IMPORT_ERROR
from ansible_collections.tallyfy.platform.plugins.module_utils._module import ModuleSpec
from ansible_collections.tallyfy.platform.plugins.module_utils._tasks.listing import LIST_OPTIONS, list_tasks
from ansible_collections.tallyfy.platform.plugins.plugin_utils._in_process import run_in_process
from ansible_collections.tallyfy.platform.plugins.plugin_utils._options import open_options, plugin_options

if hasattr(template, "is_trusted_as_template"):

    def typed_by_people(value: Any) -> Any:
        """Return the value as it is: a text is no template unless it is marked as one."""
        return value

else:  # ansible-core < 2.19 takes each text for a template unless it is marked
    from ansible.utils.unsafe_proxy import wrap_var as typed_by_people  # type: ignore[no-redef]


NAME = "tallyfy.platform.tasks"
FILTERS: dict[str, dict[str, Any]] = {
    **{name: LIST_OPTIONS[name] for name in ("template", "step", "assignee", "group", "overdue", "due_before")},
    "state": {**LIST_OPTIONS["state"], "default": "open"},
}
#: By what the groups of hosts are called.
GROUPED_BY = ("template", "step", "state")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = NAME

    def verify_file(self, path: str) -> bool:
        """Return whether a file may be one of this plugin."""
        return super().verify_file(path) and path.endswith(("tallyfy_tasks.yml", "tallyfy_tasks.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the tasks as hosts."""
        super().parse(inventory, loader, path, cache)
        if REQUESTS_IMPORT_ERROR is not None:
            raise AnsibleParserError(f"The inventory {NAME} needs the Python library requests on the controller.")
        config = self._read_config_data(path)
        try:
            arguments = self._arguments(config)
        except AnsibleError as error:
            raise AnsibleParserError(str(error)) from None
        for task in self._tasks(arguments, path, may_be_kept=cache):
            self._add(task)

    def _arguments(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the file says, without what is for ansible-core, and the options of extra variables."""
        self.templar.available_variables = self._vars
        of_core = set(self.option_definitions) - {*FILTERS, *OPTIONS, *ALIASES}
        given = {name: self.templar.template(value) for name, value in config.items() if name not in of_core}
        return plugin_options(given, self._vars, self.templar.template, open_options(given))

    def _tasks(self, arguments: dict[str, Any], path: str, *, may_be_kept: bool) -> list[dict[str, Any]]:
        """Return the tasks, kept ones where they may be, and keep them where that is wanted."""
        is_keeping = self.get_option("cache")
        keys: list[str] = []

        def find(task: Task) -> dict[str, Any]:
            keys.append(f"{self.get_cache_key(path)}_{_asked(task)}")
            tasks = self._cache.get(keys[0]) if is_keeping and may_be_kept else None
            if tasks is None:
                tasks = list_tasks(task.client, {**task.params, "kickoff": True})
            return {"changed": False, "tasks": tasks}

        spec = ModuleSpec(argument_spec=FILTERS, operation=find, takes_texts=True)
        given, flaws = spec.given(arguments)
        if flaws:
            raise AnsibleParserError("; ".join(flaws))
        result = run_in_process(NAME, spec, given, check_mode=False, progress=self.display.vvv)
        for text in result.get("warnings", []):
            self.display.warning(text)
        if result.get("failed"):
            raise AnsibleParserError(result["msg"])
        tasks: list[dict[str, Any]] = result["tasks"]
        if is_keeping:
            self._cache[keys[0]] = tasks
        return tasks

    def _add(self, task: Mapping[str, Any]) -> None:
        host = str(task["id"])
        self.inventory.add_host(host)
        variables = {f"tallyfy_task_{name}": typed_by_people(value) for name, value in task.items()}
        for name, value in {**variables, "ansible_connection": "local"}.items():
            self.inventory.set_variable(host, name, value)
        for kind in GROUPED_BY:
            if task[kind]:
                name = to_safe_group_name(f"tallyfy_{kind}_{task[kind].casefold()}", force=True, silent=True)
                self.inventory.add_host(host, self.inventory.add_group(name))
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)


def _asked(task: Task) -> str:
    """Return a digest of whose tasks were asked for, and as whom."""
    asker = task.client.connection
    asked = [asker.api_url, asker.org_id, asker.client_id, asker.act_as, asker.access_token]
    filters = [task.params.get(name) for name in FILTERS]
    return hashlib.sha256(json.dumps([*asked, *filters]).encode()).hexdigest()[:16]
