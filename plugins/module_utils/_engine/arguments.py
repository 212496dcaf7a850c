# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of ansible-core about invalid arguments, without possible secrets. Private to the collection.

They quote the value, which may be a token if somebody confused two options. Therefore only values that are plain words
are kept, such as a misspelled choice, and only messages whose form is known.
"""

from __future__ import annotations

import re

from ansible.module_utils.common.arg_spec import ValidationResult
from ansible.module_utils.errors import (
    AnsibleValidationError,
    MutuallyExclusiveError,
    NoLogError,
    RequiredByError,
    RequiredError,
    RequiredIfError,
    RequiredOneOfError,
    RequiredTogetherError,
    SubParameterTypeError,
    UnsupportedError,
)

#: The messages of these errors name only options and values of the argument spec.
_OF_NAMES = (
    MutuallyExclusiveError,
    RequiredByError,
    RequiredError,
    RequiredIfError,
    RequiredOneOfError,
    RequiredTogetherError,
    SubParameterTypeError,
    UnsupportedError,
)
_CHOICE = re.compile(
    r"(value of .+? must be one (?:of|or more of): .+?)(, got: |\. Got no match for: )(.*?)( found in [\w> -]+)?",
    re.DOTALL,
)
_TYPE = re.compile(r"(.+? unable to convert to \w+): .*", re.DOTALL)
#: Plain words: a secret that a service issues has digits or is longer.
_WORDS = re.compile(r"(?=.{,24}\Z)[A-Za-z]+(?:[ _-][A-Za-z]+)*")
#: Names under which people pass secrets, by the option that is meant.
_MEANT = {
    "client_secret": re.compile(r"(?:.*_)?(?:secret|password|passphrase|passwd)(?:_.*)?", re.IGNORECASE),
    "access_token": re.compile(
        r"(?:.*_)?(?:token|api_?key|access_key|jwt|bearer|credentials?)|key|auth(?:orization)?", re.IGNORECASE
    ),
}


def quoted_refusal(error: AnsibleValidationError) -> str:
    """Return the message of ansible-core without a value that may be a secret."""
    message = str(error.msg)
    choice = _CHOICE.fullmatch(message)
    if choice:
        known, got, value, place = choice.groups(default="")
        return f"{known}{got}{value}{place}" if _WORDS.fullmatch(value) else f"{known}{place}"
    if isinstance(error, _OF_NAMES):
        return message
    kind = _TYPE.fullmatch(message)
    return kind[1] if kind else "the value of an option has the wrong type"


def refusal_of(validation: ValidationResult, name: str) -> str | None:
    """Return why the arguments of the plugin ``name`` are refused, ``None`` if they are valid."""
    if not validation.error_messages:
        return None
    # A NoLogError comes first if an option has the wrong type, but does not name the option.
    error = next((found for found in validation.errors if not isinstance(found, NoLogError)), validation.errors[0])
    message = quoted_refusal(error)
    if not isinstance(error, UnsupportedError):
        return message
    unknown = sorted(option for option in validation.unsupported_parameters if isinstance(option, str))
    meant = {option: meant_secret(option) for option in unknown if meant_secret(option)}
    hints = [f"{option} is not an option; did you mean {secret}? " for option, secret in meant.items()]
    return f"{''.join(hints)}Unsupported parameters for {name}: {message}"


def meant_secret(name: str) -> str | None:
    """Return the option that a name for a secret means, ``None`` for other names."""
    return next((option for option, names in _MEANT.items() if names.fullmatch(name)), None)
