# Makes samples.jsonl: cases of the two-sample, proportion, clustered, quantile and
# descriptive methods, by SciPy 1.17.1, statsmodels 0.15.0 and NumPy 2.4.6, Python 3.
# What these lack (delta method, CUPED) is written out here from the formulas.
#   python3 samples.py > samples.jsonl
import json
import math

import numpy as np
from scipy import stats as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

rng = np.random.default_rng(20260101)
z_of = lambda alpha: st.norm.isf(alpha / 2)


def case(method, inputs, outputs):
    clean = {}
    for k, v in outputs.items():
        if isinstance(v, (np.floating, np.integer, np.bool_)):
            v = v.item()
        if isinstance(v, float) and not math.isfinite(v):
            v = None
        clean[k] = v
    print(json.dumps({"method": method, "inputs": inputs, "outputs": clean}))


def rounded(x, places=4):
    return [round(float(v), places) for v in x]


def interval(d, se, df, alpha, alt):
    if alt == "two-sided":
        c = st.t.isf(alpha / 2, df)
        return d - c * se, d + c * se
    c = st.t.isf(alpha, df)
    return (d - c * se, math.inf) if alt == "greater" else (-math.inf, d + c * se)


def t_test(d, va, na, vb, nb, alpha, alt):
    se = math.sqrt(va + vb)
    df = (va + vb) ** 2 / (va**2 / (na - 1) + vb**2 / (nb - 1))
    t = d / se
    p = {"two-sided": 2 * st.t.sf(abs(t), df), "greater": st.t.sf(t, df), "less": st.t.cdf(t, df)}[alt]
    lo, hi = interval(d, se, df, alpha, alt)
    return {"difference": d, "standard_error": se, "t": t, "df": df, "p_value": p, "ci_low": lo, "ci_high": hi}


samples = {
    "two and three": ([1.5, 2.5], [0.25, 7.0, 3.5]),
    "offset of 1e9": (rounded(1e9 + rng.normal(0, 1, 40), 6), rounded(1e9 + 0.7 + rng.normal(0, 1.5, 25), 6)),
    "five to ninety-five": (rounded(rng.lognormal(6, 1, 190), 2), rounded(rng.lognormal(6, 1, 10), 2)),
    "negative": (rounded(rng.normal(-50, 3, 12)), rounded(rng.normal(-45, 9, 30))),
    "ties": (rng.integers(1, 6, 60).tolist(), rng.integers(2, 6, 45).tolist()),
    "far apart": (rounded(rng.normal(0, 1, 300)), rounded(rng.normal(3, 1, 300))),
    "one constant": ([2.0] * 6, [2.1, 2.5, 1.9, 2.2, 2.3]),
    "tiny": (rounded(rng.normal(1, .1, 8) * 1e-9, 14), rounded(rng.normal(1.1, .1, 8) * 1e-9, 14)),
}
for (a, b), alt, alpha in zip(samples.values(), ["two-sided", "two-sided", "less", "greater", "two-sided", "two-sided", "two-sided", "greater"], [.05, .05, .1, .01, .05, .001, .05, .05]):
    # of differences from the first value: NumPy's own variance of values near 1e9 is good to 1e-8
    shift = a[0]
    x, y = np.array(a) - shift, np.array(b) - shift
    w = st.ttest_ind(y, x, equal_var=False, alternative=alt)
    out = t_test(y.mean() - x.mean(), x.var(ddof=1) / len(x), len(x), y.var(ddof=1) / len(y), len(y), alpha, alt)
    assert abs(out["t"] - w.statistic) < 1e-9 * abs(w.statistic) and abs(out["p_value"] - w.pvalue) <= 1e-9 * w.pvalue, (out, w)
    case("welch_t_test", {"a": a, "b": b, "alpha": alpha, "alternative": alt},
         out | {"mean_a": x.mean() + shift, "mean_b": y.mean() + shift, "significant": w.pvalue < alpha})
    d0 = math.sqrt((x.var() + y.var()) / 2)
    m = len(a) + len(b) - 2
    dw = math.sqrt((x.var(ddof=1) * (len(x) - 1) + y.var(ddof=1) * (len(y) - 1)) / m)
    diff = y.mean() - x.mean()
    j = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    case("cohens_d", {"a": a, "b": b}, {"difference": diff, "pooled_sd_seed_ddof0": d0, "cohens_d_seed_ddof0": diff / d0, "pooled_sd_weighted_ddof1": dw,
                                         "cohens_d_weighted_ddof1": diff / dw, "hedges_g_exact": diff / dw * j})
    u = st.mannwhitneyu(b, a, alternative=alt, method="asymptotic", use_continuity=True)
    out = {"u_b": u.statistic, "p_value_asymptotic_tie_corrected_continuity": u.pvalue, "common_language_effect_b_gt_a": u.statistic / len(a) / len(b)}
    if len(set(a + b)) == len(a) + len(b) and len(a) * len(b) < 800:
        out["p_value_exact"] = st.mannwhitneyu(b, a, alternative=alt, method="exact").pvalue
    case("mann_whitney_u", {"a": a, "b": b, "alternative": alt}, out)
    if min(a + b) > 0:
        la, lb = np.log(a), np.log(b)
        out = t_test(lb.mean() - la.mean(), la.var(ddof=1) / len(a), len(a), lb.var(ddof=1) / len(b), len(b), alpha, "two-sided")
        case("log_ratio_of_geometric_means", {"a": a, "b": b, "alpha": alpha},
             {"geometric_mean_a": math.exp(la.mean()), "geometric_mean_b": math.exp(lb.mean()), "ratio": math.exp(out["difference"]),
              "ratio_ci_low": math.exp(out["ci_low"]), "ratio_ci_high": math.exp(out["ci_high"]), "p_value": out["p_value"], "df": out["df"]})
    for x in (a, b):
        s = np.sort(x)
        case("descriptive", {"x": x}, {"n": len(x), "mean": np.mean(np.array(x) - shift) + shift, "sd_ddof0": np.std(np.array(x) - shift), "sd_ddof1": np.std(np.array(x) - shift, ddof=1),
             "median": np.median(x), "p50": np.quantile(x, .5), "p90": np.quantile(x, .9), "p95": np.quantile(x, .95), "p99": np.quantile(x, .99),
             "p95_nearest_rank": np.quantile(x, .95, method="inverted_cdf"), "min": s[0], "max": s[-1]})
    cap = np.quantile(a + b, .9)
    case("winsorized_mean", {"x": a + b, "upper_quantile": .9}, {"cap_linear_type7": cap, "winsorized_mean": np.minimum(np.array(a + b), cap).mean()})

# the exact distribution of ranks with ties: by SciPy's enumeration
for a, b in [([1, 2, 2, 5], [2, 3, 5, 5, 6]), ([0, 0, 1], [0, 1, 1, 1])]:
    from itertools import combinations
    r = st.rankdata(a + b)
    mine, n = sum(r[len(a):]), len(a + b)
    sums = np.array([sum(r[list(c)]) for c in combinations(range(n), len(b))])
    case("mann_whitney_u", {"a": a, "b": b}, {"p_value_exact": min(1, 2 * min((sums <= mine + 1e-9).mean(), (sums >= mine - 1e-9).mean()))})

for ma, sa, na, mb, sb, nb, alt in [(5, 2, 10**8, 5.001, 2, 10**8, "two-sided"), (1e9, 1, 500, 1e9 + .25, 1, 400, "two-sided"), (0, 1, 2, 1, 0, 2, "greater"),
                                     (-3, .5, 1000, -2.5, .5, 1000, "two-sided"), (100, 15, 30, 108, 40, 4, "less"), (1, 1, 200, 1.95, 1, 260, "two-sided")]:
    out = t_test(mb - ma, sa**2 / na, na, sb**2 / nb, nb, .05, alt)
    out["log10_p_value"] = math.log10(out["p_value"]) if out["p_value"] > 1e-290 else None
    if out["log10_p_value"] is None:
        del out["log10_p_value"]
    case("welch_t_test_summary", {"mean_a": ma, "sd_a": sa, "n_a": na, "mean_b": mb, "sd_b": sb, "n_b": nb, "alpha": .05, "alternative": alt}, out)
for sd, n in [(1, 1), (0, 10)]:
    case("welch_t_test_summary", {"mean_a": 1, "sd_a": sd, "n_a": n, "mean_b": 2, "sd_b": sd, "n_b": n}, {"difference": 1.0, "p_value": None, "ci_low": None, "status": "undefined"})
for a, b in [([3, 3, 3], [3, 3]), ([.1] * 7, [.3] * 9), ([], [1, 2]), ([1], [1, 2])]:
    case("welch_t_test", {"a": a, "b": b}, {"p_value": None, "t": None, "significant": False, "status": "undefined"})
    case("cohens_d", {"a": a, "b": b}, {} if len(a) == 1 else {"cohens_d_seed_ddof0": None, "status": "undefined"})
case("mann_whitney_u", {"a": [4, 4, 4], "b": [4, 4]}, {"u_b": 3.0, "p_value_asymptotic_tie_corrected_continuity": None, "p_value_exact": 1.0, "status": "undefined"})
for a, b in [(-2, -3), (4, 5), (1e-12, -1e-12), (-.5, .25), (1e9, 1e9 + 1)]:
    case("relative_difference", {"mean_a": a, "mean_b": b}, {"relative_difference": (b - a) / abs(a)})
case("relative_difference", {"mean_a": 0, "mean_b": 1}, {"relative_difference": None, "status": "undefined"})
for d, word in [(0, "negligible"), (-.199, "negligible"), (-.2, "small"), (.499, "small"), (.5, "medium"), (.79, "medium"), (-.8, "large"), (12, "large")]:
    case("cohens_d_label", {"cohens_d": d}, {"magnitude": word})
for va, ma, na, vb, mb, nb in [(3, -7, 10, 2, 5, 20), (1e-6, 1e-3, 100, 2e-6, 2e-3, 5), (4, 100, 1e6, 9, 101, 1e6), (0, 1, 3, 0, 2, 3), (1, 2, 1, 1, 2, 1)]:
    i = {"var_a": va, "mean_a": ma, "n_a": na, "var_b": vb, "mean_b": mb, "n_b": nb}
    case("delta_method_variance_of_lift", i | {"relative": True}, {"variance": vb / nb / ma**2 + va / na * mb**2 / ma**4})
    case("delta_method_variance_of_lift", i | {"relative": False}, {"variance": vb / nb + va / na})

for sa, na, sb, nb, alpha in [(0, 30, 4, 25, .05), (3, 5, 1, 7, .05), (190, 19000, 25, 1000, .01), (620, 1000, 668, 1000, .05), (1, 2, 1, 3, .1), (5000000, 50000000, 5010000, 50000000, .05), (90, 100, 10, 100, .05), (19, 950, 0, 50, .05)]:
    out = {"rate_a": sa / na, "rate_b": sb / nb, "difference": sb / nb - sa / na}
    zp, pp = proportions_ztest([sb, sa], [nb, na])
    out |= {"z_pooled": zp, "p_value_pooled": pp}
    for name, m in [("wald", "wald"), ("newcombe", "newcomb"), ("agresti_caffo", "agresti-caffo")]:
        lo, hi = confint_proportions_2indep(sb, nb, sa, na, method=m, compare="diff", alpha=alpha)
        out |= {name + "_ci_low": lo, name + "_ci_high": hi}
    for side, s, n in [("a", sa, na), ("b", sb, nb)]:
        lo, hi = proportion_confint(s, n, alpha=alpha, method="wilson")
        out |= {f"wilson_{side}_low": lo, f"wilson_{side}_high": hi}
        clo, chi = proportion_confint(s, n, alpha=alpha, method="beta")
        case("one_proportion_interval", {"successes": s, "n": n, "alpha": alpha}, {"wilson_low": lo, "wilson_high": hi, "clopper_pearson_low": clo, "clopper_pearson_high": chi})
    if na + nb < 10**6:
        out["fisher_exact_p"] = st.fisher_exact([[sa, na - sa], [sb, nb - sb]])[1]
    case("two_proportion", {"successes_a": sa, "n_a": na, "successes_b": sb, "n_b": nb, "alpha": alpha}, out)
for s in (0, 8):
    out = {"difference": 0.0, "z_pooled": None, "p_value_pooled": None, "fisher_exact_p": 1.0, "status": "undefined"}
    lo, hi = confint_proportions_2indep(s, 8, s, 8, method="newcomb", compare="diff")
    case("two_proportion", {"successes_a": s, "n_a": 8, "successes_b": s, "n_b": 8}, out | {"newcombe_ci_low": lo, "newcombe_ci_high": hi})
case("two_proportion", {"successes_a": 0, "n_a": 0, "successes_b": 1, "n_b": 8}, {"difference": None, "fisher_exact_p": None, "status": "undefined"})
case("one_proportion_interval", {"successes": 0, "n": 0}, {"rate": None, "wilson_low": 0.0, "wilson_high": 1.0})


def ratio(x, y):
    x, y = np.array(x, float), np.array(y, float)
    x, y = x[y > 0], y[y > 0]
    k, r, c = len(x), x.sum() / y.sum(), np.cov(x, y)
    return r, (c[0, 0] - 2 * r * c[0, 1] + r * r * c[1, 1]) / (k * y.mean() ** 2), k


def users(k, icc, most, mean=5., places=3):
    return [rounded(rng.normal(rng.normal(mean, math.sqrt(icc)), math.sqrt(1 - icc), rng.integers(1, most + 1)), places) for _ in range(k)]


for k, icc, most, mean in [(2, .5, 3, 1), (30, .3, 12, 5), (80, 0, 4, -2), (40, .9, 30, 1e4), (25, .2, 2, 0)]:
    ua, ub = users(k, icc, most, mean), users(k + 3, icc, most, mean * 1.02)
    (ra, va, ka), (rb, vb, kb) = ratio([sum(u) for u in ua], [len(u) for u in ua]), ratio([sum(u) for u in ub], [len(u) for u in ub])
    out = t_test(rb - ra, va, ka, vb, kb, .05, "two-sided")
    fa, fb = np.concatenate(ua), np.concatenate(ub)
    naive = math.sqrt(fa.var(ddof=1) / len(fa) + fb.var(ddof=1) / len(fb))
    out |= {"ratio_a": ra, "ratio_b": rb, "p_value_normal": 2 * st.norm.sf(abs(out["t"])), "naive_request_level_standard_error": naive,
            "naive_request_level_p_value": st.ttest_ind(fb, fa, equal_var=False).pvalue, "design_effect": out["standard_error"] ** 2 / naive**2}
    case("clustered_mean_difference", {"a_users": ua, "b_users": ub, "alpha": .05}, out)
    q = .5
    qs = []
    for u in (ua, ub):
        x = np.sort(np.concatenate(u))
        n, v = len(x), np.quantile(x, q)
        w = z_of(.05) * math.sqrt(n * q * (1 - q))
        lo, hi = math.floor(n * q - w), math.ceil(n * q + w)
        infl = ratio([sum(1 for t in one if t <= v) for one in u], [len(one) for one in u])[1] / (q * (1 - q) / n)
        qs.append((v, (x[hi - 1] - x[lo - 1]) / 2 / z_of(.05) if lo >= 1 and hi <= n else None, infl, lo, hi))
    (a, s_a, ia, *_), (b, s_b, ib, *_) = qs
    if s_a and s_b:
        iid, cl = math.hypot(s_a, s_b), math.sqrt(s_a**2 * ia + s_b**2 * ib)
        case("quantile_difference_clustered", {"quantile": q, "alpha": .05, "a_users": ua, "b_users": ub},
             {"quantile_a": a, "quantile_b": b, "difference": b - a, "standard_error_iid": iid, "standard_error_clustered": cl, "variance_inflation_a": ia,
              "variance_inflation_b": ib, "p_value_clustered": 2 * st.norm.sf(abs(b - a) / cl), "p_value_iid": 2 * st.norm.sf(abs(b - a) / iid)})
    ya, yb = [len(u) * 100.0 for u in ua], [len(u) * 100.0 for u in ub]
    xa, xb = [round(sum(u), 6) for u in ua], [round(sum(u), 6) for u in ub]
    (ra, va, ka), (rb, vb, kb) = ratio(xa, ya), ratio(xb, yb)
    out = t_test(rb - ra, va, ka, vb, kb, .1, "two-sided")
    rse = math.sqrt(vb / ra**2 + va * rb**2 / ra**4)
    rel = (rb - ra) / abs(ra)
    c = st.t.isf(.05, out["df"])
    del out["ci_low"], out["ci_high"]
    case("ratio_metric_delta_method", {"numerator_a": xa, "denominator_a": ya, "numerator_b": xb, "denominator_b": yb, "alpha": .1},
         out | {"ratio_a": ra, "ratio_b": rb, "relative_difference": rel, "relative_standard_error": rse, "relative_ci_low": rel - c * rse, "relative_ci_high": rel + c * rse})
case("ratio_metric_delta_method", {"numerator_a": [1, 2], "denominator_a": [0, 0], "numerator_b": [1, 2], "denominator_b": [1, 1]}, {"ratio_a": None, "difference": None, "p_value": None, "status": "undefined"})
case("ratio_metric_delta_method", {"numerator_a": [.1, .3, .7], "denominator_a": [1, 3, 7], "numerator_b": [.2, .4], "denominator_b": [1, 2]}, {"p_value": None, "standard_error": 0.0, "status": "undefined"})
case("clustered_mean_difference", {"a_users": [[1, 2]], "b_users": [[1], [2]]}, {"p_value": None, "ratio_a": 1.5, "status": "undefined"})

for n, rho, m in [(4, .9, 0), (50, .8, 1e9), (200, 0, 5), (30, -.95, -3), (10, 1, 2)]:
    pre = [rounded(m + rng.normal(0, 1, n + i), 6) for i in (0, 2)]
    post = [rounded(rho * (np.array(p) - m) + math.sqrt(max(0, 1 - rho * rho)) * rng.normal(0, 1, len(p)) + .3 * i + 7, 6) for i, p in enumerate(pre)]
    all_pre, all_post = np.concatenate(pre), np.concatenate(post)
    s = all_pre[0]
    theta = np.cov(all_pre - s, all_post)[0, 1] / np.var(all_pre - s, ddof=1)
    case("cuped_theta", {"pre": all_pre.tolist(), "post": all_post.tolist()}, {"theta": theta})
    adj = [np.array(y) - theta * ((np.array(x) - s) - (all_pre - s).mean()) for x, y in zip(pre, post)]
    out = t_test(adj[1].mean() - adj[0].mean(), adj[0].var(ddof=1) / len(adj[0]), len(adj[0]), adj[1].var(ddof=1) / len(adj[1]), len(adj[1]), .05, "two-sided")
    raw = sum(np.var(p, ddof=1) / len(p) for p in post)
    if rho < 1:
        case("cuped", {"pre_a": pre[0], "post_a": post[0], "pre_b": pre[1], "post_b": post[1], "alpha": .05},
             out | {"theta": theta, "adjusted_mean_a": adj[0].mean(), "adjusted_mean_b": adj[1].mean(), "unadjusted_difference": np.mean(post[1]) - np.mean(post[0]),
                    "unadjusted_p_value": st.ttest_ind(post[1], post[0], equal_var=False).pvalue, "variance_ratio_adjusted_over_raw": out["standard_error"] ** 2 / raw})

for n, q, alpha in [(9, .9, .05), (120, .99, .05), (500, .95, .01), (2000, .5, .1), (73, .05, .05), (1, .5, .05)]:
    x = rounded(rng.lognormal(3, 1, n), 3)
    s = np.sort(x)
    lo, hi = int(st.binom.ppf(alpha / 2, n, q)), int(st.binom.ppf(1 - alpha / 2, n, q)) + 1
    w = z_of(alpha) * math.sqrt(n * q * (1 - q))
    out = {"n": n, "quantile_linear_type7": np.quantile(x, q), "quantile_nearest_rank_type1": np.quantile(x, q, method="inverted_cdf"), "order_index_low_1based": lo, "order_index_high_1based": hi,
           "ci_low": s[lo - 1] if lo >= 1 else None, "ci_high": s[hi - 1] if hi <= n else None, "normal_rank_low": n * q - w, "normal_rank_high": n * q + w,
           "coverage": st.binom.cdf(hi - 1, n, q) - st.binom.cdf(lo - 1, n, q)}
    case("quantile_ci_order_statistics", {"quantile": q, "alpha": alpha, "x": x}, out)
    case("quantile_minimum_n", {"quantile": q, "alpha": alpha}, {"min_n_exact": z_of(alpha) ** 2 * max(q / (1 - q), (1 - q) / q)})
    y = rounded(rng.lognormal(3.1, 1, n + 40), 3)
    lo_hi = [(math.floor(len(v) * q - z_of(alpha) * math.sqrt(len(v) * q * (1 - q))), math.ceil(len(v) * q + z_of(alpha) * math.sqrt(len(v) * q * (1 - q)))) for v in (x, y)]
    i = {"quantile": q, "alpha": alpha, "a": x, "b": y}
    if all(l >= 1 and h <= len(v) for (l, h), v in zip(lo_hi, (x, y))):
        t = np.sort(y)
        s_a, s_b = [(v[h - 1] - v[l - 1]) / 2 / z_of(alpha) for v, (l, h) in zip((s, t), lo_hi)]
        d, se = np.quantile(y, q) - np.quantile(x, q), math.hypot(s_a, s_b)
        case("quantile_difference_from_samples", i, {"difference": d, "standard_error_a": s_a, "standard_error_b": s_b, "standard_error": se, "z": d / se,
             "p_value": 2 * st.norm.sf(abs(d / se)), "ci_low": d - z_of(alpha) * se, "ci_high": d + z_of(alpha) * se, "rank_low_a": lo_hi[0][0], "rank_high_a": lo_hi[0][1]})
    else:
        case("quantile_difference_from_samples", i, {"difference": np.quantile(y, q) - np.quantile(x, q), "p_value": None, "ci_low": None, "ci_high": None, "standard_error": None})
for na, a, la, ha, nb, b, lb, hb in [(100, 5, 4, 7, 300, 6, 5.5, 6.2), (1, 5, 4, 7, 2, 6, 5.5, 6.2), (10**6, -5, -5.1, -4.8, 10**6, 6, 5.9, 6.2), (50, 1e-3, .9e-3, 1.2e-3, 60, 1e-3, .8e-3, 1.1e-3), (400, 10, 9, 11, 20, 30, 2, 80)]:
    va, vb = [(n - 1) * ((h - l) / 2 / st.norm.ppf(.975)) ** 2 / n for n, l, h in ((na, la, ha), (nb, lb, hb))]
    i = {"quantile": .9, "n_a": na, "quantile_a": a, "lower_a": la, "upper_a": ha, "n_b": nb, "quantile_b": b, "lower_b": lb, "upper_b": hb, "alpha": .1}
    se, c = math.sqrt(va + vb), z_of(.1)
    case("quantile_difference", i, {"difference": b - a, "standard_error": se, "ci_low": b - a - c * se, "ci_high": b - a + c * se})
    se, d = math.sqrt(vb / a**2 + va * b**2 / a**4), (b - a) / abs(a)
    case("quantile_difference_relative", i, {"difference": d, "ci_low": d - c * se, "ci_high": d + c * se})

for t, df in [(1e-9, 3), (-2.3, 1.5), (40, 7), (13, 1e5), (2, .5)]:
    case("student_t_two_sided_p", {"t": t, "df": df}, {"p_value": 2 * st.t.sf(abs(t), df)})
for p, df in [(.5, 3), (1e-12, 4), (.975, 1.3), (.2, 1e6), (.9999, .8)]:
    case("student_t_quantile", {"p": p, "df": df}, {"t": st.t.ppf(p, df)})
for x, df in [(1e-3, 1), (3.84, 1), (1000, 3), (90, 100), (1200, 999.5)]:
    case("chi_square_upper_p", {"chi2": x, "df": df}, {"p_value": st.chi2.sf(x, df), "log10_p_value": st.chi2.logsf(x, df) / math.log(10)})
for z in [-1.96, 1e-7, 8.5, 13, 37]:
    case("normal_two_sided_p", {"z": z}, {"p_value": 2 * st.norm.sf(abs(z))})

for a, b, least, direction in [(rounded(rng.normal(.7, .1, 60), 3), rounded(rng.normal(.8, .1, 50), 3), 50, "increase"), (rounded(rng.normal(.7, .1, 60), 3), rounded(rng.normal(.8, .1, 50), 3), 50, "decrease"),
                               ([1, 2, 3], [1, 2, 4], 2, "increase"), ([-5, -4, -6, -5], [-1, -2, -1, -2], 3, "increase")]:
    p = st.ttest_ind(a, b, equal_var=False).pvalue
    d = np.mean(b) - np.mean(a)
    good = p < .05 and (d > 0) == (direction == "increase")
    case("ab_significance", {"control_scores": a, "treatment_scores": b, "min_samples": least, "direction": direction},
         {"status": "significant" if p < .05 else "not_significant", "control_n": len(a), "treatment_n": len(b), "control_mean": round(np.mean(a), 4), "treatment_mean": round(np.mean(b), 4),
          "lift": round(d / abs(np.mean(a)) * 100, 2), "p_value": round(p, 6), "cohens_d": round(d / math.sqrt((np.var(a) + np.var(b)) / 2), 4), "recommendation": "DEPLOY treatment" if good else "KEEP control"})
case("ab_significance", {"control_scores": [1, 2, 3], "treatment_scores": [2, 3, 4]}, {"status": "insufficient_samples", "control_n": 3, "treatment_n": 3, "min_required": 1000})
case("ab_significance", {"control_scores": [1, 1, 1], "treatment_scores": [2, 2, 2], "min_samples": 3}, {"status": "undefined", "p_value": None, "recommendation": "KEEP control"})
