"""Chats as WhatsApp exports them."""

import pytest

from neuraltopic.reading.readers import open_corpus

ANDROID = """12/01/24, 10:02 - Messages and calls are end-to-end encrypted. Tap to learn more.
12/01/24, 10:02 - Ann: Hello: is it
raining?

Yes
12/01/24, 10:03 - Bob: <Media omitted>
12/01/24, 10:04 - Ann added Carl
13/01/24, 9:05 - Bob: IMG-1.jpg (file attached)
13/01/24, 9:06 - Carl B.: no
"""
IOS = """[12.01.2024, 10:02:01] Our group: \u200eMessages and calls are end-to-end encrypted.
[12.01.2024, 10:02:01] Ann: Hello: is it
raining?

Yes
\u200e[12.01.2024, 10:03:11] Bob: \u200eimage omitted
[12.01.2024, 10:04:00] Carl B.: no
"""
AMERICAN = """1/31/24, 9:02\u202fPM - Ann: yes
2/1/24, 12:00\u202fAM - Bob: no
"""


def rows(tmp_path, content):
    path = tmp_path / "chat.txt"
    path.write_bytes(content.encode("utf-8"))
    return list(open_corpus(path))


def test_a_message_is_a_document(tmp_path):
    found = rows(tmp_path, ANDROID)
    assert [row.text for row in found] == ["", "Hello: is it\nraining?\n\nYes", "", "", "", "no"]
    assert [row.id for row in found] == ["1", "2", "6", "7", "8", "9"]
    assert (found[1].line, found[1].n_lines) == (2, 4)
    assert found[1].metadata == {"author": "Ann", "date": "12/01/24, 10:02"}
    assert found[3].metadata == {"author": "", "date": "12/01/24, 10:04"}
    assert found[5].metadata["author"] == "Carl B."


def test_a_chat_of_ios(tmp_path):
    found = rows(tmp_path, IOS)
    assert [row.text for row in found] == ["", "Hello: is it\nraining?\n\nYes", "", "no"]
    assert [row.metadata["author"] for row in found] == ["Our group", "Ann", "Bob", "Carl B."]
    assert found[1].metadata["date"] == "12.01.2024, 10:02:01"


def test_dates_of_twelve_hours(tmp_path):
    assert [row.metadata["date"] for row in rows(tmp_path, AMERICAN)] == [
        "1/31/24, 9:02\u202fPM",
        "2/1/24, 12:00\u202fAM",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "2024-01-02 10:02:03,123 - INFO - model: loaded\n2024-01-02 10:02:04,001 - INFO - model: saved\n",
        "2024-01-02 10:02 was late: we waited\n2024-01-02 10:03 was later: we left\n",
        "12/01/24, 10:02 - Ann: Hello\nand nothing else\n",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_dates_before_other_lines_make_no_chat(tmp_path, content):
    assert [row.text for row in rows(tmp_path, content)] == content.splitlines()


DISCORD = """==============================================================
Guild: Test
Channel: general
==============================================================

[12-Jan-24 10:02 AM] ann#1234
Hello: is it
raining?

Yes

{Reactions}
x (2)

[12-Jan-24 10:03 AM] bob
{Attachments}
https://cdn.example.org/a.png


[13-Jan-24 09:05 AM] ann#1234 (pinned)
no

==============================================================
Exported 3 message(s)
==============================================================
"""


def test_a_chat_of_discord_has_authors_in_lines_of_their_own(tmp_path):
    found = rows(tmp_path, DISCORD)
    assert [row.text for row in found] == ["Hello: is it\nraining?\n\nYes", "", "no"]
    assert [row.id for row in found] == ["6", "15", "20"]
    assert [row.metadata["author"] for row in found] == ["ann#1234", "bob", "ann#1234 (pinned)"]
    assert found[0].metadata["date"] == "12-Jan-24 10:02 AM"
    first = DISCORD.index("[")
    assert [row.text for row in rows(tmp_path, DISCORD[first:])] == [row.text for row in found]


def test_a_message_that_cannot_be_decoded_is_said_to_be(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_bytes(b"12/01/24, 10:02 - Ann: one\n12/01/24, 10:03 - Bob: tw\xff\xfeo\n12/01/24, 10:04 - Ann: three\n")
    found = list(open_corpus(path, encoding="utf-8"))
    assert [row.text for row in found] == ["one", None, "three"]
    assert found[1].problem
