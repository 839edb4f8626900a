package telemetry

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLabelBytes is the length to which label values are cut. Two values that
// agree so far become one series.
const MaxLabelBytes = 128

// Other is the value every label has on the series that stands in for those
// beyond a family's cap.
const Other = "other"

// clean returns the value as it will be exposed: valid UTF-8 of at most
// MaxLabelBytes, cut between characters. The usual value comes back as it is.
func clean(value string) string {
	if len(value) <= MaxLabelBytes && utf8.ValidString(value) {
		return value
	}
	// Cut first, so that a value of a megabyte costs no more than a short one;
	// again afterwards, since a replaced byte becomes three.
	if len(value) > MaxLabelBytes+utf8.UTFMax {
		value = value[:MaxLabelBytes+utf8.UTFMax]
	}
	value = strings.ToValidUTF8(value, string(utf8.RuneError))
	if len(value) <= MaxLabelBytes {
		return value
	}
	end := MaxLabelBytes
	for !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end]
}

// otherValues are the values of a series that stands in, for n labels.
func otherValues(n int) []string { return slices.Repeat([]string{Other}, n) }

// separator stands between values in a key. It never occurs in valid UTF-8, so
// ("a","bc") and ("ab","c") cannot meet.
const separator = 0xff

// appendKey appends the map key of a series. Values are clean already.
func appendKey(key []byte, values []string) []byte {
	for _, v := range values {
		key = append(key, v...)
		key = append(key, separator)
	}
	return key
}
