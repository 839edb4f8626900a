package definition

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Amount is a difference of a metric: relative to the baseline ("5%"), in points
// of a share ("3pp"), or in the metric's own unit (0.2).
type Amount struct {
	Value    float64
	Absolute bool
}

var amountPattern = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?)(%|pp)$`)

func (*Amount) form() form {
	return form{word: "difference", pattern: amountPattern.String(), number: true, examples: []string{"5%", "3pp", "0.2"}}
}

func (a *Amount) parse(written string, s shape) error {
	const hint = "write 5% for relative to the baseline, 3pp for points of a share, or a number in the metric's own unit"
	if s == number {
		v, err := strconv.ParseFloat(written, 64)
		if err != nil || v < 0 || v > 1e9 || v != v {
			return wrong(hint, "%s is out of range", written)
		}
		*a = Amount{v, true}
		return nil
	}
	m := amountPattern.FindStringSubmatch(written)
	if m == nil {
		return wrong(hint, "%q is no difference", written)
	}
	v, err := strconv.ParseFloat(m[1]+"e-2", 64) // 7% is the float nearest to 0.07
	if err != nil || v > 100 {
		return wrong(hint, "%s is out of range", written)
	}
	*a = Amount{v, strings.HasSuffix(written, "pp")}
	return nil
}

// MarshalText writes it so that it is read as the same; points and a metric's own
// unit are one.
func (a Amount) MarshalText() ([]byte, error) {
	unit := "%"
	if a.Absolute {
		unit = "pp"
	}
	return fmt.Appendf(nil, "%s%s", strconv.FormatFloat(a.Value*100, 'g', 12, 64), unit), nil
}

// IsZero reports whether there is none.
func (a Amount) IsZero() bool { return a == Amount{} }
