"""Files damaged by chance: bytes flipped, cut, zeroed, moved, and words put where they do not belong."""

from __future__ import annotations

from random import Random

#: What a person or a tool may leave in a model file where it does not belong.
TOKENS = (
    *("INTEG (", "SMOOTH(", "DELAY FIXED(", "SUM(", "[District]", "[District!]", "RANDOM NORMAL(0,1,0,1,0)"),
    *("GET XLS CONSTANTS('a','b','c')", ":AND:", "IF THEN ELSE(", "WITH LOOKUP(", "(", ")", "1e999", "TIME STEP"),
    *(":EXCEPT: [A]", "VMAX(", "-> (A:B)", "INITIAL(", "|", "~", "1,2,3;4"),
)
MARKS = b"|~:=[](),+-*/{}!\"'\\ \n09azAZ%&<>^;"


def damaged_bytes(raw: bytes, seed: int) -> bytes:
    """Return a binary file with some of its bytes changed; never the same as before."""
    random = Random(seed)
    found = bytearray(raw)
    # Most damage that libraries stumble over lies among the first and last bytes, where the structure is kept.
    first = random.randrange(min(len(raw), random.choice([64, 4096, len(raw)])))
    length = random.randrange(1, 3000)
    match random.choice(["cut", "zeroed", "flipped", "head", "tail", "text", "empty", "moved", "grown"]):
        case "cut":
            del found[first:]
        case "zeroed":
            found[first : first + length] = bytes(len(found[first : first + length]))
        case "flipped":
            for _ in range(random.randrange(1, 20)):
                found[random.randrange(len(found))] ^= 1 << random.randrange(8)
        case "head":
            found[first] ^= random.randrange(1, 256)
        case "tail":
            found[-1 - first] ^= random.randrange(1, 256)
        case "text":
            found = bytearray(b"name: plan\n" * random.randrange(1, 100))
        case "empty":
            found.clear()
        case "moved":
            part = found[first : first + length]
            del found[first : first + length]
            place = random.randrange(len(found) + 1)
            found[place:place] = part
        case "grown":
            found[first:first] = random.randbytes(random.randrange(1, 50))
    return bytes(found) if bytes(found) != raw else raw[:-1]


def damaged_model(raw: bytes, seed: int) -> bytes:
    """Return a model file after a slip of the hand or a failed copy."""
    random = Random(seed)
    found, lines = bytearray(raw), raw.split(b"\n")
    place, line, other = random.randrange(len(raw)), random.randrange(len(lines)), random.randrange(len(lines))
    match random.choice(["cut", "deleted", "typed", "twice", "lost", "swapped", "word", "word", "zeroed", "not utf-8"]):
        case "cut":
            del found[place:]
        case "deleted":
            del found[place : place + random.randrange(1, 30)]
        case "typed":
            for _ in range(random.randrange(1, 6)):
                found[random.randrange(len(found))] = random.choice(MARKS)
        case "twice":
            lines.insert(line, lines[line])
            return b"\n".join(lines)
        case "lost":
            del lines[line]
            return b"\n".join(lines)
        case "swapped":
            lines[line], lines[other] = lines[other], lines[line]
            return b"\n".join(lines)
        case "word":
            found[place:place] = random.choice(TOKENS).encode()
        case "zeroed":
            found[place : place + 20] = bytes(len(found[place : place + 20]))
        case "not utf-8":
            found[place] = 0xFF
    return bytes(found)
