# Makes decisions.jsonl: cases of the sequential, SRM, power, decision and Bayesian
# methods, by SciPy 1.17.1, statsmodels 0.15.0 and mpmath 1.4.1 (50 digits), Python 3.
#   python3 decisions.py > decisions.jsonl
import json
import math

import numpy as np
from mpmath import mp, mpf
from scipy import integrate, optimize, stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower, TTestIndPower

mp.dps = 50
norm = stats.norm


def case(method, inputs, outputs):
    clean = {}
    for k, v in outputs.items():
        if isinstance(v, (list, np.ndarray)):
            v = [float(x) for x in v]
        elif isinstance(v, (np.bool_, bool)):
            v = bool(v)
        elif v is not None and not isinstance(v, (str, int)):
            v = float(v)
        clean[k] = v
    print(json.dumps({"method": method, "inputs": inputs, "outputs": clean}))


def rho_of(a, star):
    return mp.sqrt((-2 * mp.log(a) + mp.log(1 - 2 * mp.log(a))) / star)


def asymptotic(na, ma, va, nb, mb, vb, a, star, relative, inputs):
    na, ma, va, nb, mb, vb = map(mpf, (na, ma, va, nb, mb, vb))
    est, var = mb - ma, va / na + vb / nb
    if relative:
        est = est / abs(ma)
        var = vb / nb / ma**2 + va / na * mb**2 / ma**4
    n, se, rho = na + nb, mp.sqrt(var), rho_of(mpf(a), mpf(star))
    k = n * rho**2
    half = se * mp.sqrt(n) * mp.sqrt(2 * (k + 1) * mp.log(mp.sqrt(k + 1) / a) / (n * rho) ** 2)
    loge = rho**2 * n * (est / se) ** 2 / (2 * (k + 1)) - mp.log(k + 1) / 2
    case("sequential_asymptotic_cs", inputs, {"estimate": est, "standard_error": se, "rho": rho, "ci_low": est - half, "ci_high": est + half,
         "log_e_value": loge, "p_value": min(mpf(1), mp.e**-loge)})


for xa, na, xb, nb, a, star, kind in [(300, 3000, 305, 3000, .05, 5000, "relative"), (1, 20, 9, 30, .01, 100, "absolute"), (95000, 1900000, 5500, 100000, .001, 5000, "absolute"),
                                     (50000000, 100000000, 50100000, 100000000, .05, 5000, "relative"), (2, 40, 38, 40, .05, 50, "absolute"), (1, 2, 1, 2, .2, 1e6, "absolute")]:
    pa, pb = mpf(xa) / na, mpf(xb) / nb
    asymptotic(na, pa, pa * (1 - pa), nb, pb, pb * (1 - pb), a, star, kind == "relative",
               {"successes_a": xa, "n_a": na, "successes_b": xb, "n_b": nb, "difference_type": kind, "alpha": a, "tuning_n_star": star})
rng = np.random.default_rng(4)
for offset, n, kind in [(0, 50, "absolute"), (-20, 8, "relative"), (10**9, 200, "absolute"), (10**9, 200, "relative")]:
    xs, ys = [[offset + int(v) for v in rng.integers(1, 9, n + d)] for d in (0, 3)]
    m = []
    for v in (xs, ys):
        mean = mpf(sum(v)) / len(v)
        m += [len(v), mean, sum((x - mean) ** 2 for x in v) / (len(v) - 1)]
    asymptotic(*m, .05, 5000, kind == "relative", {"sum_a": sum(xs), "sum_squares_a": sum(x * x for x in xs), "n_a": len(xs), "sum_b": sum(ys), "sum_squares_b": sum(x * x for x in ys),
               "n_b": len(ys), "difference_type": kind, "alpha": .05, "tuning_n_star": 5000})

for n, a, star in [(1, .05, 5000), (10, .05, 5000), (5000, .01, 5000), (10**8, .05, 5000), (10**6, 1e-6, 10), (3, .9, 100)]:
    rho = rho_of(mpf(a), mpf(star))
    k = n * rho**2
    half = mp.sqrt(2 * (k + 1) / k * mp.log(mp.sqrt(k + 1) / a))
    z = norm.isf(a / 2)
    case("sequential_multiplier", {"n_total": n, "alpha": a, "tuning_n_star": star}, {"rho": rho, "half_width_in_standard_errors": half, "fixed_horizon_z": z, "inflation": half / z})

for d, n, v, t in [(0, 100, 2, 1), (0.1, 5000, 2.5, .01), (-.3, 1000, 2, .1), (5, 10**6, 1, 1), (1e-9, 10**8, 1e-12, 1e-12), (3, 2, .5, 100)]:
    d_, n_, v_, t_ = map(mpf, (d, n, v, t))
    log = mp.log(v_ / (v_ + n_ * t_)) / 2 + n_**2 * t_ * d_**2 / (2 * v_ * (v_ + n_ * t_))
    out = {"log_likelihood_ratio": log, "p_value": min(mpf(1), mp.e**-log)}
    if log < 700:
        out["likelihood_ratio"] = mp.e**log
    case("msprt_normal", {"difference": d, "n_per_arm": n, "variance_a_plus_variance_b": v, "mixing_variance_tau2": t}, out)


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def bernoulli(x, n, a, best):
    best, l = mpf(best), -2 * mp.log(mpf("0.05"))
    c = max(best / (l + mp.log(1 + l)) - 1, mpf("1e-3"))

    def over(p):
        return log_beta(p * c + x, (1 - p) * c + n - x) - log_beta(p * c, (1 - p) * c) - x * mp.log(p) - (n - x) * mp.log(1 - p) + mp.log(mpf(a))

    def solve(lo, hi, up):
        for _ in range(140):
            mid = (lo + hi) / 2
            if (over(mid) > 0) == up:
                hi = mid
            else:
                lo = mid
        return lo

    rate = mpf(x) / n
    tiny = mpf("1e-30")
    low = mpf(0) if x == 0 or over(tiny) <= 0 else solve(tiny, rate if x < n else 1 - tiny, False)
    high = mpf(1) if x == n or over(1 - tiny) <= 0 else solve(rate if x else tiny, 1 - tiny, True)
    case("bernoulli_confidence_sequence", {"successes": x, "trials": n, "alpha": a, "optimized_at_trials": best and float(best)}, {"ci_low": low, "ci_high": high})


for args in [(0, 10, .05, 50), (10, 10, .05, 50), (50, 100, .05, 100), (3, 1000, .01, 500), (620000, 1000000, .05, 1000), (1, 100000, .05, 20), (999, 1000, .001, 100)]:
    bernoulli(*args)

for v, a, best, abest, sides, in [(100, .05, 100, .05, 2), (1, .01, 100, .05, 1), (1e6, .05, 100, .05, 1), (1e6, 1e-6, 1, .01, 2), (0, .05, 10, .05, 1), (50, .4, 10, .3, 1)]:
    aa = mpf(abest) * (2 if sides == 1 else 1)
    l = -2 * mp.log(aa)
    rho = best / (l + mp.log(1 + l))

    def log(s):
        w = mpf(v) + rho
        out = mp.log(rho / w) / 2 + s**2 / (2 * w)
        return out + (mp.log(2) + mp.log(mp.ncdf(s / mp.sqrt(w))) if sides == 1 else 0)

    lo, hi = mpf(-10) * mp.sqrt(v + rho) if sides == 1 else mpf(0), 50 * mp.sqrt(v + rho)
    for _ in range(160):
        mid = (lo + hi) / 2
        lo, hi = (lo, mid) if log(mid) > -mp.log(mpf(a)) else (mid, hi)
    case("normal_mixture_bound", {"intrinsic_time_v": v, "alpha": a, "v_opt": best, "alpha_opt": abest, "sides": sides}, {"bound": lo, "log_mixture_at_s10": log(mpf(10)), "rho": rho})


def srm(observed, weights):
    keep = [(o, w) for o, w in zip(observed, weights) if w > 0]
    o, w = np.array([k[0] for k in keep], float), np.array([k[1] for k in keep], float)
    e = w / w.sum() * o.sum()
    chi = float(((o - e) ** 2 / e).sum())
    return chi, len(o) - 1, stats.chi2.sf(chi, len(o) - 1), stats.chi2.logsf(chi, len(o) - 1)


for o, w in [([5050, 4950], [1, 1]), ([950, 52], [95, 5]), ([1, 2, 0, 3], [1, 1, 0, 1]), ([50000000, 50100000], [.5, .5]), ([0, 20], [50, 50]), ([300, 300, 400], [.3, .3, .4]), ([7000, 10000], [1, 1])]:
    chi, df, p, logp = srm(o, w)
    out = {"chi2": chi, "df": df, "p_value": p, "srm_at_0_001": p < .001, "srm_at_0_01": p < .01}
    if p > 1e-250:
        out["log10_p_value"] = logp / math.log(10)
    case("srm_chi_square", {"observed": o, "weights": w}, out)
for stages in [[([95, 5], [1905, 95]), ([50, 50], [1012, 988])], [([1, 1], [600, 400])], [([1, 1], [5, 5]), ([90, 10], [1000, 160]), ([75, 25], [700, 260])],
               [([1, 1, 1], [10, 12, 9]), ([2, 1, 1], [50, 22, 30])], [([99, 1], [10**8, 10**6]), ([50, 50], [10**7, 10**7 + 3000])]]:
    each = [srm(o, w) for w, o in stages]
    chi, df = sum(e[0] for e in each), sum(e[1] for e in each)
    naive = srm(np.sum([o for _, o in stages], axis=0), stages[-1][0])[2]
    case("srm_staged", {"stages": [{"weights": w, "observed": o} for w, o in stages]},
         {"per_stage_p": [e[2] for e in each], "combined_chi2": chi, "combined_df": df, "combined_p_value": stats.chi2.sf(chi, df), "srm_at_0_001": stats.chi2.sf(chi, df) < .001, "naive_p_value_totals_vs_final_weights": naive})


def dirichlet(rows, p, c):
    p, c, s = [mpf(x) / sum(map(mpf, p)) for x in p], mpf(c), [0] * len(p)
    best, run, log = mpf(0), [], mpf(0)
    for r in rows:
        s = [a + b for a, b in zip(s, r)]
        log = sum(mp.loggamma(q * c + n) - mp.loggamma(q * c) - n * mp.log(q) for q, n in zip(p, s)) - mp.loggamma(c + sum(s)) + mp.loggamma(c)
        best = max(best, log)
        run.append(mp.e**-best)
    return run, log


for rows, p, c in [([[10, 8], [100, 150], [90, 10]], [.5, .5], 10000), ([[950, 50], [940, 75], [900, 110]], [.95, .05], 10000), ([[1, 0], [0, 1], [1, 0]], [1, 1], 2), ([[30, 30, 45]] * 4, [.3, .3, .4], 100),
                   ([[50000000, 50010000], [50000000, 50040000]], [.5, .5], 10000), ([[0, 0], [0, 12]], [.9, .1], 5)]:
    run, log = dirichlet(rows, p, c)
    case("srm_sequential_dirichlet", {"rows": rows, "probabilities": p, "dirichlet_concentration": c}, {"running_p_values": run, "final_p_value": run[-1], "log_bayes_factor": log})


def split(events, shares, c):
    c, k, t, run, best, null, log, harm, expected = mpf(c), 0, 0, [], mpf(0), mpf(0), mpf(0), mpf(0), mpf(0)
    w = [mpf(s[1]) / (mpf(s[0]) + mpf(s[1])) for s in shares]
    for (dk, dt), wi in zip(events, w):
        k, t = k + dk, t + dt
        null += dt * mp.log(wi) + dk * mp.log(1 - wi)
        expected += wi * (dk + dt)
        log = log_beta(w[0] * c + t, (1 - w[0]) * c + k) - log_beta(w[0] * c, (1 - w[0]) * c) - null
        best = max(best, log)
        harm = max(harm, log) if t > expected else harm
        run.append(mp.e**-best)
    return {"running_p_values": run, "final_p_value": run[-1], "log_bayes_factor": log, "harm_p_value": mp.e**-harm}


for events, shares, c in [([[18, 2], [20, 3], [9, 7]], [[.95, .05], [.95, .05], [.9, .1]], 20), ([[0, 1]] * 6, [[.95, .05]] * 6, 20), ([[100, 0], [100, 0], [100, 0]], [[.5, .5]] * 3, 20), ([[19, 1], [3, 9], [10, 30]], [[95, 5], [75, 25], [50, 50]], 20),
                          ([[0, 0], [5, 1]], [[.9, .1], [.75, .25]], 20), ([[95000000, 5000000], [94900000, 5100000]], [[.95, .05]] * 2, 20), ([[1, 30]], [[.999, .001]], 1)]:
    case("event_split_sequential", {"events_control_treatment": events, "traffic_share_control_treatment": shares, "concentration": c}, split(events, shares, c))

for ps in [[.01, .04, .03, .005], [.5, .5, .5], [1e-40, .05, 1, 0], [.2], [.001, .008, .039, .041, .042, .06, .074, .205, .212, .216, .222, .251, .269, .275, .34, .341, .384, .569, .594, .696, .762, .94, .942, .975, .986], [1, 1]]:
    case("multiple_testing_adjust", {"p_values": ps}, {n: multipletests(ps, method=m)[1] for n, m in (("holm", "holm"), ("benjamini_hochberg", "fdr_bh"), ("bonferroni", "bonferroni"))})

def t_power(d, n1, n2, a, alt):
    """As TTestIndPower, whose noncentral t (Boost's, through SciPy) is NaN for some large shifts: by quadrature over s = sqrt(chi2/df)."""
    df, shift = n1 + n2 - 2, d * math.sqrt(n1 * n2 / (n1 + n2))
    if alt == "smaller":
        shift = -shift
    t = stats.t.isf(a / 2 if alt == "two-sided" else a, df)
    s = stats.chi(df, scale=1 / math.sqrt(df))

    def upper(shift):
        cuts = s.ppf([1e-18, 1e-9, .01, .3, .5, .7, .99]).tolist() + s.isf([1e-9, 1e-18]).tolist()
        return sum(integrate.quad(lambda x: s.pdf(x) * norm.sf(t * x - shift), lo, hi, epsabs=1e-16, epsrel=1e-13)[0] for lo, hi in zip([0] + cuts, cuts))

    p = upper(shift) + (upper(-shift) if alt == "two-sided" else 0)
    known = TTestIndPower().power(d, n1, a, ratio=n2 / n1, alternative=alt)
    assert not abs(known / p - 1) > 1e-8, (known, p)
    return p


for d, a, w, r, alt in [(.2, .05, .8, 1, "two-sided"), (.5, .01, .9, 2, "two-sided"), (-.35, .05, .8, 1, "smaller"), (.05, .05, .95, .25, "larger"), (3, .05, .8, 1, "two-sided"), (.04, .001, .99, 1, "two-sided"), (.8, .1, .6, 3, "larger")]:
    z = norm.isf(a / 2 if alt == "two-sided" else a) + norm.ppf(w)
    na = (1 + 1 / r) * z * z / d**2
    n = optimize.brentq(lambda x: t_power(d, x, x * r, a, alt) - w, max(na * .9, 2.2 / (1 + r)), na * 1.1 + 6, xtol=1e-11, rtol=1e-12)
    case("sample_size_two_means", {"cohens_d": d, "alpha": a, "power": w, "ratio_n2_over_n1": r, "alternative": alt}, {"n1_noncentral_t": n, "n1_noncentral_t_ceil": math.ceil(n), "n1_normal_approximation": na, "n1_normal_approximation_ceil": math.ceil(na)})

for p, q, a, w, alt in [(.5, .6, .05, .8, "two-sided"), (.01, .02, .05, .9, "two-sided"), (.9, .85, .01, .8, "two-sided"), (.3, .2, .05, .8, "smaller"), (.02, .021, .05, .95, "larger"), (.001, .999, .05, .8, "two-sided")]:
    tail = a / 2 if alt == "two-sided" else a
    za, zb, v, m = norm.isf(tail), norm.ppf(w), p * (1 - p) + q * (1 - q), (p + q) / 2
    h = 2 * math.asin(math.sqrt(q)) - 2 * math.asin(math.sqrt(p))
    start = 2 * (za + zb) ** 2 / h**2
    arc = optimize.brentq(lambda n: NormalIndPower().power(h, n, a, ratio=1, alternative=alt) - w, start / 2, start * 1.01, rtol=1e-14)
    case("sample_size_two_proportions", {"rate_a": p, "rate_b": q, "alpha": a, "power": w, "alternative": alt},
         {"n_per_arm_pooled_formula": (za * math.sqrt(2 * m * (1 - m)) + zb * math.sqrt(v)) ** 2 / (q - p) ** 2, "n_per_arm_unpooled_formula": (za + zb) ** 2 * v / (q - p) ** 2, "n_per_arm_arcsine": arc})

for d, n, a in [(.2, 393, .05), (.5, 64, .05), (-.5, 20, .01), (1.5, 3, .05), (.03, 10000, .001), (.3, 2, .05), (.02, 20000, .05)]:
    case("achieved_power_two_means", {"cohens_d": d, "n_per_arm": n, "alpha": a}, {"power_noncentral_t": t_power(d, n, n, a, "two-sided"), "power_normal": NormalIndPower().power(d, n, a)})

for sd, n, base, a, w in [(1, 100, 2, .05, .8), (410, 1000, -842, .01, .9), (.3, 2, .5, .05, .8), (1e9, 10**8, 1e9, .05, .8), (2, 500, .001, .1, .5)]:
    m = (norm.isf(a / 2) + norm.ppf(w)) * sd * math.sqrt(2 / n)
    case("minimum_detectable_effect", {"sd": sd, "n_per_arm": n, "baseline_mean": base, "alpha": a, "power": w}, {"mde_absolute": m, "mde_relative": m / abs(base)})

for m, v, a, w in [(.5, 4, .05, .8), (2, 1, .05, .9), (-1, 100, .01, .8), (.01, 1, .05, .8), (10, 25000, .1, .95)]:
    d = abs(m) / math.sqrt(v)
    na = 2 * (norm.isf(a / 2) + norm.ppf(w)) ** 2 / d**2
    n = optimize.brentq(lambda x: t_power(d, x, x, a, "two-sided") - w, max(na * .9, 1.1), na * 1.1 + 6, rtol=1e-10)
    case("sample_size_total_two_means", {"absolute_mde": m, "variance": v, "alpha": a, "power": w}, {"n_total": 2 * math.ceil(n)})


def total(p, m, a, w):
    q, mean = p + m, p + m / 2
    s0, s1, z = math.sqrt(2 * mean * (1 - mean)), math.sqrt(p * (1 - p) + q * (1 - q)), norm.isf(a / 2)
    n = optimize.brentq(lambda n: norm.sf((z * s0 - m * math.sqrt(n)) / s1) + norm.cdf((-z * s0 - m * math.sqrt(n)) / s1) - w, 1e-9, 1e12, rtol=1e-14)
    case("sample_size_total_two_proportions", {"baseline_rate": p, "absolute_mde": m, "alpha": a, "power": w}, {"n_total": 2 * math.ceil(n)})


# The second and third come to 630,710 and 366,424, as G*Power has them.
for args in [(.34, .1, .05, .85), (.34, .003, .14, .85), (.34, .003, .14, .67), (.05, -.01, .05, .8), (.5, .4, .001, .99)]:
    total(*args)

for ma, sa, na, mb, sb, nb, m, higher, a in [(10, 2, 50, 10.1, 2.2, 60, .5, True, .05), (10, 2, 5000, 9.9, 2, 300, .5, True, .01), (842, 410, 2000, 830, 600, 2000, 42.1, False, .05), (-5, 1, 3, -5, 3, 4, 2, False, .1), (0, 1, 10**8, 1e-4, 1, 10**8, .001, False, .05), (1, .1, 2, 1, 0, 2, 5, True, .05)]:
    d, va, vb = mb - ma, sa**2 / na, sb**2 / nb
    se, df = math.sqrt(va + vb), (va + vb) ** 2 / (va**2 / (na - 1) + vb**2 / (nb - 1))
    low, high = stats.t.sf((d + m) / se, df), stats.t.cdf((d - m) / se, df)
    half = stats.t.isf(a, df) * se
    ni = low if higher else high
    case("non_inferiority_and_tost", {"mean_a": ma, "sd_a": sa, "n_a": na, "mean_b": mb, "sd_b": sb, "n_b": nb, "margin": m, "higher_is_better": higher, "alpha": a},
         {"difference": d, "non_inferiority_p_value": ni, "non_inferior": ni < a, "tost_p_value": max(low, high), "equivalent": max(low, high) < a, "ci90_low": d - half, "ci90_high": d + half})


def beta_case(xa, na, xb, nb, p1, p2):
    a1, a2, b1, b2 = p1 + xa, p2 + na - xa, p1 + xb, p2 + nb - xb
    mp.dps = 30
    # P(b > a) as a finite sum over b's whole alpha (Evan Miller 2014); losses from it by E[x] identities.

    def prob(a1, a2, b1, b2):
        return sum(mp.e ** (log_beta(mpf(a1 + i), mpf(b2 + a2)) - mp.log(mpf(b2 + i)) - log_beta(mpf(1 + i), mpf(b2)) - log_beta(mpf(a1), mpf(a2))) for i in range(int(b1)))

    p = prob(a1, a2, b1, b2)
    ea, eb = mpf(a1) / (a1 + a2), mpf(b1) / (b1 + b2)
    choose_b = ea * (1 - prob(a1 + 1, a2, b1, b2)) - eb * (1 - prob(a1, a2, b1 + 1, b2))
    choose_a = eb * prob(a1, a2, b1 + 1, b2) - ea * prob(a1 + 1, a2, b1, b2)
    case("beta_binomial_probability_b_better", {"successes_a": xa, "n_a": na, "successes_b": xb, "n_b": nb, "prior_alpha": p1, "prior_beta": p2},
         {"probability_b_better": p, "expected_loss_choosing_b": choose_b, "expected_loss_choosing_a": choose_a, "posterior_mean_a": ea, "posterior_mean_b": eb})
    mp.dps = 50


for args in [(10, 100, 15, 100, 1, 1), (620, 1000, 668, 1000, 1, 1), (0, 10, 10, 10, 1, 1), (600, 1000, 300, 1000, 1, 1), (3, 2000, 9, 500, 2, 50), (0, 1, 0, 1000, 1, 1), (5000, 10000, 5001, 10000, 1, 1)]:
    beta_case(*args)

for mu, s in [(0, 1), (.01, .02), (-.01, .02), (1, .05), (-3, .1), (5, 1e-3), (1e-9, 1)]:
    x = mpf(mu) / mpf(s)
    up = mpf(s) * mp.npdf(x) + mpf(mu) * mp.ncdf(x)
    down = mpf(s) * mp.npdf(x) - mpf(mu) * mp.ncdf(-x)
    case("normal_expected_loss", {"mu": mu, "sigma": s}, {"risk_control": up, "risk_treatment": down})

for means, var, n, eps, delta in [([.6, .75], [.24, .1875], [400, 400], .05, .05), ([.5, .5], [.25, .25], [10, 10], 0, .05), ([-1, -3, -1.1], [1, 2, 3], [50, 10, 70], 0, .1), ([1, 2, 3], [0, 1, 1], [5, 6, 7], .1, .01), ([10, 9.999], [1, 1], [10**8, 10**8], 0, .05)]:
    lead = int(np.argmax(means))
    glr = min((means[lead] - means[i] + eps) ** 2 / (2 * (var[lead] / n[lead] + var[i] / n[i])) for i in range(len(means)) if i != lead)
    limit = math.log((1 + math.log(sum(n))) / delta)
    case("best_arm_glr_stopping", {"means": means, "variances": var, "counts": n, "epsilon": eps, "delta": delta}, {"leader_index": lead, "min_glr": glr, "threshold": limit, "stop": glr > limit})


def combined(st, w, null):
    w = np.array(w) / sum(w)
    est = sum(wi * s["d"] for wi, s in zip(w, st))
    se = math.sqrt(sum(wi**2 * s["v"] for wi, s in zip(w, st)))
    z = est / math.sqrt(sum(wi**2 * s[null] for wi, s in zip(w, st)))
    return est, se, z, 2 * norm.sf(abs(z))


def staged(stages, kind):
    st, tables = [], []
    for s in stages:
        na, nb = s["n_a"], s["n_b"]
        if kind == "proportion":
            xa, xb = s["successes_a"], s["successes_b"]
            pa, pb, pp = xa / na, xb / nb, (xa + xb) / (na + nb)
            st.append({"na": na, "nb": nb, "d": pb - pa, "v": pa * (1 - pa) / na + pb * (1 - pb) / nb, "v0": pp * (1 - pp) * (1 / na + 1 / nb)})
            tables.append(np.array([[xb, nb - xb], [xa, na - xa]]))
        else:
            v = s["sd_a"] ** 2 / na + s["sd_b"] ** 2 / nb
            st.append({"na": na, "nb": nb, "d": s["mean_b"] - s["mean_a"], "v": v, "v0": v})
    h = combined(st, [s["na"] * s["nb"] / (s["na"] + s["nb"]) for s in st], "v0")
    e = combined(st, [s["na"] + s["nb"] for s in st], "v")
    i = combined(st, [1 / s["v"] for s in st], "v")
    q = norm.isf(.025)
    out = {"estimate_harmonic_weighted": h[0], "standard_error_harmonic_weighted": h[1], "z_harmonic": h[2], "p_value_harmonic": h[3], "harmonic_ci_low": h[0] - q * h[1], "harmonic_ci_high": h[0] + q * h[1],
           "estimate_exposure_weighted": e[0], "standard_error_exposure_weighted": e[1], "z": e[2], "p_value": e[3], "ci_low": e[0] - q * e[1], "ci_high": e[0] + q * e[1],
           "estimate_inverse_variance": i[0], "standard_error_inverse_variance": i[1]}
    if kind == "proportion":
        t = StratifiedTable(tables)
        out["chi2_cochran_mantel_haenszel"] = t.test_null_odds(correction=False).statistic
        out["p_value_cochran_mantel_haenszel"] = t.test_null_odds(correction=False).pvalue
        out["common_odds_ratio"] = t.oddsratio_pooled
        xa, na, xb, nb = (sum(s[k] for s in stages) for k in ("successes_a", "n_a", "successes_b", "n_b"))
        pp = (xa + xb) / (na + nb)
        out["naive_pooled_difference"] = xb / nb - xa / na
        out["naive_pooled_p_value"] = 2 * norm.sf(abs(out["naive_pooled_difference"]) / math.sqrt(pp * (1 - pp) * (1 / na + 1 / nb)))
    case("stratified_stage_estimate", {"kind": kind, "alpha": .05, "stages": stages}, out)


def prop(*rows):
    return [dict(zip(("n_a", "successes_a", "n_b", "successes_b"), r)) for r in rows]


staged(prop((950, 100, 50, 5), (900, 110, 100, 12), (750, 110, 250, 36), (500, 90, 500, 95)), "proportion")
staged(prop((10, 1, 12, 5), (4, 2, 5, 2)), "proportion")
staged(prop((10**8, 10**6, 10**7, 101000), (10**6, 20000, 10**6, 20100)), "proportion")
staged(prop((1000, 990, 1000, 985), (500, 499, 700, 690)), "proportion")
means = ("n_a", "mean_a", "sd_a", "n_b", "mean_b", "sd_b")
staged([dict(zip(means, r)) for r in ((950, 10, 3, 50, 10.4, 3.2), (500, 12, 3, 500, 12.1, 3))], "mean")
staged([dict(zip(means, r)) for r in ((20, -1e9, 2, 30, -1e9 + 1, 1), (5, -5, 1, 5, -7, .5), (2, 0, 1, 2, 1, 1))], "mean")
