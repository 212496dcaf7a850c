# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts and e-mail addresses as values, made once where they come in. Private to the collection.

``tidied`` is how a text is kept, ``flaw_in`` what keeps it from being taken. An ``Email`` is the text that people or
the service wrote, and is compared as an address. What the service itself says is tidied and never refused.
"""

from __future__ import annotations

import re
import reprlib
import unicodedata
from datetime import date
from typing import final

from ansible_collections.tallyfy.platform.plugins.module_utils._texts import harmful_character

#: Spaces that only keep a line from being broken there. Nobody sees that they are others.
_UNBREAKABLE = re.compile("[\u00a0\u202f]")
_INVISIBLE = ("Cc", "Cf")
_LONGEST_QUOTE = 100
#: What a spreadsheet leaves of a value: an error, or a long number that was shortened.
_SPREADSHEET_ERROR = re.compile(
    r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|BUSY!|CONNECT!|UNKNOWN!|GETTING_DATA"
    r"|ERROR!|#+)",
    re.IGNORECASE,
)
_BEGINS_WHAT_IS_BROKEN = tuple("#+-0123456789")
_SHORTENED_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# An apostrophe stands in names such as O'Brien; at an end it is a quotation mark.
_ADDRESS = re.compile(
    rf"(?!['`]){_ATOM}(?:\.{_ATOM})*(?<!['`])@(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}(?<!\.[a-z0-9])", re.IGNORECASE
)
_MODIFIER = re.compile("[\u02b0-\u02ff\ua78b\ua78c]")
_LONGEST_LOCAL_PART = 64
_LONGEST_ADDRESS = 254
_PUNYCODE = "xn--"


def tidied(value: object) -> str:
    """Return a text as it is kept: in NFC, with plain spaces, and nothing at its ends that cannot be seen."""
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
    """Return why a tidied text is not taken, ``None`` when it is; one that ``has_lines`` may have tabs, too."""
    if longest is not None and len(text) > longest:
        return f"has {len(text)} characters, at most {longest} are allowed"
    if text.isascii() and text.isprintable() and text[:1] not in _BEGINS_WHAT_IS_BROKEN:
        # Nearly every value; in rosters of thousands of people each microsecond counts.
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
    """Return why a value is no text; what YAML and JSON make of one without quotes is told as that."""
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
    """Return whether a value is left out: not there, or a text in which nothing can be seen."""
    return value is None or (isinstance(value, str) and not value[:1].isalnum() and not tidied(value))


def fold(name: str) -> str:
    """Return a name as it is compared: neither case matters, nor how an accented letter is made up."""
    folded = tidied(name).casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


@final
class Email(str):
    """An e-mail address: the text that somebody wrote, compared without regard to case, composition or punycode.

    Compare it with another one, in sets and as a key of dictionaries too: ``Email(record["email"])``. It is a plain
    text for whatever shows or sends it, and results hold it as one.
    """

    __slots__ = ("key",)
    #: The address as it is compared.
    key: str

    def __new__(cls, value: object = "") -> Email:
        """Return the tidied text as an address, which may be none: see ``is_valid``."""
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
        """Return whether mail can be sent to it, as far as its form tells; letters of all scripts are letters."""
        local_part = self.key.rpartition("@")[0]
        if len(local_part) > _LONGEST_LOCAL_PART or len(self) > _LONGEST_ADDRESS:
            return False
        letters = self.key
        if not letters.isascii():
            letters = "".join("x" if _is_foreign_letter(character) else character for character in letters)
        return _ADDRESS.fullmatch(letters) is not None

    @property
    def has_many_spellings(self) -> bool:
        """Return whether a search for the text may miss the same address in another spelling."""
        return "+" in self or not self.key.isascii()


def _is_foreign_letter(character: str) -> bool:
    # What looks like an apostrophe or a smaller letter of ours is none of another script, nor is a wide one.
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


#: The address of a record or a row that has none.
_NOBODY = Email("")
