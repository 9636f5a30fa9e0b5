package load

// Interval is how long one point of the series is, Span how many there are:
// the last minute in tenths of a second.
const (
	Interval = 100_000
	Span     = 600
)

// Series is the latencies of the last minute, by the moment at which commands
// were due. A command that has not been answered yet counts with the time that
// it has waited so far, so that a wall is seen while it grows.
type Series struct {
	origin int64
	newest int64 // the newest interval that was begun, counted from the origin
	ring   []interval
}

type interval struct {
	number int64
	histogram
	sent, lost, refused int64
	point               Point // as computed last; valid while !changed
	changed             bool
}

// Point is what is shown of an interval. Latencies are microseconds.
type Point struct {
	From                int64 // microseconds since 1970
	Sent, Open          int64 // commands that were due; those of them that wait
	Lost, Refused       int64 // whose connection ended; that had no connection
	P50, P99, P999, Max int64
}

func (s *Series) begin(now int64) {
	s.origin, s.newest = now, -1
	s.ring = make([]interval, Span)
	for i := range s.ring {
		s.ring[i].number = -1
	}
}

// at is the interval of a moment, or nil if it is over a minute old.
func (s *Series) at(moment int64) *interval {
	n := (moment - s.origin) / Interval
	if moment < s.origin || n <= s.newest-Span {
		return nil
	}
	i := &s.ring[n%Span]
	if i.number != n {
		if n <= s.newest && i.number > n {
			return nil
		}
		*i = interval{number: n}
		s.newest = max(s.newest, n)
	}
	i.changed = true
	return i
}

func (s *Series) send(moment int64) {
	if i := s.at(moment); i != nil {
		i.sent++
	}
}

func (s *Series) refuse(moment int64) {
	if i := s.at(moment); i != nil {
		i.refused++
	}
}

func (s *Series) answer(since, took int64) {
	if i := s.at(since); i != nil {
		i.add(took)
	}
}

func (s *Series) lose(since int64) {
	if i := s.at(since); i != nil {
		i.lost++
	}
}

// Points appends the intervals from one moment on, oldest first; those in which
// nothing was due are left out.
func (s *Series) Points(points []Point, from, now int64) []Point {
	first := max(s.newest-Span+1, 0)
	if from > s.origin {
		first = max(first, (from-s.origin)/Interval)
	}
	for n := first; n <= s.newest; n++ {
		i := &s.ring[n%Span]
		if i.number != n || i.sent+i.refused == 0 {
			continue
		}
		open := i.sent - i.n - i.lost
		if i.changed || open > 0 {
			i.changed = false
			start := s.origin + n*Interval
			soFar := int64(0)
			if open > 0 {
				soFar = max(now-start-Interval, 0) // at least so long
			}
			i.point = Point{
				From: start, Sent: i.sent, Open: open, Lost: i.lost, Refused: i.refused,
				P50: i.quantile(0.5, open, soFar), P99: i.quantile(0.99, open, soFar), P999: i.quantile(0.999, open, soFar),
				Max: max(i.most, soFar),
			}
		}
		points = append(points, i.point)
	}
	return points
}

// Over is one point for all that was due from one moment up to another: what
// the last second was like.
func (s *Series) Over(from, to, now int64) Point {
	var all histogram
	p := Point{From: from}
	soFar := int64(0)
	last := min((to-s.origin-1)/Interval, s.newest)
	for n := max((from-s.origin)/Interval, s.newest-Span+1, 0); n <= last; n++ {
		i := &s.ring[n%Span]
		if i.number != n {
			continue
		}
		for b, count := range i.counts {
			all.counts[b] += count
		}
		all.n += i.n
		all.most = max(all.most, i.most)
		open := i.sent - i.n - i.lost
		if open > 0 {
			soFar = max(soFar, now-s.origin-(n+1)*Interval)
		}
		p.Sent, p.Open, p.Lost, p.Refused = p.Sent+i.sent, p.Open+open, p.Lost+i.lost, p.Refused+i.refused
	}
	p.P50, p.P99, p.P999 = all.quantile(0.5, p.Open, soFar), all.quantile(0.99, p.Open, soFar), all.quantile(0.999, p.Open, soFar)
	p.Max = max(all.most, soFar)
	return p
}
