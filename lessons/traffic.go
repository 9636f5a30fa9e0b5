package lessons

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"everysec/engine/phrase"
)

// Stream describes a load of reads and writes in which some keys are asked for
// more often than others, as real ones are. It is the same on every machine.
type Stream struct {
	Count  int
	Keys   int
	Reads  int     // per cent
	Skew   float64 // exponent: the key of rank r comes with a weight of about 1/r^Skew
	Prefix string
	Size   int           // bytes of each value
	Over   time.Duration // of engine time; 0: all at once
}

func (a *Action) parseTraffic(args []string) error {
	a.Verb = Traffic
	s := Stream{Keys: 1000, Reads: 90, Skew: 1, Prefix: "key:", Size: 100}
	if len(args) == 0 {
		return phrase.Errorf("traffic: expected a number of commands")
	}
	number := func(text string, least, most int) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return 0, phrase.Errorf("traffic: %q is not a number from %d to %d", text, least, most)
		}
		return n, nil
	}
	var err error
	if s.Count, err = number(args[0], 1, maxFill); err != nil {
		return err
	}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "keys":
			s.Keys, err = number(value, 1, maxFill)
		case "reads":
			s.Reads, err = number(value, 0, 100)
		case "size":
			s.Size, err = number(value, 0, 1<<20)
		case "prefix":
			if s.Prefix = value; value == "" {
				err = phrase.Errorf("traffic: prefix= is empty")
			}
		case "skew":
			if s.Skew, err = strconv.ParseFloat(value, 64); err != nil || !(s.Skew >= 0 && s.Skew <= 3) {
				err = phrase.Errorf("traffic: %q is not a skew from 0 to 3", value)
			}
		case "over":
			if s.Over, err = time.ParseDuration(value); err != nil || s.Over <= 0 || s.Over > time.Hour {
				err = phrase.Errorf("traffic: %q is not a duration forward, of an hour at most", value)
			}
		default:
			err = phrase.Errorf("traffic: unexpected %q", arg)
		}
		if err != nil {
			return err
		}
	}
	a.Load = s
	return nil
}

// Commands are the commands in order. An argument slice is only valid until
// the next one.
//
// Ranks are drawn in octaves (1, 2-3, 4-7, ...), each as heavy as its keys
// together are, and evenly within an octave: close to Zipf's law, without
// logarithms.
func (s Stream) Commands() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		var octaves []float64 // their weights, summed up
		sum, weight, step := 0.0, 1.0, twoTo(1-s.Skew)
		for first := 1; first <= s.Keys; first *= 2 {
			share := min(float64(s.Keys-first+1)/float64(first), 1) // the last may be cut
			sum += weight * share
			octaves = append(octaves, sum)
			weight *= step
		}
		state := uint64(0x9E3779B97F4A7C15)
		draw := func() float64 { // from 0 to below 1
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
			return float64(state>>11) / (1 << 53)
		}
		var args []string
		for i := 0; i < s.Count; i++ {
			at, octave := draw()*sum, 0
			for octaves[octave] <= at && octave < len(octaves)-1 {
				octave++
			}
			first := 1 << octave
			key := s.Prefix + strconv.Itoa(first-1+int(draw()*float64(min(first, s.Keys-first+1))))
			if int(draw()*100) < s.Reads {
				args = append(args[:0], "GET", key)
			} else {
				args = append(args[:0], "SET", key, filler(i, s.Size))
			}
			if !yield(args) {
				return
			}
		}
	}
}

// twoTo is 2 to the power of a small x.
func twoTo(x float64) float64 {
	x *= 0.6931471805599453
	sum, term := 1.0, 1.0
	for i := 1.0; i < 30; i++ {
		term *= x / i
		sum += term
	}
	return sum
}
