package sortedset

// ScoreRanks returns the ranks [from, to) of the members in r.
func (s *Set) ScoreRanks(r ScoreRange) (from, to int) {
	from, to = s.ranksOfScores(r)
	return from, max(from, to)
}

// LexRanks returns the ranks [from, to) of the members in r.
func (s *Set) LexRanks(r LexRange) (from, to int) { return s.ranksOfMembers(r) }
