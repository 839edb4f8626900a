# Makes groupsequential.csv: two-sided and one-sided nominal p-values of O'Brien-Fleming
# designs and of alpha spending, by rpact 3.3.4 under R 4.2.2.
#   Rscript groupsequential.R > groupsequential.csv
suppressMessages(library(rpact))
show <- function(kind, type, fractions, alpha, sides, gammaA = NA) {
  args <- list(kMax = length(fractions), informationRates = fractions, alpha = alpha, sided = sides, typeOfDesign = type, tolerance = 1e-10)
  if (!is.na(gammaA)) args$gammaA <- gammaA
  if (length(fractions) == 1) return()
  d <- do.call(getDesignGroupSequential, args)
  p <- sides * (1 - pnorm(d$criticalValues))
  cat(kind, alpha, sides, paste(fractions, collapse = " "), paste(format(p, digits = 12, trim = TRUE), collapse = " "), sep = ",")
  cat("\n")
}
for (f in list(c(.5, 1), c(.3, 1), c(.9, 1), c(1, 2, 3, 4) / 4, (1:6) / 6, c(.1, .15, .6, 1)))
  for (a in c(.05, .01)) for (s in c(1, 2)) show("of", "OF", f, if (s == 1) a / 2 else a, s)
for (f in list(c(.5, 1), c(250, 450, 630, 810) / 810, (1:6) / 6, c(.1, .15, .6, 1)))
  for (a in c(.025, .005)) {
    show("power", "asKD", f, a, 1, 2)
    show("asof", "asOF", f, a, 1)
  }
