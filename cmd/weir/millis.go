package main

import (
	"fmt"
	"strconv"
	"time"
)

// millis is a duration that people and programs read in milliseconds.
type millis time.Duration

// String has a unit.
func (m millis) String() string { return fmt.Sprintf("%.1f ms", m.float()) }

// MarshalJSON writes a number.
func (m millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, m.float(), 'f', -1, 64), nil
}

func (m millis) float() float64 { return float64(time.Duration(m).Microseconds()) / 1000 }
