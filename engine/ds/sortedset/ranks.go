package sortedset

// ScoreRanks returns the ranks [from, to) of the members in r.
func (s *Set) ScoreRanks(r ScoreRange) (from, to int) {
	from, to = s.ranksOfScores(r)
	return from, max(from, to)
}

// LexRanks returns the ranks [from, to) of the members in r.
func (s *Set) LexRanks(r LexRange) (from, to int) { return s.ranksOfMembers(r) }

// AboveMin tells whether a member is not below the range.
func (r LexRange) AboveMin(member []byte) bool { return r.aboveMin(member) }

// BelowMax tells whether a member is not above the range.
func (r LexRange) BelowMax(member []byte) bool { return r.belowMax(member) }
