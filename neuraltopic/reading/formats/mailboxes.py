"""Rows of a mailbox in the mbox format, one per message."""

import email
import email.policy
import mailbox
from collections.abc import Iterator
from pathlib import Path

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.formats.document_files import header_text, message_text
from neuraltopic.reading.rows import Row

_HEADERS = ("subject", "from", "date")


def mbox_rows(path: Path) -> Iterator[Row]:
    """Read the messages; subject, sender and date are metadata.

    Raises
    ------
    NeuralTopicError
        When the file cannot be read.
    """
    try:
        box = mailbox.mbox(path, create=False)
    except (OSError, mailbox.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NeuralTopicError(str(path), expected="a mailbox", got=reason, hint="Check the path") from error
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            message = email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
            text, metadata, problem = None, {}, ""
            try:
                metadata = {name: header_text(message[name]) for name in _HEADERS}
                text = message_text(message).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            except UsageError as error:
                problem = str(error)
            # A malformed message costs only itself; the standard library fails on them in many ways.
            except Exception as error:
                problem = f"unreadable: {type(error).__name__} {error}".strip()[:200]
            yield Row(str(number), text, dict[str, object](metadata), problem=problem)
    finally:
        box.close()
