//go:build js && wasm

// A program whose functions a test scatters over several modules: goroutines
// that wait for each other, panics, closures, interfaces, and the collector.
package main

import (
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	_ "syscall/js"
)

var (
	asked  = make(chan int)
	answer string
)

func main() {
	for n := range asked {
		answer = strings.Join(append([]string{answer}, work(n)...), " ")
	}
}

type shape interface{ area(scale int) int }

type (
	square struct{ side int }
	pair   struct{ a, b shape }
)

func (s square) area(scale int) int { return scale * s.side * s.side }

func (p *pair) area(scale int) int {
	defer func() { scale = 0 }()
	return p.a.area(scale) + p.b.area(scale)
}

func work(n int) []string {
	var list []string
	add := func(v int) { list = append(list, strconv.Itoa(v)) }
	add(passedOn(n, 5))
	add((&pair{square{n}, &pair{square{1}, square{2}}}).area(n))
	add(caught(n))
	add(deep(n % 100))
	add(garbage(n))
	list = append(list, sorted(list)...)
	return list
}

// passedOn sends numbers through a chain of goroutines: each waits for the one
// before, so that all are unwound and resumed over and over.
func passedOn(n, links int) int {
	in := make(chan int)
	first := in
	for range links {
		out := make(chan int)
		go link(in, out)
		in = out
	}
	go func() {
		for i := range n % 50 {
			first <- i
		}
		close(first)
	}()
	sum := 0
	for v := range in {
		sum += v
	}
	return sum
}

func link(in, out chan int) {
	defer close(out)
	for v := range in {
		out <- v + 1
		runtime.Gosched()
	}
}

var errOdd = errors.New("odd")

func caught(n int) (v int) {
	defer func() {
		if r := recover(); r == any(errOdd) {
			v = -n
		}
	}()
	return risky(n)
}

func risky(n int) int {
	defer func() { asides++ }()
	if n%2 == 1 {
		panic(errOdd)
	}
	return n
}

var asides int

// deep needs more stack than a goroutine has at first.
func deep(n int) int {
	var room [200]int
	room[n] = n
	if n == 0 {
		return 1
	}
	return deep(n-1) + room[n]
}

var kept [][]byte

// garbage makes the collector look at stacks and at what they hold.
func garbage(n int) int {
	local := make([]byte, 100+n)
	for i := range 20 {
		kept = append(kept[:i%10], make([]byte, 1000*i))
	}
	runtime.GC()
	return len(local) + len(kept)
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(b, a) })
	return list
}

//go:wasmexport ask
func ask(n int32) { go func() { asked <- int(n) }() }

// told is one byte of the answers, -1 behind them.
//
//go:wasmexport told
func told(at int32) int32 {
	if int(at) < len(answer) {
		return int32(answer[at])
	}
	return -1
}

//go:wasmexport missing
func missing() { panic(errAbsent) }

var errAbsent = errors.New("absent")

// try calls what is in a part and tells whether it was there: -1 if not.
//
//go:wasmexport try
func try(n int32) (v int32) {
	defer func() {
		if r := recover(); r == any(errAbsent) {
			v = -1
		}
	}()
	return int32(elsewhere(int(n)))
}

func elsewhere(n int) int {
	var b strings.Builder
	for i := range n {
		b.WriteString(strconv.Itoa(i))
	}
	return b.Len()
}
