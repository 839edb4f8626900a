package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tree returns pid and all its descendants.
func tree(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range stats {
		b, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		// "pid (comm) state ppid ...": comm may hold anything, so cut at the last ')'.
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
		parent, _ := strconv.Atoi(f[1])
		children[parent] = append(children[parent], child)
	}
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
	}
	return pids
}

// cpuTime is the CPU time used so far by the live threads of the processes, and
// the time they waited runnable for a CPU, with schedstat's nanosecond resolution.
func cpuTime(pids []int) (ran, waited time.Duration) {
	for _, pid := range pids {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, t := range tasks {
			if b, err := os.ReadFile(t); err == nil {
				var r, w int64
				_, _ = fmt.Sscan(string(b), &r, &w)
				ran += time.Duration(r)
				waited += time.Duration(w)
			}
		}
	}
	return ran, waited
}

// resetPeak makes VmHWM count from now (it needs the right to write clear_refs).
func resetPeak(pids []int) {
	for _, pid := range pids {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}

// peakRSS sums VmHWM in bytes.
func peakRSS(pids []int) (sum int64) {
	for _, pid := range pids {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kb, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
				sum += kb << 10
			}
		}
	}
	return sum
}

// hostTicks returns the total, idle and stolen CPU ticks of the machine.
func hostTicks() (total, idle, steal float64) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line)[1:] {
		v, _ := strconv.ParseFloat(f, 64)
		total += v
		switch i {
		case 3, 4:
			idle += v
		case 7:
			steal = v
		}
	}
	return total, idle, steal
}

// usage is what the processes, this one and the machine have used so far.
type usage struct {
	ran, waited, self  time.Duration
	ticks, idle, steal float64
}

func usageOf(pids []int) (u usage) {
	u.ran, u.waited = cpuTime(pids)
	u.self = selfCPU()
	u.ticks, u.idle, u.steal = hostTicks()
	return u
}

func (u usage) minus(v usage) usage {
	return usage{u.ran - v.ran, u.waited - v.waited, u.self - v.self, u.ticks - v.ticks, u.idle - v.idle, u.steal - v.steal}
}

func selfCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
