// Package pqsort sorts only the part of a slice that somebody asks for.
//
// It is the quicksort of Bentley and McIlroy, "Engineering a sort function"
// (1993), that goes into a partition only if it has some of the wanted
// positions. It is not stable: where elements compare equal their order is
// what exactly this algorithm leaves, which is why it must be this one. Redis
// shows that order to clients (SORT with LIMIT, GEOSEARCH with COUNT).
package pqsort

// Sort puts into the positions from first to last, both included, what would
// be there if all of a were sorted.
func Sort[T any](a []T, compare func(a, b T) int, first, last int) {
	s := sorter[T]{a, compare, first, last}
	s.sort(0, len(a))
}

type sorter[T any] struct {
	a           []T
	compare     func(a, b T) int
	first, last int
}

func (s *sorter[T]) cmp(i, j int) int { return s.compare(s.a[i], s.a[j]) }

func (s *sorter[T]) swap(i, j int) { s.a[i], s.a[j] = s.a[j], s.a[i] }

// median is the position of the middle one of three elements.
func (s *sorter[T]) median(i, j, k int) int {
	if s.cmp(i, j) < 0 {
		switch {
		case s.cmp(j, k) < 0:
			return j
		case s.cmp(i, k) < 0:
			return k
		}
		return i
	}
	switch {
	case s.cmp(j, k) > 0:
		return j
	case s.cmp(i, k) < 0:
		return i
	}
	return k
}

func (s *sorter[T]) wanted(from, n int) bool {
	return n > 1 && s.first < from+n && s.last >= from
}

// sort sorts n elements from a position on.
func (s *sorter[T]) sort(from, n int) {
	for {
		if n < 7 {
			for i := from + 1; i < from+n; i++ {
				for j := i; j > from && s.cmp(j-1, j) > 0; j-- {
					s.swap(j, j-1)
				}
			}
			return
		}
		middle := from + n/2
		if n > 7 {
			left, right := from, from+n-1
			if n > 40 {
				d := n / 8
				left = s.median(left, left+d, left+2*d)
				middle = s.median(middle-d, middle, middle+d)
				right = s.median(right-2*d, right-d, right)
			}
			middle = s.median(left, middle, right)
		}
		s.swap(from, middle)
		// Elements equal to the pivot gather at both ends: in front of
		// equalEnd and behind equalStart.
		equalEnd, low := from+1, from+1
		equalStart, high := from+n-1, from+n-1
		for {
			for low <= high {
				r := s.cmp(low, from)
				if r > 0 {
					break
				}
				if r == 0 {
					s.swap(equalEnd, low)
					equalEnd++
				}
				low++
			}
			for low <= high {
				r := s.cmp(high, from)
				if r < 0 {
					break
				}
				if r == 0 {
					s.swap(high, equalStart)
					equalStart--
				}
				high--
			}
			if low > high {
				break
			}
			s.swap(low, high)
			low++
			high--
		}
		end := from + n
		s.exchange(from, low, min(equalEnd-from, low-equalEnd))
		s.exchange(low, end, min(equalStart-high, end-1-equalStart))
		if less := low - equalEnd; s.wanted(from, less) {
			s.sort(from, less)
		}
		greater := equalStart - high
		if !s.wanted(end-greater, greater) {
			return
		}
		from, n = end-greater, greater
	}
}

// exchange swaps the n elements at a position with those in front of another.
func (s *sorter[T]) exchange(i, end, n int) {
	for j := end - n; j < end; i, j = i+1, j+1 {
		s.swap(i, j)
	}
}
