package sim

// Report is what a story, or many, have shown.
type Report struct {
	Lives   int
	Rounds  int // crashes, each with its recovery
	Refused int // starts refused for a reason that the crash explains
	Second  int // rounds whose recovery was itself ended by a crash
	By      [policies]Figures
}

// QuickSync is what an ordinary disk needs for a sync at most, in microseconds.
const QuickSync = 20_000

// Figures are those of one policy.
type Figures struct {
	Rounds int
	// Lossy are power cuts and torn tails that took something acknowledged.
	Lossy int
	// The age of the oldest such change, in microseconds: where no sync took
	// longer than QuickSync, where it did, and where something failed, too.
	WorstQuick, Worst, WorstFaulty int64
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
		f.WorstQuick = max(f.WorstQuick, g.WorstQuick)
		f.Worst = max(f.Worst, g.Worst)
		f.WorstFaulty = max(f.WorstFaulty, g.WorstFaulty)
	}
}
