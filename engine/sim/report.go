package sim

// Report is what a story, or many, have shown.
type Report struct {
	Lives   int
	Rounds  int // crashes, each with its recovery
	Refused int // starts refused for a reason that the crash explains
	Second  int // rounds whose recovery was itself ended by a crash
	By      [policies]Figures
}

// Figures are those of one policy.
type Figures struct {
	Rounds int
	// Power cuts and torn tails that took something acknowledged, and the age of
	// the oldest such change, in microseconds: in lives without a fault, and in
	// all.
	Lossy        int
	Worst        int64
	WorstFaulty  int64
	WorstSeed    uint64
	WorstLatency int64 // what a sync took at most, where Worst was seen
}

// Add puts the report of another story to this one.
func (r *Report) Add(o Report) {
	r.Lives += o.Lives
	r.Rounds += o.Rounds
	r.Refused += o.Refused
	r.Second += o.Second
	for i := range r.By {
		f, g := &r.By[i], o.By[i]
		f.Rounds += g.Rounds
		f.Lossy += g.Lossy
		f.WorstFaulty = max(f.WorstFaulty, g.WorstFaulty)
		if g.Worst > f.Worst {
			f.Worst, f.WorstSeed, f.WorstLatency = g.Worst, g.WorstSeed, g.WorstLatency
		}
	}
}
