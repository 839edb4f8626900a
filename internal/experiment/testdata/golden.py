"""Writes golden.tsv: where 1,000 units fall, for ever.

It shares no code with Weir: the hash is the C library of xxHash, through
python-xxhash 4.1.0, and the boundaries are Python's own integers.

    pip install xxhash && python3 golden.py > golden.tsv

golden.tsv is not to be written anew. A difference between it and the Go code
means that running experiments would reshuffle their users.
"""
import base64
import hashlib
import uuid

import xxhash


def place(salt, kind, unit):
    return xxhash.xxh64_intdigest(b"\0".join(s.encode() for s in (salt, kind, unit)), seed=0)


def boundary(percent):
    return percent * 2**64 // 100


def pair(u):  # 50/50
    return "a" if u < boundary(50) else "b"


def triple(u):  # 50/30/20
    return "a" if u < boundary(50) else "b" if u < boundary(80) else "c"


def canary(u):  # 10 %, two-ended; "-" is the middle
    w = boundary(10)
    return "candidate" if u < w else "baseline" if u >= 2**64 - w else "-"


def digest(i):
    return hashlib.sha256(b"weir golden %d" % i).digest()


def units():
    first = ["ada", "grace", "alan", "edsger", "barbara", "donald", "radia", "ken"]
    for i in range(1, 151):
        yield "user", str(i)
    for i in range(150):
        yield "user", "user-%06d" % (i * 37)
    for i in range(200):
        yield "user", "%s.%d@example.%s" % (first[i % 8], i, ["com", "org", "net"][i % 3])
    for i in range(150):
        yield "user", str(uuid.UUID(bytes=digest(i)[:16], version=4))
    for i in range(120):
        yield "session", base64.urlsafe_b64encode(digest(1000 + i)[:16]).decode().rstrip("=")
    for i in range(80):
        yield "key", "team-%d" % i
    for i in range(60):
        yield "user", digest(2000 + i).hex()
    for i, name in enumerate(["José", "Zoë", "山田太郎", "Ольга", "مريم", "🙂", "ñandú", "Þór", "한글", "Ωmega"]):
        for j in range(3):
            yield "user", "%s %d" % (name, i * 3 + j)
    for i in range(1, 61):
        yield "user", "x" * i  # across the lengths at which XXH64 changes its path


print("kind\tunit\thash\tpair\ttriple\tcanary")
for kind, unit in units():
    u = place("golden-pair/1", kind, unit)
    print("\t".join([kind, unit, "%016x" % u, pair(u), triple(place("golden-triple/1", kind, unit)),
                     canary(place("golden-canary/1", kind, unit))]))
