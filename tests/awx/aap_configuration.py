# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lists of infra.aap_configuration, made from the data that playbooks/awx_setup.yml reads.

A test holds them together. ``python tests/awx/aap_configuration.py`` writes the file anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

AWX = Path(__file__).resolve().parents[2] / "playbooks" / "awx"
FILE = AWX / "aap_configuration.yml"
LINE_LENGTH = 150

HEAD = """\
---
# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Made from controller.yml, credential_type.yml and surveys by tests/awx/aap_configuration.py; the reasons are there.
# The same as what awx_setup.yml makes, for the role infra.aap_configuration.dispatch. Set, all of them:
#
# awx_setup_organization      organization, which has a Galaxy credential
# awx_setup_project_url       git repository with the playbooks
# awx_setup_project_branch    its branch, tag or commit, or blank
# awx_setup_playbooks         folder of the playbooks in it, such as playbooks/, or blank
# awx_setup_drift_src         roster to compare with every day; without one take controller_schedules away
# awx_setup_notification_url  address that hears of failed jobs; without one take controller_notifications away, and the
#                             lines notification_templates_error and notification_templates_approvals
# tallyfy_org_id, tallyfy_client_id, tallyfy_client_secret  from a vault; controller_credentials may hold other inputs
#
# Take aap_teams and controller_roles away when no teams are wanted. A name with ++ and the organization is a named URL
# of the API: a name alone is looked up in all organizations.
"""


class Unsafe(str):
    """Text that looks like a template and must stay as it is."""

    __slots__ = ()


class Dumper(yaml.SafeDumper):
    """Writes YAML as yamllint wants it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def read(name: str) -> Any:
    return yaml.safe_load((AWX / name).read_text(encoding="utf-8"))


def unsafe(value: Any) -> Any:
    """Return the value with every text that looks like a template marked."""
    if isinstance(value, dict):
        return {key: unsafe(one) for key, one in value.items()}
    if isinstance(value, list):
        return [unsafe(one) for one in value]
    return Unsafe(value) if isinstance(value, str) and "{{" in value else value


def configuration() -> dict[str, list[dict[str, Any]]]:
    """Return the lists by their names; what is not marked as unsafe and looks like a template is one."""
    data = read("controller.yml")
    kind = read("credential_type.yml")
    organization = {"organization": "{{ awx_setup_organization }}"}
    ours = "++{{ awx_setup_organization }}"
    in_organization = {"lookup_organization": "{{ awx_setup_organization }}"}
    workflows = data["workflow_job_templates"]
    nodes = [node["unified_job_template"] for workflow in workflows for node in workflow["workflow_nodes"]]
    of_nodes = dict.fromkeys(node["name"] for node in nodes if node["type"] == "job_template")
    notification = data["notification_template"]
    failed = {"notification_templates_error": [notification["name"] + ours]}
    return {
        "controller_credential_types": [unsafe(kind)],
        "controller_credentials": [
            {
                "name": kind["name"],
                "description": "Tallyfy organization {{ tallyfy_org_id }}",
                **organization,
                "credential_type": kind["name"],
                "inputs": {name: f"{{{{ tallyfy_{name} }}}}" for name in ("org_id", "client_id", "client_secret")},
                "update_secrets": False,
            }
        ],
        "controller_projects": [
            {
                **unsafe(data["project"]),
                **organization,
                "scm_url": "{{ awx_setup_project_url }}",
                "scm_branch": "{{ awx_setup_project_branch }}",
                "update_project": True,
                "wait": True,
            }
        ],
        "controller_inventories": [{**unsafe(data["inventory"]), **organization}],
        "controller_hosts": [{**unsafe(data["host"]), "inventory": data["inventory"]["name"] + ours}],
        "controller_notifications": [
            {
                **unsafe(notification),
                **organization,
                "notification_configuration": {
                    **unsafe(notification["notification_configuration"]),
                    "url": "{{ awx_setup_notification_url }}",
                },
            }
        ],
        "controller_templates": [
            {
                # The name comes first, where a reader looks for it.
                **_with_survey({"name": "", "description": "", **data["every_job_template"], **template}),
                **organization,
                "playbook": f"{{{{ awx_setup_playbooks }}}}{template['playbook']}",
                "project": data["project"]["name"],
                "inventory": data["inventory"]["name"] + ours,
                "credentials": [f"{kind['name']}++{kind['name']}+{kind['kind']}{ours}"],
                **failed,
            }
            for template in data["job_templates"]
        ],
        "controller_workflows": [
            {
                **_with_survey(workflow),
                **organization,
                "workflow_nodes": [_with_organization(node) for node in workflow["workflow_nodes"]],
                **failed,
                "notification_templates_approvals": [notification["name"] + ours],
            }
            for workflow in workflows
        ],
        "controller_schedules": [
            {
                **unsafe(data["schedule"]),
                **organization,
                "extra_data": {**unsafe(data["schedule"]["extra_data"]), "drift_src": "{{ awx_setup_drift_src }}"},
            }
        ],
        "aap_teams": [{"name": team["name"], **organization} for team in data["teams"]],
        "controller_roles": [
            *(
                {
                    "teams": [team["name"]],
                    "role": team["role"],
                    "workflows": [workflow["name"] for workflow in workflows],
                    **in_organization,
                }
                for team in data["teams"]
            ),
            {
                "teams": [team["name"] for team in data["teams"]],
                "role": "read",
                "job_templates": list(of_nodes),
                **in_organization,
            },
        ],
    }


def _with_survey(template: dict[str, Any]) -> dict[str, Any]:
    survey = read(f"surveys/{template['survey']}.yml")
    return dict(
        unsafe({**{name: value for name, value in template.items() if name != "survey"}, "survey_spec": survey})
    )


def _with_organization(node: dict[str, Any]) -> dict[str, Any]:
    template = node["unified_job_template"]
    if template["type"] == "workflow_approval":
        return dict(unsafe(node))
    return {
        **unsafe(node),
        "unified_job_template": {**template, "organization": {"name": "{{ awx_setup_organization }}"}},
    }


def text() -> str:
    """Return the whole file."""
    # One after the other, in the order in which they can be made.
    return HEAD + "".join(
        "\n" + yaml.dump({name: entries}, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=LINE_LENGTH)
        for name, entries in configuration().items()
    )


def main() -> None:
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
