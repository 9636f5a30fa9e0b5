package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func index(i int) KeySpec { return KeySpec{Index: i, KeyStep: 1} }

// The positions are those that COMMAND GETKEYS of 7.0.15 finds.
func TestKeyPositions(t *testing.T) {
	store := KeySpec{Keyword: "STORE", StartFrom: 6, KeyStep: 1}
	migrate := []KeySpec{
		{Index: 3, KeyStep: 1},
		{Keyword: "KEYS", StartFrom: -2, LastKey: -1, KeyStep: 1},
	}
	for _, test := range []struct {
		name  string
		specs []KeySpec
		line  string
		want  []int // nil: an error
	}{
		{"one", []KeySpec{index(1)}, "get k", []int{1}},
		{"to the end", []KeySpec{{Index: 1, LastKey: -1, KeyStep: 1}}, "del a b c", []int{1, 2, 3}},
		{"every second", []KeySpec{{Index: 1, LastKey: -1, KeyStep: 2}}, "mset a 1 b 2", []int{1, 3}},
		{"every second, one missing", []KeySpec{{Index: 1, LastKey: -1, KeyStep: 2}}, "mset a 1 b", []int{1, 3}},
		{"up to the last but one", []KeySpec{{Index: 1, LastKey: -2, KeyStep: 1}}, "blpop a b 0", []int{1, 2}},
		{"two specs", []KeySpec{index(1), index(2)}, "rename a b", []int{1, 2}},
		{"counted", []KeySpec{index(1), {Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}}, "zunionstore d 2 a b", []int{1, 3, 4}},
		{"counted too high", []KeySpec{index(1), {Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}}, "zunionstore d 3 a b", nil},
		{"counted none", []KeySpec{{Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}}, "eval x 0", nil},
		{"counted by a word", []KeySpec{{Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}}, "eval x y a", nil},
		{"counted absurdly", []KeySpec{{Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}}, "eval x 9223372036854775807 a", nil},
		{"half of what follows a keyword", []KeySpec{{Keyword: "STREAMS", StartFrom: 1, LastKey: -1, KeyStep: 1, Limit: 2}}, "xread count 1 streams a b 1 2", []int{4, 5}},
		{"a keyword that is there", []KeySpec{index(1), store}, "georadius k 1 1 1 m store x", []int{1, 7}},
		{"a keyword that is not there", []KeySpec{index(1), store}, "georadius k 1 1 1 m", []int{1}},
		{"a keyword from the end", migrate, "migrate h 1 x 0 100 keys a b c", []int{3, 7, 8, 9}},
		{"no keyword from the end", migrate, "migrate h 1 k 0 100", []int{3}},
		{"unknown", []KeySpec{index(1), {BeginUnknown: true, FindUnknown: true}}, "sort a", nil},
		{"not a key", []KeySpec{{Flags: []string{"not_key"}, Index: 1, KeyStep: 1}}, "spublish c m", []int{}},
		{"too short", []KeySpec{index(3)}, "x a", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &Spec{KeySpecs: test.specs}
			found, err := s.KeyPositions(splitLine(test.line))
			if test.want == nil {
				if !errors.Is(err, ErrKeysUnknown) {
					t.Fatalf("found %v, error %v, want an error", found, err)
				}
				return
			}
			got := []int{}
			for _, key := range found {
				got = append(got, key.Index)
			}
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%s: keys at %v, want %v (error %v)", test.line, got, test.want, err)
			}
		})
	}
}

func splitLine(line string) [][]byte {
	var args [][]byte
	for _, word := range strings.Fields(line) {
		args = append(args, []byte(word))
	}
	return args
}

func TestKeysFunctionHelpsWhereSpecsCannot(t *testing.T) {
	s := &Spec{
		KeySpecs: []KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, KeyStep: 1},
			{Flags: []string{"OW", "update", "incomplete"}, BeginUnknown: true, FindUnknown: true},
		},
		Keys: func(args [][]byte) ([]int, error) { return []int{1, 3}, nil },
	}
	found, err := s.KeyPositions(splitLine("sort a store b"))
	if got := fmt.Sprint(found); err != nil || got != "[{1 [RO access]} {3 [OW update]}]" {
		t.Errorf("found %s, error %v", got, err)
	}
}

// FuzzKeyPositions: whatever the words, no key lies outside them.
func FuzzKeyPositions(f *testing.F) {
	f.Add("zunionstore d 2 a b", 2, 1, -1, 1, 2)
	f.Add("migrate h 1 x 0 100 keys a b c", 3, -2, -1, 1, 0)
	f.Fuzz(func(t *testing.T, line string, at, from, last, step, limit int) {
		args := splitLine(line)
		at, from, step = at&15, from%16, step&7
		for _, k := range []KeySpec{
			{Index: at, LastKey: last % 8, KeyStep: step, Limit: limit & 3},
			{Index: at, KeyNum: true, KeyNumIndex: limit & 3, FirstKey: last & 7, KeyStep: step},
			{Keyword: "keys", StartFrom: from, LastKey: last % 8, KeyStep: step},
		} {
			found, _ := (&Spec{KeySpecs: []KeySpec{k}}).KeyPositions(args)
			for _, key := range found {
				if key.Index < 0 || key.Index >= len(args) {
					t.Fatalf("%+v: key at %d of %d words", k, key.Index, len(args))
				}
			}
		}
	})
}
