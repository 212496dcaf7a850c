# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one guarded import of ``requests``. Private to the collection.

Modules must be importable without it, so that its absence can be reported in Ansible's own words.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

REQUESTS_IMPORT_ERROR: str | None = None


def require_current(policy: type) -> None:
    """Raise ``ImportError`` for the retry policy of a urllib3 before 1.26, which knows less than is needed here."""
    if not hasattr(policy, "DEFAULT_ALLOWED_METHODS"):
        raise ImportError("urllib3, which requests is built on, is too old: 1.26 or later is needed")


if TYPE_CHECKING:
    import idna
    import requests
    from requests import Session
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase
    from requests.exceptions import (
        ChunkedEncodingError,
        ConnectTimeout,
        ContentDecodingError,
        InvalidHeader,
        InvalidJSONError,
        InvalidSchema,
        InvalidURL,
        MissingSchema,
        ReadTimeout,
        RequestException,
    )
    from requests.exceptions import ProxyError as RequestsProxyError
    from requests.exceptions import SSLError as RequestsSSLError
    from urllib3 import disable_warnings
    from urllib3.exceptions import (
        ConnectTimeoutError,
        DecodeError,
        HTTPError,
        InsecureRequestWarning,
        LocationValueError,
        MaxRetryError,
        NewConnectionError,
        ProxyError,
        ProxySchemeUnsupported,
        ReadTimeoutError,
        ResponseError,
        SSLError,
    )
    from urllib3.exceptions import InvalidHeader as UnreadableHeader
    from urllib3.util import parse_url
    from urllib3.util.retry import RequestHistory, Retry
else:
    try:
        import idna  # what requests encodes international names of hosts with
    except ImportError:
        idna = None
    try:
        import requests
        from requests import Session
        from requests.adapters import HTTPAdapter
        from requests.auth import AuthBase
        from requests.exceptions import (
            ChunkedEncodingError,
            ConnectTimeout,
            ContentDecodingError,
            InvalidHeader,
            InvalidJSONError,
            InvalidSchema,
            InvalidURL,
            MissingSchema,
            ReadTimeout,
            RequestException,
        )
        from requests.exceptions import ProxyError as RequestsProxyError
        from requests.exceptions import SSLError as RequestsSSLError
        from urllib3 import disable_warnings
        from urllib3.exceptions import (
            ConnectTimeoutError,
            DecodeError,
            HTTPError,
            InsecureRequestWarning,
            LocationValueError,
            MaxRetryError,
            NewConnectionError,
            ProxyError,
            ProxySchemeUnsupported,
            ReadTimeoutError,
            ResponseError,
            SSLError,
        )
        from urllib3.exceptions import InvalidHeader as UnreadableHeader
        from urllib3.util import parse_url
        from urllib3.util.retry import RequestHistory, Retry

        require_current(Retry)
    except ImportError:
        REQUESTS_IMPORT_ERROR = traceback.format_exc()
        # Only so that the classes built on these can be defined; none of them is ever used then.
        requests = disable_warnings = parse_url = None
        AuthBase = HTTPAdapter = RequestHistory = Retry = Session = object
        ChunkedEncodingError = ConnectTimeout = ConnectTimeoutError = ContentDecodingError = DecodeError = Exception
        HTTPError = InsecureRequestWarning = InvalidHeader = InvalidJSONError = InvalidSchema = InvalidURL = Exception
        LocationValueError = MaxRetryError = MissingSchema = NewConnectionError = ProxyError = Exception
        ProxySchemeUnsupported = ReadTimeout = ReadTimeoutError = RequestException = RequestsProxyError = Exception
        RequestsSSLError = ResponseError = SSLError = UnreadableHeader = Exception

__all__ = (
    "REQUESTS_IMPORT_ERROR",
    "AuthBase",
    "ChunkedEncodingError",
    "ConnectTimeout",
    "ConnectTimeoutError",
    "ContentDecodingError",
    "DecodeError",
    "HTTPAdapter",
    "HTTPError",
    "InsecureRequestWarning",
    "InvalidHeader",
    "InvalidJSONError",
    "InvalidSchema",
    "InvalidURL",
    "LocationValueError",
    "MaxRetryError",
    "MissingSchema",
    "NewConnectionError",
    "ProxyError",
    "ProxySchemeUnsupported",
    "ReadTimeout",
    "ReadTimeoutError",
    "RequestException",
    "RequestHistory",
    "RequestsProxyError",
    "RequestsSSLError",
    "ResponseError",
    "Retry",
    "SSLError",
    "Session",
    "UnreadableHeader",
    "disable_warnings",
    "idna",
    "parse_url",
    "requests",
)
