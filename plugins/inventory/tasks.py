# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
name: tasks
short_description: Use the open tasks of a Tallyfy organization as hosts
version_added: 1.0.0
description:
  - Creates a host for each task that matches O(state) and the other filters. A play can then work on many tasks in
    parallel and complete each with M(tallyfy.platform.tallyfy_task) and its C(tallyfy_task_id).
  - The name of a host is the ID of its task. It never changes and contains no personal data.
  - The variables of a host are C(tallyfy_task_id), C(tallyfy_task_process), C(tallyfy_task_form) and so on, one for
    each key of a task of M(tallyfy.platform.tallyfy_task_info), including C(kickoff).
  - The groups of a host are named after the template, the step and the state of its task, in lower case with
    underscores, such as C(tallyfy_template_new_hire_onboarding), C(tallyfy_step_create_accounts) and
    C(tallyfy_state_open). A one-off task has no template and no step.
  - The name of the inventory file ends in C(tallyfy_tasks.yml) or C(tallyfy_tasks.yaml).
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
      - Only tasks of processes launched from this template, given by its ID or its exact title.
    type: str
  step:
    description:
      - Only tasks of the step with this title in its template, this alias or this ID. Case does not matter.
    type: str
  assignee:
    description:
      - Only tasks assigned to the member or guest with this e-mail address. V(me) is the acting member.
      - A task that is assigned to a group is not assigned to its members; use O(group) to find it.
    type: str
  group:
    description:
      - Only tasks assigned to the Tallyfy group with this name. Not to be confused with O(groups), which creates groups
        of hosts.
    type: str
  overdue:
    description:
      - With V(true), only open tasks whose deadline has passed. With V(false), only the others.
    type: bool
  due_before:
    description:
      - Only tasks with a deadline before this time, such as C(2026-03-02 17:00:00), in UTC unless it has an offset.
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
  - Each host has C(ansible_connection=local), because there is no machine behind it. Delegate tasks that change a
    machine to that machine.
  - An option that the file omits is taken from the extra variable with its name and the prefix C(tallyfy_), and then
    from the environment. Other variables are not available when Ansible reads an inventory.
  - The variables contain text that people typed. Ansible never evaluates it as a template.
  - The plugin reads the pages of tasks, a hundred per page. It also sends one request per template, and one each for
    members and groups when tasks have any.
  - With O(cache=true) the tasks are cached, including their form values but no tokens. A different organization,
    member, access token or filter does not use the same cache entry. A task that was completed in the meantime is still
    a host; M(tallyfy.platform.tallyfy_task) then finds it completed and changes nothing.
  - When an inventory cannot be read, ansible-core warns and the play has no hosts. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FATAL) to make that an error.
  - AWX counts each host name that a job has used as a managed node, and stores the variables of hosts, including what
    people typed, in its database. With this plugin that count grows with each task. In AWX, prefer the role
    P(tallyfy.platform.worklist#role), which processes the tasks on one host. If you use an inventory source anyway,
    enable "Overwrite", so that AWX deletes hosts together with their tasks.
seealso:
  - module: tallyfy.platform.tallyfy_task
  - module: tallyfy.platform.tallyfy_task_info
"""

EXAMPLES = r"""
# accounts.tallyfy_tasks.yml: the open tasks of one step, with a variable, a group and a group per department
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
# - name: Create the requested accounts
#   hosts: tallyfy_step_create_accounts
#   gather_facts: false
#   tasks:
#     - name: Create the mailbox
#       ansible.builtin.command: /usr/local/bin/create-mailbox {{ mailbox | quote }}
#       delegate_to: mail.example.com
#
#     - name: Complete the step
#       tallyfy.platform.tallyfy_task:
#         task_id: "{{ tallyfy_task_id }}"
#         state: completed
---
# group.tallyfy_tasks.yml: the open tasks of a Tallyfy group
plugin: tallyfy.platform.tasks
group: Engineering
---
# late.tallyfy_tasks.yml: the overdue tasks of one member, in the name of an administrator
plugin: tallyfy.platform.tasks
assignee: john.smith@example.com
overdue: true
act_as: alice.smith@example.com
---
# approvals.tallyfy_tasks.yml: the open approvals of all processes of a template, cached for ten minutes
plugin: tallyfy.platform.tasks
template: New hire onboarding
step: Manager approval
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/tallyfy-tasks
cache_timeout: 600
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
from ansible_collections.tallyfy.platform.plugins.module_utils._http.requests_guard import (
    REQUESTS_ADVICE,
    REQUESTS_IMPORT_ERROR,
)
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
            raise AnsibleParserError(f"The inventory {NAME} cannot run. {REQUESTS_ADVICE}")
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
