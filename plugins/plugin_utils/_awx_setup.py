# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks/awx_setup.yml decides before it writes: who may run it, and what of the controller stays.

What is not given stays as it is in the controller. Nothing here writes. Private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE

from ansible_collections.tallyfy.platform.plugins.plugin_utils._controller import (
    HOST,
    PASSWORD,
    TOKEN,
    Controller,
    Record,
    SetupProblem,
    without_user,
)

PROJECT_URL = "https://github.com/tallyfy/ansible-platform"
PLAYBOOKS = "playbooks/"
GALAXY = "Ansible Galaxy"
CLIENT = ("client_id", "client_secret")

ORGANIZATION_ID = "tallyfy_org_id (TALLYFY_ORG_ID)"
SIGN_IN = (
    "tallyfy_client_id and tallyfy_client_secret (TALLYFY_CLIENT_ID, TALLYFY_CLIENT_SECRET), or"
    " tallyfy_access_token (TALLYFY_ACCESS_TOKEN)"
)


def setup_plan(options: Mapping[str, Any], folder: Path) -> Record:
    """Return what the tasks of awx_setup need to know, or ``problem``: why they must not run.

    The options are those of the task in playbooks/awx_setup.yml; the folder holds controller.yml and
    credential_type.yml. Keys: ``problem``, ``inputs`` of the credential, ``galaxy_credentials`` (``None``: as they
    are), ``project_url``, ``project_branch``, ``playbooks``, and ``note`` when the project changes its address.
    """
    try:
        return {"problem": "", **_plan(options, folder)}
    except SetupProblem as problem:
        return {"problem": str(problem)}


def _plan(options: Mapping[str, Any], folder: Path) -> Record:
    given = given_inputs(options["given"])
    _require_connection(options, given)
    data, credential_type = (
        yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        for name in ("controller.yml", "credential_type.yml")
    )
    controller = Controller(options)
    user = controller.user()
    organization = controller.find_one("organizations", name=options["organization"])
    if organization is None and not options["make_organization"]:
        raise SetupProblem(
            f"The controller has no organization {options['organization']}, or {user['username']} may not see it."
            " Check awx_setup_organization."
        )
    current_type = controller.find_one("credential_types", name=credential_type["name"], kind=credential_type["kind"])
    galaxy = _plan_galaxy(controller, options, organization)
    if not user["is_superuser"]:
        needs = _needed_objects(controller, options, organization, galaxy)
        needs += _needed_type(credential_type, current_type)
        _require_rights(user["username"], options, organization, needs)
    return {
        "galaxy_credentials": galaxy,
        "inputs": _plan_inputs(controller, options["credential"], organization, current_type, given),
        **_plan_project(controller, options, organization, data),
    }


# --- what is given ----------------------------------------------------------------------------------------------------


def given_inputs(given: Mapping[str, Any]) -> Record:
    """Return the connection options as inputs of the credential type, without those that are blank."""
    inputs: Record = {name: value for name, value in given.items() if value not in (None, "")}
    validate_certs = str(inputs.pop("validate_certs", "")).lower()
    if validate_certs:
        if validate_certs not in BOOLEANS_TRUE | BOOLEANS_FALSE:
            raise SetupProblem(
                f"tallyfy_validate_certs (TALLYFY_VALIDATE_CERTS) is neither true nor false: {validate_certs}"
            )
        inputs["insecure"] = validate_certs in BOOLEANS_FALSE
    ca_path = inputs.pop("ca_path", "")
    if ca_path:
        try:
            inputs["ca_certificate"] = Path(ca_path).expanduser().read_text(encoding="utf-8").rstrip()
        except (OSError, ValueError) as error:
            raise SetupProblem(f"tallyfy_ca_path (TALLYFY_CA_PATH) cannot be read: {error}") from None
    return inputs


def merged_inputs(current: Mapping[str, Any], given: Mapping[str, Any]) -> Record:
    """Return the inputs of a credential: what is given, and of the rest what the controller has.

    A secret that the controller has is ``$encrypted$`` in its answers, and stays when that is sent back.
    """
    inputs = {**current, **given}
    if inputs.get("insecure") is False and "insecure" not in current:
        # The same as left out.
        del inputs["insecure"]
    if "access_token" in given and not any(name in given for name in CLIENT):
        return {name: value for name, value in inputs.items() if name not in CLIENT}
    if "access_token" not in given and any(name in given for name in CLIENT):
        inputs.pop("access_token", None)
    return inputs


def missing_inputs(inputs: Mapping[str, Any]) -> list[str]:
    """Return the variables that a credential with these inputs lacks."""
    signs_in = inputs.get("access_token") or all(inputs.get(name) for name in CLIENT)
    return ([] if inputs.get("org_id") else [ORGANIZATION_ID]) + ([] if signs_in else [SIGN_IN])


def _require_connection(options: Mapping[str, Any], given: Record) -> None:
    signs_in = options["token"] or (options["username"] and options["password"])
    required = {
        HOST: options["host"],
        f"{TOKEN}, or {PASSWORD}": signs_in,
        "awx_setup_organization": options["organization"].strip(),
        "awx_setup_credential": options["credential"].strip(),
    }
    missing = [name for name, value in required.items() if not value]
    if missing:
        unless = "; ".join(missing_inputs(given))
        also = f" Unless the controller has the credential already, also: {unless}." if unless else ""
        raise SetupProblem(f"Not given: {'; '.join(missing)}.{also}")


# --- who may run it ---------------------------------------------------------------------------------------------------


def _needed_objects(
    controller: Controller, options: Mapping[str, Any], organization: Record | None, galaxy: list[str] | None
) -> list[str]:
    """Return what only a system administrator can make or see, and the run would need."""
    needs = [] if organization else [f"the organization {options['organization']} (absent or hidden)"]
    hidden = [name for name in galaxy or [] if not controller.find("credentials", name=name)]
    return needs + [f"the Galaxy credential {name} of the organization (absent or hidden)" for name in hidden]


def _needed_type(desired: Record, current: Record | None) -> list[str]:
    name = f"the credential type {desired['name']}"
    if current is None:
        return [f"{name} (absent)"]
    return [] if {**current, **desired} == current else [f"{name} (different from that of this version)"]


def _require_rights(username: str, options: Mapping[str, Any], organization: Record | None, needs: list[str]) -> None:
    name = options["organization"]
    if needs:
        raise SetupProblem(
            f"{username} is not a system administrator of the controller, and only one can set up:"
            f" {'; '.join(needs)}. Have a system administrator run awx_setup once. From then on an administrator of the"
            f" organization {name} can run it."
        )
    capabilities = (organization or {}).get("summary_fields", {}).get("user_capabilities", {})
    if options["make_organization"] and not capabilities.get("edit", True):
        raise SetupProblem(
            f"{username} is neither an administrator of the organization {name} nor a system administrator. Run"
            " awx_setup as one of them."
        )


# --- what stays -------------------------------------------------------------------------------------------------------


def _plan_galaxy(controller: Controller, options: Mapping[str, Any], organization: Record | None) -> list[str] | None:
    """Return the Galaxy credentials to write, ``None`` when those of the organization stay."""
    if not options["make_organization"]:
        return None
    desired = options["galaxy_credentials"] or []
    desired = [name.strip() for name in desired.split(",")] if isinstance(desired, str) else [*desired]
    current = []
    if organization:
        found = controller.find(f"organizations/{organization['id']}/galaxy_credentials")
        current = [credential["name"] for credential in found]
    return None if current and desired in ([], current) else desired or [GALAXY]


def _plan_inputs(
    controller: Controller, name: str, organization: Record | None, kind: Record | None, given: Record
) -> Record:
    current = None
    if organization and kind:
        query = {"organization": organization["id"], "credential_type": kind["id"]}
        current = controller.find_one("credentials", name=name, **query)
    if current is None:
        missing = missing_inputs(given)
        if missing:
            raise SetupProblem(f"Not given: {'; '.join(missing)}. The controller has no credential {name} yet.")
        return merged_inputs({}, given)
    inputs = merged_inputs(current["inputs"], given)
    # Job templates that have the credential would go on with that organization, under the same name.
    before, after = current["inputs"].get("org_id"), inputs.get("org_id")
    if before and before != after:
        raise SetupProblem(
            f"The credential {name} is for the organization {before} of Tallyfy, and not for {after}. Give"
            " awx_setup_credential another name, or delete it if it is a mistake."
        )
    missing = missing_inputs(inputs)
    if missing:
        # A field may come from a vault: then the controller does not list it among the inputs.
        sources = controller.find(f"credentials/{current['id']}/input_sources")
        missing = missing_inputs({**inputs, **{source["input_field_name"]: True for source in sources}})
    if missing:
        raise SetupProblem(f"Not given: {'; '.join(missing)}. The credential {name} in the controller lacks it, too.")
    return inputs


def _plan_project(
    controller: Controller, options: Mapping[str, Any], organization: Record | None, data: Record
) -> Record:
    project: Record = {}
    playbooks = options.get("playbooks")
    if organization:
        query = {"organization": organization["id"]}
        project = controller.find_one("projects", name=data["project"]["name"], **query) or {}
        if playbooks is None:
            template = data["job_templates"][0]
            made = controller.find_one("job_templates", name=template["name"], **query)
            playbooks = _folder_of(made, template["playbook"])
    playbooks = PLAYBOOKS if playbooks is None else playbooks
    before = project.get("scm_url", "")
    url = options["project_url"] or before or PROJECT_URL
    note = f"The project {data['project']['name']} moves from {without_user(before)} to {without_user(url)}."
    return {
        "project_url": url,
        "project_branch": options["project_branch"] or project.get("scm_branch", ""),
        # With or without the slash at its end.
        "playbooks": f"{playbooks.rstrip('/')}/" if playbooks else "",
        "note": note if before not in ("", url) else "",
    }


def _folder_of(job_template: Record | None, playbook: str) -> str | None:
    path = (job_template or {}).get("playbook", "")
    return path[: -len(playbook)] if path.endswith(playbook) else None
