# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only import of ``requests``, guarded. Private to the collection.

Modules must be importable without it, so that they can report its absence.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from .libraries import advice, require_current

#: The traceback of the failed import, and the advice on it.
REQUESTS_IMPORT_ERROR: str | None = None
REQUESTS_ADVICE = ""

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
        import idna  # the library with which requests encodes international host names
    except ImportError:
        idna = None
    try:
        import requests
        import urllib3

        # Older versions lack some of the names below.
        require_current("requests", requests.__version__)
        require_current("urllib3", urllib3.__version__)

        from requests import Session
        from requests.adapters import HTTPAdapter
        from requests.auth import AuthBase
        from requests.exceptions import (
            ChunkedEncodingError,
            ConnectTimeout,
            ContentDecodingError,
            InvalidHeader,
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
    except ImportError as error:
        REQUESTS_IMPORT_ERROR, REQUESTS_ADVICE = traceback.format_exc(), advice(error)
        # Placeholders, so that their subclasses can be defined; none of them is used.
        requests = disable_warnings = parse_url = None
        AuthBase = HTTPAdapter = RequestHistory = Retry = Session = object
        ChunkedEncodingError = ConnectTimeout = ConnectTimeoutError = ContentDecodingError = DecodeError = Exception
        HTTPError = InsecureRequestWarning = InvalidHeader = InvalidSchema = InvalidURL = Exception
        LocationValueError = MaxRetryError = MissingSchema = NewConnectionError = ProxyError = Exception
        ProxySchemeUnsupported = ReadTimeout = ReadTimeoutError = RequestException = RequestsProxyError = Exception
        RequestsSSLError = ResponseError = SSLError = UnreadableHeader = Exception

__all__ = (
    "REQUESTS_ADVICE",
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
