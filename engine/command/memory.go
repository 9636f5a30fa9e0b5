package command

// MemoryFigures is what memory is used for, in bytes.
type MemoryFigures struct {
	Used, Peak, Startup int64
	// Active and Resident are what was taken from the system for it.
	Active, Resident int64

	Clients, AppendOnlyBuffer int64
	Scripts, Functions        int64
	ScriptCount               int
	// Databases have, by number, what their tables of keys and of expiries take
	// beside the keys and values.
	Databases []DatabaseMemory
	// Overhead is all that is no data.
	Overhead int64
	KeyCount int64

	// ArenaUsed and ArenaReserved are what is really taken here.
	ArenaUsed, ArenaReserved int64
}

// DatabaseMemory is the overhead of the keys of a database, and that of their
// expiries.
type DatabaseMemory struct{ Keys, Expires int64 }

// Dataset is what the data take.
func (m *MemoryFigures) Dataset() int64 { return m.Used - m.Overhead }

// BytesPerKey is the mean of everything that came since the start.
func (m *MemoryFigures) BytesPerKey() int64 {
	if m.KeyCount == 0 {
		return 0
	}
	return max(m.Used-m.Startup, 0) / m.KeyCount
}

// DatasetPercentage is the share of the data in what came since the start.
func (m *MemoryFigures) DatasetPercentage() float64 {
	net := max(m.Used-m.Startup, 1)
	return float64(m.Dataset()) * 100 / float64(net)
}

// PeakPercentage is what is used of the most that ever was.
func (m *MemoryFigures) PeakPercentage() float64 {
	return float64(m.Used) * 100 / float64(max(m.Peak, 1))
}
