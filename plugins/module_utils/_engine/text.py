# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Normalizes and validates texts and e-mail addresses once, at input. Private to the collection.

``tidied`` normalizes a text, and ``flaw_in`` says why it is refused. An ``Email`` keeps the text that people or the
service wrote, and is compared as an address. Texts of the service are normalized and never refused.
"""

from __future__ import annotations

import re
import reprlib
import unicodedata
from datetime import date
from typing import final

from ansible_collections.tallyfy.platform.plugins.module_utils._texts import harmful_character

#: No-break spaces, which look like plain spaces.
_UNBREAKABLE = re.compile("[\u00a0\u202f]")
_INVISIBLE = ("Cc", "Cf")
_LONGEST_QUOTE = 100
#: Values that a spreadsheet has damaged: error values, and long numbers in scientific notation.
_SPREADSHEET_ERROR = re.compile(
    r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|BUSY!|CONNECT!|UNKNOWN!|GETTING_DATA"
    r"|ERROR!|#+)",
    re.IGNORECASE,
)
_BEGINS_WHAT_IS_BROKEN = tuple("#+-0123456789")
_SHORTENED_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# An apostrophe is part of names such as O'Brien; at an end it is a quotation mark.
_ADDRESS = re.compile(
    rf"(?!['`]){_ATOM}(?:\.{_ATOM})*(?<!['`])@(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}(?<!\.[a-z0-9])", re.IGNORECASE
)
_MODIFIER = re.compile("[\u02b0-\u02ff\ua78b\ua78c]")
_LONGEST_LOCAL_PART = 64
_LONGEST_ADDRESS = 254
_PUNYCODE = "xn--"


def tidied(value: object) -> str:
    """Return the normalized text: in NFC, with plain spaces, and without invisible characters at both ends."""
    if value is None:
        return ""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text.strip()
    text = unicodedata.normalize("NFC", _UNBREAKABLE.sub(" ", text))
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in _INVISIBLE


def flaw_in(text: str, *, longest: int | None = None, has_lines: bool = False) -> str | None:
    """Return why a normalized text is refused, ``None`` if it is valid; with ``has_lines`` it may have tabs too."""
    if longest is not None and len(text) > longest:
        return f"has {len(text)} characters, at most {longest} are allowed"
    if text.isascii() and text.isprintable() and text[:1] not in _BEGINS_WHAT_IS_BROKEN:
        # A fast path for nearly every value: rosters have thousands of people.
        return None
    character = harmful_character(re.sub(r"\r?\n|\t", " ", text) if has_lines else text)
    if character is not None:
        name = unicodedata.name(character, "a control character").lower()
        return f"holds U+{ord(character):04X} ({name}), which cannot be seen"
    if _SPREADSHEET_ERROR.fullmatch(text):
        return f"is {text}, an error value of a spreadsheet"
    if _SHORTENED_NUMBER.fullmatch(text):
        return f"is {text}, a number that a spreadsheet has shortened: format the column as text"
    return None


def not_a_text(value: object) -> str | None:
    """Return why a value is not a text; the types that YAML makes of texts without quotes are named."""
    if isinstance(value, str):
        return None
    if isinstance(value, bool):
        return f"is the truth value {str(value).lower()}, not a text: put it in quotes"
    if isinstance(value, (int, float)):
        return f"is the number {value}, not a text: put it in quotes"
    if isinstance(value, date):
        return f"is the date {value.isoformat()}, not a text: put it in quotes"
    return f"is not a text: {reprlib.repr(value)[:_LONGEST_QUOTE]}"


def is_blank(value: object) -> bool:
    """Return whether a value counts as omitted: ``None``, or a text without visible characters."""
    return value is None or (isinstance(value, str) and not value[:1].isalnum() and not tidied(value))


def fold(name: str) -> str:
    """Return a name for comparison, without differences of case and of the composition of accented letters."""
    folded = tidied(name).casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


@final
class Email(str):
    """An e-mail address: the original text, compared without regard to case, composition and punycode.

    Compare it with another ``Email``, also in sets and as a key of dictionaries: ``Email(record["email"])``. When it is
    shown, sent or returned, it is a plain text.
    """

    __slots__ = ("key",)
    #: The address in the form that is compared.
    key: str

    def __new__(cls, value: object = "") -> Email:
        """Return the normalized text as an address, which may be invalid: see ``is_valid``."""
        if isinstance(value, Email):
            return value
        if value is None:
            return _NOBODY
        email = super().__new__(cls, tidied(value))
        email.key = _key_of(email)
        return email

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Email):
            return self.key == other.key
        return isinstance(other, str) and self.key == Email(other).key

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.key)

    def __deepcopy__(self, _memo: object) -> Email:
        return self

    @property
    def is_valid(self) -> bool:
        """Return whether the form of the address is valid; letters of all scripts are allowed."""
        local_part = self.key.rpartition("@")[0]
        if len(local_part) > _LONGEST_LOCAL_PART or len(self) > _LONGEST_ADDRESS:
            return False
        letters = self.key
        if not letters.isascii():
            letters = "".join("x" if _is_foreign_letter(character) else character for character in letters)
        return _ADDRESS.fullmatch(letters) is not None

    @property
    def has_many_spellings(self) -> bool:
        """Return whether a search for this text may miss another spelling of the same address."""
        return "+" in self or not self.key.isascii()


def _is_foreign_letter(character: str) -> bool:
    # Modifier letters that look like apostrophes, and variants of ASCII letters, are not letters of another script.
    is_letter = not character.isascii() and unicodedata.category(character)[0] in "LMN"
    return is_letter and not _MODIFIER.match(character) and not unicodedata.normalize("NFKC", character).isascii()


def _key_of(address: str) -> str:
    key = str(address).lower()
    if key.isascii() and _PUNYCODE not in key:
        return key
    local_part, at, domain = key.rpartition("@")
    labels = ".".join(map(_label_in_unicode, domain.split(".")))
    return unicodedata.normalize("NFC", f"{local_part}{at}{labels}")


def _label_in_unicode(label: str) -> str:
    if not label.startswith(_PUNYCODE):
        return label
    try:
        decoded = label[len(_PUNYCODE) :].encode("ascii").decode("punycode").lower()
    except ValueError:
        return label
    return label if decoded.isascii() or decoded.startswith(_PUNYCODE) else decoded


#: The address of a record or row without an address.
_NOBODY = Email("")
