#!/usr/bin/env python3
"""Write the seeds of fuzz/corpus/ for the rooms bytes, wire, text, copy and session.

The conversations are recorded from a real PostgreSQL (the embedded one, started for the purpose), so that the corpus,
and the C tests that read it, hold what a server really sends. A session file is a line of requests and then the bytes
of the server: U start-up, Q query, P parse, B bind, s describe a statement, p describe a portal, E execute, C close a
statement, S sync; a blank means that the next request waits until everything before it was answered.

Process ids, keys and times differ from run to run: run it when the conversations change, not to see whether they are
current.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

import howdah.server

CORPUS = Path(__file__).resolve().parent.parent / "fuzz" / "corpus"

Message = tuple[str, bytes]  # letter of the request, bytes to send


def message(kind: str, body: bytes) -> bytes:
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def query(sql: str) -> Message:
    return "Q", message("Q", sql.encode() + b"\0")


def parse(sql: str, name: str = "") -> Message:
    return "P", message("P", f"{name}\0{sql}\0".encode() + b"\0\0")


def bind(*values: str, statement: str = "", binary: bool = False) -> Message:
    params = b"".join(struct.pack("!i", len(v.encode())) + v.encode() for v in values)
    formats = b"\0\1\0\1" if binary else b"\0\0"
    return "B", message("B", f"\0{statement}\0".encode() + struct.pack("!hh", 0, len(values)) + params + formats)


def describe_statement(name: str = "") -> Message:
    return "s", message("D", b"S" + name.encode() + b"\0")


def close(name: str = "") -> Message:
    return "C", message("C", b"S" + name.encode() + b"\0")


def execute(max_rows: int = 0) -> Message:
    return "E", message("E", b"\0" + struct.pack("!i", max_rows))


DESCRIBE_PORTAL: Message = ("p", message("D", b"P\0"))
SYNC: Message = ("S", message("S", b""))


def extended(sql: str, *values: str, binary: bool = False) -> list[Message]:
    return [parse(sql), bind(*values, binary=binary), DESCRIBE_PORTAL, execute()]


@dataclass
class Conversation:
    """Groups of requests; each group is sent when the one before was answered."""

    groups: list[list[Message]]
    copy_data: list[bytes] = field(default_factory=list)  # answers CopyInResponse, followed by copy_end
    copy_end: bytes = message("c", b"")
    with_startup: bool = False
    options: dict[str, str] = field(default_factory=dict)


def ask(*requests: Message) -> Conversation:
    return Conversation([list(requests)])


FAILING = [parse("select 1/(3-i) from generate_series(1,5) i"), bind(), execute()]

CONVERSATIONS = {
    "startup": Conversation([], with_startup=True),
    "startup-fatal": Conversation([], with_startup=True, options={"database": "there-is-none"}),
    "startup-select": Conversation([[query("select 1")]], with_startup=True),
    "simple": ask(query("select i, 'row ' || i, null from generate_series(1, 5) i")),
    "simple-many": ask(query("select 1 as a; ; select 2 as b where false; create temp table t (i int); select")),
    "simple-empty": ask(query("")),
    "simple-error": ask(query("select 1; select i/(i-2) from generate_series(1, 3) i; select 3")),
    "simple-syntax-error": ask(query("selec")),
    "transaction": Conversation([[query(q)] for q in ("begin", "select 1", "oops", "select 2", "rollback")]),
    "extended": ask(*extended("select i, $1::text from generate_series(1, 5) i", "x"), SYNC),
    "extended-binary": ask(*extended("select 1::int8, 1.5::numeric, now(), '{1,2}'::int[]", binary=True), SYNC),
    "extended-no-rows": ask(*extended("select where false"), SYNC),
    "extended-no-data": ask(*extended("create temp table t (i int)"), SYNC),
    "extended-empty": ask(*extended(""), SYNC),
    "prepare": Conversation(
        [
            [parse("select $1::int + $2", "s1"), describe_statement("s1"), SYNC],
            [bind("1", "2", statement="s1"), execute(), SYNC],
            [bind("1", "2", statement="s1"), execute(), bind("3", "4", statement="s1"), execute(), SYNC],
            [close("s1"), SYNC],
            [bind("1", "2", statement="s1"), execute(), SYNC],
        ]
    ),
    "parse-error": ask(*extended("selec"), SYNC),
    "bind-error": ask(*extended("select $1::int", "x"), SYNC),
    "execute-error": ask(*FAILING, SYNC),
    "suspended": ask(parse("select generate_series(1, 5)"), bind(), execute(2), execute(2), execute(2), SYNC),
    "pipeline": ask(*(m for i in range(5) for m in (*extended("select $1::int", str(i)), SYNC))),
    "pipeline-one-sync": ask(*(m for i in range(5) for m in extended("select $1::int", str(i))), SYNC),
    "pipeline-error": ask(
        *extended("select 1"),
        *FAILING,
        *extended("select 2"),
        *FAILING,
        SYNC,
        *extended("select 3"),
        SYNC,
        *FAILING,
        SYNC,
    ),
    "sync-error": Conversation(
        [
            [query("create temp table d (i int unique deferrable initially deferred)")],
            [*extended("insert into d values (1), (1)"), SYNC],
        ]
    ),
    "copy-in": Conversation(
        [[query("create temp table c (i int, t text)")], [query("copy c from stdin")], [query("select * from c")]],
        [b"1\tone\n2\t", b"two\n"],
    ),
    "copy-in-extended": Conversation(
        [
            [query("create temp table c (i int, t text)")],
            [*extended("copy c from stdin"), SYNC],
            [*extended("select * from c"), SYNC],
        ],
        [b"1\tone\n2\ttwo\n"],
    ),
    "copy-in-fail": Conversation(
        [
            [query("create temp table c (i int, t text)")],
            [query("copy c from stdin")],
            [*extended("copy c from stdin"), SYNC],
        ],
        copy_end=message("f", b"changed my mind\0"),
    ),
    "copy-in-error": Conversation(
        [
            [query("create temp table c (i int, t text)")],
            [query("copy c from stdin")],
            [*extended("copy c from stdin"), SYNC],
        ],
        [b"one\ttwo\n"],
    ),
    "copy-in-refused": ask(*extended("copy there_is_none from stdin"), SYNC, *extended("select 1"), SYNC),
    "copy-in-then-more": Conversation(
        [[query("create temp table c (i int)")], [query("copy c from stdin; select count(*) from c")]], [b"1\n"]
    ),
    "copy-out": ask(query("copy (select generate_series(1, 3)) to stdout")),
    "copy-out-binary": ask(query("copy (select generate_series(1, 3)) to stdout (format binary)")),
    "copy-out-extended": ask(*extended("copy (select generate_series(1, 3)) to stdout"), SYNC),
    "copy-out-error": ask(query("copy (select 1/(3-i) from generate_series(1, 3) i) to stdout")),
    "copy-out-error-extended": ask(*extended("copy (select 1/(3-i) from generate_series(1, 3) i) to stdout"), SYNC),
    "copy-both": Conversation([[query("START_REPLICATION PHYSICAL 0/1000000")]], options={"replication": "true"}),
    "notice": ask(query("do $$ begin raise notice 'one'; raise warning 'two' using hint = 'three'; end $$")),
    "notify": Conversation(
        [[query("listen a")], [query("notify a, 'payload'")], [query("select 1; notify a; select 2")]]
    ),
    "settings": ask(query("set application_name = 'x'; set timezone = 'Asia/Tokyo'; select 1; reset all")),
    "killed": ask(query("select pg_terminate_backend(pg_backend_pid())")),
    "killed-extended": ask(*extended("select pg_terminate_backend(pg_backend_pid())"), SYNC),
}


class Client:
    """A connection that answers for itself and keeps every byte that the server sends."""

    def __init__(self, server: howdah.server.Server, conversation: Conversation) -> None:
        self.socket = socket.create_connection((server.host, server.port))
        self.conversation = conversation
        self.received = b""
        self.read = 0

    def next(self) -> str:
        """The type of the next message, "" at the end of the stream."""
        while True:
            rest = self.received[self.read :]
            if len(rest) >= 5 and len(rest) > struct.unpack("!i", rest[1:5])[0]:
                self.read += 1 + struct.unpack("!i", rest[1:5])[0]
                return chr(rest[0])
            data = self.socket.recv(65536)
            if not data:
                return ""
            self.received += data

    def until_answered(self, readies: int, extended: bool) -> bool:
        """Reads as many ReadyForQuery as are due, and answers COPY on the way; False when the server has gone."""
        while readies:
            kind = self.next()
            if kind == "":
                return False
            if kind == "Z":
                readies -= 1
            if kind in "GW":
                data = b"".join(message("d", d) for d in self.conversation.copy_data if kind == "G")
                self.socket.sendall(data + self.conversation.copy_end + (SYNC[1] if extended else b""))
        return True

    def start(self, options: dict[str, str]) -> bool:
        pairs = {"user": "postgres", "database": "postgres", **options}
        body = struct.pack("!i", 196608) + "".join(f"{k}\0{v}\0" for k, v in pairs.items()).encode() + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        return self.until_answered(1, False)


def record(server: howdah.server.Server, conversation: Conversation) -> tuple[str, bytes]:
    """The requests as letters, and what the server sent."""
    client = Client(server, conversation)
    requests = ["U"] if conversation.with_startup else []
    alive = client.start(conversation.options)
    if not conversation.with_startup:
        client.received, client.read = b"", 0
    for group in conversation.groups:
        letters = "".join(letter for letter, _ in group)
        requests.append(letters)
        if alive:
            client.socket.sendall(b"".join(data for _, data in group))
            alive = client.until_answered(sum(letters.count(c) for c in "QS"), "S" in letters)
    client.socket.close()
    return " ".join(requests), client.received


def messages_of(stream: bytes) -> list[bytes]:
    found = []
    while stream:
        n = 1 + struct.unpack("!i", stream[1:5])[0]
        found.append(stream[:n])
        stream = stream[n:]
    return found


# What no conversation above makes a server say.
UNRECORDED = {
    "sasl": message("R", b"\0\0\0\x0aSCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0"),
    "sasl-continue": message("R", b"\0\0\0\x0br=nonce,s=c2FsdA==,i=4096"),
    "sasl-final": message("R", b"\0\0\0\x0cv=c2lnbmF0dXJl"),
    "md5": message("R", b"\0\0\0\5salt"),
    "cleartext": message("R", b"\0\0\0\3"),
    "gss-continue": message("R", b"\0\0\0\x08token"),
    "negotiate": message("v", b"\0\3\0\0\0\0\0\2_pq_.a\0_pq_.b\0"),
    "long-key": message("K", b"\0\0\0\1" + bytes(range(32))),
    "function-result": message("V", b"\0\0\0\4\0\0\0\1"),
    "function-null": message("V", b"\xff\xff\xff\xff"),
}

SCRAM_STARTUP = b"".join(
    [
        UNRECORDED["negotiate"],
        UNRECORDED["sasl"],
        UNRECORDED["sasl-continue"],
        UNRECORDED["sasl-final"],
        message("R", b"\0\0\0\0"),
        message("S", b"TimeZone\0UTC\0"),
        UNRECORDED["long-key"],
        message("Z", b"I"),
    ]
)

QUERIES = [
    "select %s, %b, %t, %%",
    "insert into t (a, b) values (%(a)s, %(b)b) on conflict (a) do update set b = %(b)b",
    "select '%s', 'it''s %s', E'it\\'s %s', e'\\\\', U&'\\0041 %s', N'%s', B'1' %s",
    "select E'a'\n  'b\\'%s' -- 'x\n, %s",
    'select 1 as "%s", "a""%s", U&"%s", %s',
    "do $$ begin perform '%s'; end $$; select $x$ $$ %s $y$ $x$, a$x$ %s, $1$ %s",
    "select 1 -- %s it's\n, /* %s /* nested %s */ ' */ %s",
    "select 1 +-- %s\n 2 */* %s */ %s",
    "select 5 %% 2, 5 %\n 2, 100 %",
    "select %(a b)s, %(it's)s, %(\u00e9)s, %(a(b)s",
    "select %d",
    "select %(a",
    "select %(a)",
    "select %()s",
    "select 5 % 2",
    "select %s, %(a)s",
    "select %(a)s, %(a)b",
    "select '%(a' || f(x)s",
    "select 1; select ';'; /* ; */ -- ;\n",
    "select 1; select 2",
    "create function f() returns int begin atomic select 1; end",
    "".join(f"%(p{i % 300})s," for i in range(600)),
]


def write(room: str, files: dict[str, bytes]) -> None:
    folder = CORPUS / room
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    print(f"{room}: {len(files)} files")


# An encoding's number, and a row.
COPY_ROWS = [
    b"\0" + b"1\ttwo\t\\N\n",
    b"\0" + b"\\b\\f\\n\\r\\t\\v\\\\\t\\101\\x41\n",
    b"\0" + b"a long value without any escapes\tanother one\\tof that kind\n",
    b"\0" + b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\x2a",
    b"\1" + "表\tソ\\n\n".encode("shift_jis"),
    b"\2" + "許功蓋\t\\\\\n".encode("big5"),
    b"\2" + "\U0001f600\t丂\n".encode("gb18030"),
]


def main() -> None:
    session = {"scram": b"U\n" + SCRAM_STARTUP}
    streams = {}
    wire = {name: data[:1] + data[5:] for name, data in UNRECORDED.items()}
    seen: dict[int, int] = {}
    with howdah.server.start(
        settings={"wal_level": "replica", "max_wal_senders": 2},
        hba=["host replication all 127.0.0.1/32 trust"],
    ) as server:
        for name, conversation in CONVERSATIONS.items():
            requests, stream = record(server, conversation)
            streams[name] = stream
            session[f"pg-{name}"] = requests.encode() + b"\n" + stream
            for m in messages_of(stream):
                seen[m[0]] = seen.get(m[0], 0) + 1
                if seen[m[0]] <= 2 and len(m) < 500:
                    wire[f"pg-{'upper' if m[:1].isupper() else 'lower'}-{m[:1].decode()}{seen[m[0]]}"] = m[:1] + m[5:]
    chosen = ("startup-select", "extended", "pipeline-error", "copy-out")
    write("bytes", {f"pg-{name}": b"\x07" + streams[name] for name in chosen})
    write("wire", wire)
    write("text", {f"query-{i:02}": q.encode() for i, q in enumerate(QUERIES)})
    write("copy", {f"row-{i:02}": row for i, row in enumerate(COPY_ROWS)})
    write("session", session)


if __name__ == "__main__":
    main()
