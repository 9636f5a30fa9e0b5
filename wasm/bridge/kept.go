package bridge

// Keeping is whether the record of the run outlives the page.
type Keeping uint8

// The answers.
const (
	KeptNowhere Keeping = 0 // the page was asked to keep nothing
	KeptLater   Keeping = 1 // as soon as somebody does something
	KeptHere    Keeping = 2
	Unkept      Keeping = 3 // it should be, and cannot be
)

// KeptRuns is what the browser keeps of runs.
type KeptRuns struct {
	Keeping Keeping // of this run
	Bytes   int64   // of it that are kept
	Why     string  // Unkept
	Runs    []KeptRun
}

// KeptRun is a run that is over, and was one of this store. Its last words may be
// missing: what it says of itself may be more than what is there.
type KeptRun struct {
	ID           string
	Version      int64 // of its format
	Began, Ended int64 // real time, microseconds since 1970
	Inputs       int64 // in which somebody did something
	Bytes, Kept  int64 // of the record, and of it what is there
	Full         bool  // the record had ended before the run did
	Left         bool  // it was left by OpRunBranch, by this page
}

// Append writes the runs.
func (k *KeptRuns) Append(r Record) Record {
	r = r.Byte(uint8(k.Keeping)).Int(k.Bytes).String(k.Why).Int(int64(len(k.Runs)))
	for _, k := range k.Runs {
		r = r.String(k.ID).Int(k.Version).Int(k.Began).Int(k.Ended).Int(k.Inputs).Int(k.Bytes).Int(k.Kept).Bool(k.Full).Bool(k.Left)
	}
	return r
}

// ReadKeptRuns reads what Append wrote.
func ReadKeptRuns(payload []byte) (k KeptRuns, err error) {
	f := Read(payload)
	k.Keeping, k.Bytes, k.Why = Keeping(f.Byte()), f.Int(), f.String()
	for n := f.Int(); n > 0 && f.More(); n-- {
		k.Runs = append(k.Runs, KeptRun{
			ID: f.String(), Version: f.Int(), Began: f.Int(), Ended: f.Int(), Inputs: f.Int(), Bytes: f.Int(), Kept: f.Int(), Full: f.Bool(), Left: f.Bool(),
		})
	}
	return k, f.Err()
}
