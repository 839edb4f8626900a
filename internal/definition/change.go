package definition

// Change refuses a step from what is in force to something new that would spoil
// a running experiment, such as new weights for three variants in the same
// epoch. There is nothing to spoil when nothing is in force.
func Change(old, next *Compiled) error {
	if old == nil {
		return nil
	}
	return old.Set.CheckChange(next.Set)
}
