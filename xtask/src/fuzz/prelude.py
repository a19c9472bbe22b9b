# What the programs of `cargo x fuzz` begin with: printing values in a way that does
# not depend on addresses or on the order of sets, and bounds.
import array, ast, binascii, bisect, codecs, collections, copy, decimal, fractions, functools, heapq
import itertools, json, math, operator, re, statistics, string, struct, sys, textwrap, types
import unicodedata, warnings, zlib
import builtins
warnings.simplefilter("ignore")
sys.setrecursionlimit(300)
ticks = 0

class Tired(BaseException): pass

def tick():
    global ticks
    ticks += 1
    if ticks > 3000: raise Tired

def show(v, depth=0):
    t = type(v)
    if depth > 6: return "..."
    if t in (set, frozenset): return t.__name__ + "{" + ", ".join(sorted(show(x, depth + 1) for x in v)) + "}"
    if t is list: return "[" + ", ".join(show(x, depth + 1) for x in v[:60]) + "]"
    if t is tuple: return "(" + ", ".join(show(x, depth + 1) for x in v[:60]) + ",)"
    if t is dict: return "{" + ", ".join(show(k, depth + 1) + ": " + show(x, depth + 1) for k, x in list(v.items())[:60]) + "}"
    if t in (int, str, bytes, bytearray):
        text = ascii(v)
        return text if len(text) < 600 else f"{text[:300]}..{len(text)}..{text[-200:]}"
    if t in (float, complex, bool, range, slice, type(None), type(NotImplemented)): return repr(v)
    if t in (collections.deque, array.array, decimal.Decimal, fractions.Fraction, types.SimpleNamespace):
        return repr(v)
    if t in (collections.OrderedDict, collections.Counter): return t.__name__ + show(dict(v), depth + 1)
    if t is re.Match: return "match " + show((v.span(), v.groups(), v.groupdict()), depth + 1)
    if isinstance(v, type): return "class " + v.__name__
    if t is memoryview: return "memoryview " + repr(bytes(v))
    if hasattr(v, "__next__"):
        name = t.__name__
        return name + " " + show(list(itertools.islice(v, 30)), depth + 1)
    if t in (type({}.keys()), type({}.values()), type({}.items())): return t.__name__ + show(list(v), depth + 1)
    return "a " + t.__name__

# Of what has an identity instead of a value it is an address.
def hash(v):
    h = builtins.hash(v)
    return h if type(v) in (int, float, complex, str, bytes, tuple, frozenset) and v == v else 0

def context(e):
    names = []
    while e is not None and len(names) < 5:
        names.append(type(e).__name__ + ("!" if e.__suppress_context__ else ""))
        e = e.__context__
    return names

def attempt(f):
    try: return show(f())
    except Exception as e: return type(e).__name__ + ": " + str(e)

def drive(g, sent):
    seen = []
    for x in sent:
        try:
            seen.append(g.throw(x) if isinstance(x, BaseException) else g.send(x))
        except StopIteration as e:
            seen.append(("stop", e.value)); break
        except Exception as e:
            seen.append((type(e).__name__, str(e), context(e))); break
        except GeneratorExit:
            seen.append("exit"); break
    g.close()
    return seen

class Manager:
    def __init__(self, out, name, *swallow): self.out, self.name, self.swallow = out, name, swallow
    def __enter__(self): self.out.append(("enter", self.name)); return self.name
    def __exit__(self, kind, error, trace):
        self.out.append(("exit", self.name, kind and kind.__name__))
        return kind is not None and issubclass(kind, self.swallow)

class Base:
    k = 0
    def __init__(self, *args): self.args_ = args
    def greet(self): return "hello from " + type(self).__name__
    def method(self): return "base"

class Mixin:
    def greet(self): return "mixin " + str(self.k)

def check(n, expression, definition=""):
    global ticks
    ticks = 0
    try:
        exec(definition, globals())
        text = show(eval(expression))
    except SyntaxError as e: text = f"SyntaxError: {e.msg} {e.lineno} {e.offset} {e.end_lineno} {e.end_offset}"
    except Exception as e: text = type(e).__name__ + ": " + ascii(str(e))
    except Tired: text = "tired"
    print(n, text, flush=True)

