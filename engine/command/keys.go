package command

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Where the keys of a command line are, read from its row: the key specs when
// they say it all, else the row's own Keys function, as Redis prefers them.

// ErrKeysUnknown says that the words do not fit the command's key specs.
var ErrKeysUnknown = errors.New("the arguments do not say where the keys are")

// KeyPosition is one key of a command line.
type KeyPosition struct {
	Index int      // into the words
	Flags []string // "RO", "access", ... as COMMAND GETKEYSANDFLAGS prints them
}

// HasKeys tells whether the command takes keys at all.
func (s *Spec) HasKeys() bool {
	if s.Keys != nil {
		return true
	}
	for i := range s.KeySpecs {
		if !s.KeySpecs[i].has("not_key") {
			return true
		}
	}
	return false
}

// KeyPositions finds the keys in the words of a command line, whose number
// fits the command's arity.
func (s *Spec) KeyPositions(args [][]byte) ([]KeyPosition, error) {
	if s.Keys == nil || !s.anyKeySpec("variable_flags") {
		found, err := s.keysFromSpecs(args)
		if err == nil || s.Keys == nil {
			return s.withFlags(args, found), err
		}
	}
	indices, err := s.Keys(args)
	if err != nil {
		return nil, err
	}
	var found []KeyPosition
	for _, i := range indices {
		found = append(found, KeyPosition{Index: i, Flags: s.specFlagsOf(args, i)})
	}
	return s.withFlags(args, found), nil
}

// EachKey calls visit with the keys of a command line, as far as its words say
// where they are, and tells whether it returned true for one.
func (s *Spec) EachKey(args [][]byte, visit func(key []byte) bool) bool {
	if len(s.KeySpecs) == 1 && s.KeySpecs[0].LastKey == 0 {
		if k := &s.KeySpecs[0]; !k.BeginUnknown && !k.FindUnknown && !k.KeyNum && k.Keyword == "" && !k.has("incomplete") {
			return k.Index < len(args) && visit(args[k.Index]) // most commands have one, at its place
		}
	}
	if !s.HasKeys() {
		return false
	}
	positions, err := s.KeyPositions(args)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(positions, func(p KeyPosition) bool { return visit(args[p.Index]) })
}

// withFlags lets the row say what a call really does to its keys.
func (s *Spec) withFlags(args [][]byte, found []KeyPosition) []KeyPosition {
	if s.KeyFlags == nil {
		return found
	}
	for i := range found {
		found[i].Flags = s.KeyFlags(args, found[i].Index)
	}
	return found
}

// specFlagsOf is the flags of the key spec that finds the key at a position.
// A key that none finds has those of the last spec, where rows describe what
// they cannot locate.
func (s *Spec) specFlagsOf(args [][]byte, index int) []string {
	for i := range s.KeySpecs {
		positions, _ := s.KeySpecs[i].find(args)
		if slices.Contains(positions, index) {
			return s.KeySpecs[i].keyFlags()
		}
	}
	if n := len(s.KeySpecs); n > 0 {
		return s.KeySpecs[n-1].keyFlags()
	}
	return nil
}

func (s *Spec) keysFromSpecs(args [][]byte) ([]KeyPosition, error) {
	var found []KeyPosition
	for i := range s.KeySpecs {
		k := &s.KeySpecs[i]
		if k.has("not_key") {
			continue
		}
		positions, err := k.find(args)
		if err != nil {
			return nil, err
		}
		for _, p := range positions {
			found = append(found, KeyPosition{Index: p, Flags: k.keyFlags()})
		}
		if k.has("incomplete") {
			return nil, ErrKeysUnknown
		}
	}
	return found, nil
}

func (s *Spec) anyKeySpec(flag string) bool {
	return slices.ContainsFunc(s.KeySpecs, func(k KeySpec) bool { return k.has(flag) })
}

func (k *KeySpec) has(flag string) bool { return slices.Contains(k.Flags, flag) }

// keyFlags is the flags without those that speak of the spec itself.
func (k *KeySpec) keyFlags() []string {
	return slices.DeleteFunc(slices.Clone(k.Flags), func(flag string) bool { return flag == "incomplete" })
}

// find returns the positions that one key spec describes; none when its
// keyword is not there.
func (k *KeySpec) find(args [][]byte) ([]int, error) {
	if k.BeginUnknown || k.FindUnknown {
		return nil, ErrKeysUnknown
	}
	first := k.Index
	if k.Keyword != "" {
		if first = k.afterKeyword(args); first == 0 {
			return nil, nil
		}
	}
	step := max(k.KeyStep, 1)
	last := 0
	switch {
	case k.KeyNum:
		if first+k.KeyNumIndex >= len(args) {
			return nil, ErrKeysUnknown
		}
		n := leadingInt(args[first+k.KeyNumIndex])
		if n < 0 || n > int64(len(args)) {
			return nil, ErrKeysUnknown
		}
		first += k.FirstKey
		last = first + (int(n)-1)*step
	case k.LastKey >= 0:
		last = first + k.LastKey
	case k.Limit <= 1:
		last = len(args) + k.LastKey
	default:
		last = first + (len(args)-first)/k.Limit + k.LastKey
	}
	if first >= len(args) || last >= len(args) || last < first {
		return nil, ErrKeysUnknown
	}
	var positions []int
	for i := first; i <= last; i += step {
		positions = append(positions, i)
	}
	return positions, nil
}

// leadingInt reads the number that a word begins with, as C's atoi, which is
// how Redis counts keys here; 0 if there is none.
func leadingInt(b []byte) int64 {
	for len(b) > 0 && (b[0] == ' ' || b[0]-'\t' < 5) {
		b = b[1:]
	}
	end := 0
	if end < len(b) && (b[0] == '-' || b[0] == '+') {
		end++
	}
	for end < len(b) && b[end]-'0' < 10 {
		end++
	}
	n, err := strconv.ParseInt(string(b[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// afterKeyword looks for the spec's keyword from StartFrom, forwards or from
// the end, and returns the position behind it; 0 when it is not there.
func (k *KeySpec) afterKeyword(args [][]byte) int {
	i, end, step := k.StartFrom, len(args)-1, 1
	if k.StartFrom <= 0 {
		i, end, step = len(args)+k.StartFrom, 1, -1
	}
	for ; i != end && i > 0 && i < len(args); i += step {
		if strings.EqualFold(string(args[i]), k.Keyword) {
			return i + 1
		}
	}
	return 0
}
