package command

import (
	"iter"
	"strconv"

	"everysec/engine/crashreport"
)

// CrashWrite is a write of a crash report with its keys.
type CrashWrite struct {
	crashreport.Write
	Keys [][]byte // as far as its words are known
	// Later is the change number of the next write to one of these keys in the
	// report; 0: there is none.
	Later uint64
}

// CrashWrites goes through the writes of a crash report, newest first.
func CrashWrites(t *Table, r *crashreport.Report) iter.Seq[CrashWrite] {
	return func(yield func(CrashWrite) bool) {
		later := map[string]uint64{}
		for w := range r.Writes {
			out := CrashWrite{Write: w}
			prefix := strconv.Itoa(w.DB) + ":"
			for _, words := range w.Words {
				for _, key := range writtenKeys(t, words) {
					out.Keys = append(out.Keys, key)
					if n := later[prefix+string(key)]; n != 0 && (out.Later == 0 || n < out.Later) {
						out.Later = n
					}
				}
			}
			for _, key := range out.Keys {
				later[prefix+string(key)] = w.Change
			}
			if !yield(out) {
				return
			}
		}
	}
}

// writtenKeys are the keys among the words that are known.
func writtenKeys(t *Table, words [][]byte) (keys [][]byte) {
	if len(words) == 0 || words[0] == nil {
		return nil
	}
	spec := t.Resolve(words)
	if spec == nil || !spec.ArityFits(len(words)) || !spec.HasKeys() {
		return nil
	}
	positions, err := spec.KeyPositions(words)
	if err != nil {
		return nil // the word that tells how many keys there are is cut off
	}
	for _, p := range positions {
		if key := words[p.Index]; key != nil {
			keys = append(keys, key)
		}
	}
	return keys
}
