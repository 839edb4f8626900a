package journal

import "time"

// prepare has the next files ready, unless the disk is full.
func (j *Journal) prepare() {
	j.mu.Lock()
	short := j.room.short || j.closing
	reserve := j.stats.Reserve
	spare := j.hasSpare || j.active == nil || j.active.end < j.active.size/2
	j.mu.Unlock()
	if short || reserve && spare || time.Now().Before(j.again) {
		return
	}
	if !reserve {
		j.again = unless(j.keepReserve())
	}
	if !spare {
		err := j.makeFile(spareName, j.cfg.Segment)
		j.again = unless(err)
		j.mu.Lock()
		j.hasSpare = err == nil
		j.mu.Unlock()
	}
}

// unless is when to try again after a failure.
func unless(err error) (again time.Time) {
	if err != nil {
		again = time.Now().Add(time.Second)
	}
	return again
}

// keepReserve makes the reserve, unless an earlier process left one.
func (j *Journal) keepReserve() error {
	if f, err := j.disk.Open(reserveName); err == nil {
		size, err := f.Size()
		f.Close()
		if err == nil && size == j.cfg.Reserve {
			j.haveReserve()
			return nil
		}
	}
	if err := j.makeFile(reserveName, j.cfg.Reserve); err != nil {
		return err
	}
	j.haveReserve()
	return nil
}

func (j *Journal) haveReserve() {
	j.mu.Lock()
	j.stats.Reserve = true
	j.mu.Unlock()
}

func (j *Journal) makeFile(name string, size int64) error {
	f, err := j.disk.Create(name, size, name == reserveName)
	if err != nil {
		return err
	}
	return f.Close()
}

// tidy removes the spare: a journal that nobody has open need not hold it.
func (j *Journal) tidy() {
	j.mu.Lock()
	had := j.hasSpare
	j.hasSpare = false
	j.mu.Unlock()
	if had {
		j.disk.Remove(spareName)
	}
}
