package command

import "slices"

// ACLLog is what ACL LOG shows: who was refused what, the newest first. The
// same refusal within a minute only counts up.
type ACLLog struct{ Entries []*ACLLogEntry }

// ACLLogEntry is one line of it.
type ACLLogEntry struct {
	Count   int64
	Reason  Denial
	Context string // "toplevel", "multi" or "lua"
	Object  string // the command, key or channel
	User    string
	At      int64  // Unix milliseconds of the last time
	Client  string // as CLIENT LIST shows it
}

const (
	aclLogSimilar   = 60000 // milliseconds within which equal refusals are one entry
	aclLogLookFor   = 10    // how many entries are compared
	aclLogMaxObject = 1 << 20
)

// Add notes a refusal. The log stays within a number of entries.
func (l *ACLLog) Add(e ACLLogEntry, limit int64) {
	e.Object = e.Object[:min(len(e.Object), aclLogMaxObject)]
	for i, old := range l.Entries[:min(len(l.Entries), aclLogLookFor)] {
		if old.Reason == e.Reason && old.Context == e.Context && old.Object == e.Object && old.User == e.User &&
			max(e.At-old.At, old.At-e.At) <= aclLogSimilar {
			e.Count = old.Count + 1
			*old = e
			copy(l.Entries[1:], l.Entries[:i])
			l.Entries[0] = old
			return
		}
	}
	e.Count = 1
	l.Entries = slices.Insert(l.Entries, 0, &e)
	if int64(len(l.Entries)) > limit {
		clear(l.Entries[limit:])
		l.Entries = l.Entries[:limit]
	}
}
