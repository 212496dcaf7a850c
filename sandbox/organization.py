# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The organization itself, and the caller: who am I, where do I belong."""

from __future__ import annotations

from typing import Any

import orjson

from .calls import Call, Route, certain
from .envelopes import Reply, item
from .listings import paged
from .member_records import member_with_includes
from .permissions import acting_role
from .records import Member, Organization

_WORKING_HOURS = {"start": "09:00", "end": "17:00"}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_WEEKEND = ("Saturday", "Sunday")


def get_organization(call: Call) -> Reply:
    record = _record(call, call.organization)
    includes = call.includes()
    if "subscription" in includes:
        record["subscription"] = call.wrapped({"plan_code": record["plan_code"], "status": record["payment_state"]})
    if "billing_info" in includes:
        record["billing_info"] = call.wrapped({"country": record["country"], "zipcode": record["zipcode"]})
    return item(orjson.dumps(record))


def get_me(call: Call) -> Reply:
    return item(_with_organization(call, certain(call.acting)))


def list_my_organizations(call: Call) -> Reply:
    memberships = certain(call.acting).account.memberships
    return paged(call, memberships, lambda member: _membership_row(call, member), default=10, maximum=100)


def _with_organization(call: Call, member: Member) -> bytes:
    record = orjson.loads(member_with_includes(call, member))
    return orjson.dumps({**record, "organization_id": member.organization.id})


def _membership_row(call: Call, member: Member) -> bytes:
    organization = member.organization
    return orjson.dumps(
        {
            "id": organization.id,
            "name": organization.name,
            "industry": "Software",
            "created_on": organization.created_on,
            "last_updated": organization.last_updated,
            "users_count": _users_count(organization),
            "in_trial": call.world.switches.in_trial,
            "plan_code": "trial" if call.world.switches.in_trial else "professional",
            "timezone": organization.timezone,
            "disabled_on": None,
            "last_accessed": "2026-02-12T17:00:00.000Z",
            "user_role": member.role,
        }
    )


def _users_count(organization: Organization) -> int:
    """Count the active people, without bots and invitations: usually less than a list's total."""
    return sum(
        1
        for member in organization.members.values()
        if member.status == "active" and not member.is_bot and not member.deleted
    )


def _record(call: Call, organization: Organization) -> dict[str, Any]:
    switches = call.world.switches
    return {
        "id": organization.id,
        "name": organization.name,
        "industry": "Software",
        "description": None,
        "created_on": organization.created_on,
        "last_updated": organization.last_updated,
        "live_support_enabled": 1,
        "org_logo": None,
        "settings": None,
        "country": "US",
        "state": "MO",
        "city": "St. Louis",
        "zipcode": "63101",
        "users_count": _users_count(organization),
        "payment_state": "overdue" if switches.read_only else "paid",
        "team_size": [1, 20],
        "in_trial": switches.in_trial,
        "analytics_enabled": True,
        "limit_trial_features": False,
        "real_time_billing": True,
        "saml_enabled": switches.saml_enabled,
        "saml_login_url": None,
        "sso_default_role": None,
        "preferred_trial_plan": None,
        "plan_code": "trial" if switches.in_trial else "professional",
        "auto_join_signups": False,
        "home_bg": None,
        "maximum_group_assignment_limit": 0,
        "allow_user_invite": switches.allow_user_invite,
        "allow_manage_groups": switches.allow_manage_groups,
        "working_days": {
            **{day: {**_WORKING_HOURS, "active": True} for day in _WEEKDAYS},
            **{day: {**_WORKING_HOURS, "active": False} for day in _WEEKEND},
        },
        "deadline_setting": None,
        "wyiwyg": True,
        "cadence_days": [day.lower() for day in _WEEKDAYS],
        "guest_cadence_days": ["monday"],
        "timezone": organization.timezone,
        "default_deadline": {"type": "days", "value": 5},
        "auto_archive": False,
        "auto_complete_tasks": False,
        "auto_complete_task_months": 18,
        "enable_custom_smtp": False,
        "onboarding_template_id": switches.onboarding_template_id,
        "enable_onboarding_template": switches.enable_onboarding_template,
        "disable_min_members_billing": False,
        "enable_light_users_billing": True,
        "webhook_date_field_format": "yyyy-MM-ddTHH:mm:ssZ",
        "restrict_blueprint_permissions": False,
        "auto_archive_processes_after": {"unit": "weeks", "value": 52},
        "use_generative_ai": True,
        "disabled_on": None,
        "last_accessed": "2026-02-12T17:00:00.000Z",
        "user_role": acting_role(call),
    }


ROUTES = (
    Route("organization.get", "GET", "/organizations/{org}", get_organization),
    Route("me.in_organization", "GET", "/organizations/{org}/me", get_me, caller="user"),
    Route("me.get", "GET", "/me", get_me, caller="user"),
    Route("me.organizations", "GET", "/me/organizations", list_my_organizations, caller="user"),
)
