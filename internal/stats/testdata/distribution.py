"""Writes distribution.jsonl: tails and quantiles with 25 digits or more, for distribution_test.go.

mpmath 1.4.1 with gmpy2, Python 3.11. Each line: function, arguments, value.
The logarithms are natural ones.
"""
import json
from statistics import NormalDist
from mpmath import mp, mpf, erfc, sqrt, log, exp

mp.dps = 25

def quad(f, points):
    """Gauss-Legendre with 20 points on each panel."""
    total = mpf(0)
    for lo, hi in zip(points, points[1:]):
        half, mid = (hi - lo) / 2, (hi + lo) / 2
        total += half * sum(w * f(mid + half * x) for x, w in RULE)
    return total

def rule(n):
    out = []
    for i in range(n):
        near = -mp.cos(mp.pi * (i + mpf(3) / 4) / (n + mpf(1) / 2))
        x = mp.findroot(lambda x: mp.legendre(n, x), (near, near + mpf(10) ** -6))
        d = n * (x * mp.legendre(n, x) - mp.legendre(n - 1, x)) / (x * x - 1)
        out.append((x, 2 / ((1 - x * x) * d * d)))
    return out

RULE = rule(20)

def normal(z):
    return erfc(mpf(z) / sqrt(2)) / 2

def student(t, df):
    t, df = mpf(t), mpf(df)
    if t < 0:
        return 1 - student(-t, df)
    if t == 0:
        return mpf(1) / 2
    # the tail by quadrature over sinh s, cut where it has fallen by 1e-30
    s = mp.asinh(t / sqrt(df))
    width = 75 / (df * mp.tanh(s) + sqrt(df))
    tau = mp.tanh(s)
    f = lambda u: exp(-df * mp.log1p(2 * mp.sinh(u / 2) ** 2 + tau * mp.sinh(u)))
    total = quad(f, mp.linspace(0, width, 80 if df < 50 else 13))
    lead = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - log(mp.pi) / 2 - df * log(mp.cosh(s))
    return exp(lead) * total

def chi(x, df):
    x, df = mpf(x), mpf(df)
    if x == 0:
        return mpf(1)
    a, y = df / 2, x / 2
    w = 8 * 20 / (abs(y - a + 1) + sqrt(a)) * 3
    f = lambda v: exp(-y * v + (a - 1) * mp.log1p(v))
    if y < a + 4 * sqrt(a) + 4:
        # series of the lower function, all terms positive
        term = total = 1 / a
        k = a
        while term > total * mpf(10) ** -24:
            k += 1
            term *= y / k
            total += term
        return 1 - exp(a * log(y) - y - mp.loggamma(a)) * total
    total = quad(f, mp.linspace(0, w, 25))
    return exp(a * log(y) - y - mp.loggamma(a)) * total

def beta(x, a, b):
    x, a, b = mpf(x), mpf(a), mpf(b)
    # series 26.5.4 of Abramowitz and Stegun on the side where it is short
    flip = x > a / (a + b)
    if flip:
        x, a, b = 1 - x, b, a
    term = total = mpf(1)
    k = 0
    while term > total * mpf(10) ** -24:
        term *= x * (a + b + k) / (a + 1 + k)
        total += term
        k += 1
    p = exp(a * log(x) + b * log(1 - x) - mp.loggamma(a) - mp.loggamma(b) + mp.loggamma(a + b)) / a * total
    return 1 - p if flip else p

out = []
def put(name, args, value):
    out.append({"function": name, "args": [float(a) for a in args], "want": float(value)})

for z in [-40, -8, -1, -1e-9, 0, 1e-9, .5, 1, 1.96, 5, 9.99, 10, 13, 20, 37.5, 38.4, 100, 1e4]:
    put("normal_upper_ln", [z], log(normal(z)))
for p in [1e-300, 1e-100, 1e-40, 1e-16, 1e-9, 1e-4, .025, .2, .4999, .5, .7, .975, .999]:
    lo = mp.findroot(lambda z: log(normal(-z)) - log(mpf(p)), NormalDist().inv_cdf(p))
    put("normal_quantile", [p], lo)
ts = [1e-12, .1, .7, 1.9, 4, 10, 40, 1e6]
dfs = [.5, 1.31201248049922, 2, 5, 30, 299, 302, 4589.376685240364, 2e8]
for df in dfs:
    for t in ts:
        put("student_upper_ln", [t, df], log(student(t, df)))
    put("student_upper_ln", [-2.5, df], log(student(-2.5, df)))
for df in [.5, 1.31201248049922, 4, 30, 4589.376685240364, 2e8]:
    for t in [1e-2, .5, .7, 2, 6, 36]:
        q = student(t, df)
        if q > 1e-290:  # the argument is rounded to a float: t moves by less than that
            put("student_upper_quantile", [q, df], t)
for df in [.3, 1, 2, 7, 29, 31, 999, 1e4]:
    for r in [0, 1e-6, .5, .99, 1, 1.2, 2, 30, 1000]:
        put("chi_square_upper_ln", [r * df, df], log(chi(r * df, df)))
for a, b in [(1, 1), (.5, .5), (2, 30), (100, 900), (1000.5, 3.5), (5e4, 9.5e5), (3, 1000)]:
    m = mpf(a) / (a + b)
    s = sqrt(m * (1 - m) / (a + b))
    for k in [-6, -2, -.3, 0, .4, 2, 6, 20]:
        x = float(m + k * s)
        if 0 < x < 1:
            put("beta_lower", [x, a, b], beta(x, a, b))
with open("distribution.jsonl", "w") as f:
    for o in out:
        if o["want"] in (float("inf"), float("-inf")): continue
        f.write(json.dumps(o) + "\n")
print(len(out))
