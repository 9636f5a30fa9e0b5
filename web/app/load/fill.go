package load

import (
	"math/rand/v2"

	"everysec/engine/resp"
	"everysec/web/app"
	"everysec/web/words"
)

// What a fill makes.
type FillKind int

// The kinds.
const (
	Strings FillKind = iota
	Lists
	Hashes
	Sets
	SortedSets
	EachType // strings, lists, hashes, sets and sorted sets in turn
	OneSet   // a single set with as many members
	FillKinds
)

// FillNames are what the learner sees.
var FillNames = [FillKinds]string{"strings", "lists", "hashes", "sets", "sorted sets", "each type in turn", "members of one set"}

// FillSettings are what the learner chooses.
type FillSettings struct {
	Count  int
	Kind   FillKind
	Size   int    // bytes of a value
	TTL    int    // seconds; 0: they stay
	Prefix string // of the names; for OneSet its name
}

// MaxFill is how many keys a fill makes at most.
const MaxFill = 1_000_000

// Within brings settings into their bounds.
func (s FillSettings) Within() FillSettings {
	s.Count = min(max(s.Count, 1), MaxFill)
	s.Size = min(max(s.Size, 1), MaxSize)
	s.TTL = max(s.TTL, 0)
	if s.Kind < 0 || s.Kind >= FillKinds {
		s.Kind = Strings
	}
	if s.Prefix = s.Prefix[:min(len(s.Prefix), 100)]; s.Prefix == "" {
		s.Prefix = "key:"
	}
	return s
}

// Measured bytes of memory, as INFO counts them, of an entry with a name of
// nine bytes: without its value, without its share of the table, and what a
// value takes that no listpack may hold. A test compares them with the engine.
var measured = [...]struct{ entry, large int64 }{
	Strings:    {73, 73},
	Lists:      {137, 153},
	Hashes:     {89, 208},
	Sets:       {201, 203},
	SortedSets: {88, 940},
}

const (
	listpackValue = 64 // the longest value in a listpack of a hash or sorted set
	expiry        = 38 // an entry in the table of expiries, without its share of it
	moment        = 11 // by which it is longer in the append-only file
	member        = 60 // of a set that is a hash table, without its share of it
)

// Memory estimates the bytes of memory that a fill takes.
func (s FillSettings) Memory() int64 {
	n := int64(s.Count)
	table := int64(8)
	for table < n*8 {
		table *= 2
	}
	if s.Kind == OneSet {
		return n*member + table
	}
	name := int64(len(s.Prefix)+len(itoa(n-1))) - 9
	each := func(k FillKind) int64 {
		m, size := measured[k].entry, int64(s.Size)
		if size > listpackValue {
			m = measured[k].large
		}
		return m + size + size/50 + name
	}
	total := int64(0)
	if s.Kind == EachType {
		for k := Strings; k <= SortedSets; k++ {
			total += each(k) * n / int64(len(measured))
		}
	} else {
		total = each(s.Kind) * n
	}
	if s.TTL > 0 {
		total += expiry*n + table
	}
	return total + table
}

// TooLarge tells whether it is more than a browser's memory should be asked for.
func (s FillSettings) TooLarge() bool { return s.Memory() > maxFillMemory }

const maxFillMemory = 1 << 30

// Filling is a fill that goes on: slices of commands, each so short that the
// server and the page go on with other things between two.
type Filling struct {
	FillSettings
	Done    int // keys, or members, that are there
	Failure string
	Stopped bool // no more is sent: cancelled, or refused

	next     int  // the first that has not been sent
	replies  int  // that are awaited
	answered int  // entries whose first reply has come
	half     bool // their second has not
	lost     bool // the connection
	input    []byte
	data     []byte
	value    []byte
	greeting int
	Server   uint64 // the server's number of the client
}

// NewFilling begins a fill; what it returns is to be sent first.
func NewFilling(s FillSettings) (*Filling, []byte) {
	f := &Filling{FillSettings: s.Within(), greeting: 2}
	random := rand.New(rand.NewPCG(1, 1))
	f.value = make([]byte, f.Size)
	for i := range f.value {
		f.value[i] = 'a' + byte(random.IntN(26))
	}
	return f, hello("fill")
}

// hello gives a connection its name, and asks for its number.
func hello(name string) []byte {
	data := resp.AppendCommand(nil, []byte("CLIENT"), []byte("SETNAME"), []byte(name))
	return resp.AppendCommand(data, []byte("CLIENT"), []byte("ID"))
}

const (
	sliceKeys  = 1000
	sliceBytes = 256 << 10
	window     = 2 * sliceKeys // replies that may be outstanding
)

// Next is what is to be sent now, or nil: the server is to answer first, or
// there is no more.
func (f *Filling) Next() []byte {
	f.data = f.data[:0]
	for range sliceKeys {
		if f.Stopped || f.next == f.Count || f.replies >= window || len(f.data) >= sliceBytes {
			break
		}
		f.append()
		f.next++
	}
	if len(f.data) == 0 {
		return nil
	}
	return f.data
}

func (f *Filling) append() {
	number := itoa(int64(f.next))
	key := []byte(f.Prefix + number)
	kind := f.Kind
	if kind == EachType {
		kind = FillKind(f.next % len(measured))
	}
	words := [][]byte{[]byte("SET"), key, f.value}
	switch kind {
	case Strings:
		if f.TTL > 0 {
			words = append(words, []byte("EX"), []byte(itoa(int64(f.TTL))))
		}
	case Lists:
		words[0] = []byte("RPUSH")
	case Hashes:
		words = [][]byte{[]byte("HSET"), key, []byte("field"), f.value}
	case Sets:
		words[0] = []byte("SADD")
	case SortedSets:
		words = [][]byte{[]byte("ZADD"), key, []byte(number), f.value}
	case OneSet:
		words = [][]byte{[]byte("SADD"), []byte(f.Prefix), []byte("member:" + number)}
	}
	f.data = resp.AppendCommand(f.data, words...)
	f.replies++
	if f.twice(f.next) {
		f.data = resp.AppendCommand(f.data, []byte("EXPIRE"), key, []byte(itoa(int64(f.TTL))))
		f.replies++
	}
}

// twice tells whether an entry takes a second command for its time to live.
func (f *Filling) twice(i int) bool {
	return f.TTL > 0 && f.Kind != OneSet && f.Kind != Strings && (f.Kind != EachType || i%len(measured) != int(Strings))
}

// Receive takes what the server answered.
func (f *Filling) Receive(data []byte) {
	f.input = append(f.input, data...)
	used := 0
	for used < len(f.input) {
		v, n, err := resp.Parse(f.input[used:])
		if err != nil || n == 0 {
			break
		}
		used += n
		if f.greeting > 0 {
			if f.greeting--; f.greeting == 0 && !v.IsError() {
				f.Server = uint64(v.Int)
			}
			continue
		}
		f.replies--
		if v.IsError() && f.Failure == "" {
			f.Failure, f.Stopped = string(v.Str), true
		}
		if f.half {
			f.half = false // it is there, and now has its time to live
			continue
		}
		if !v.IsError() {
			f.Done++
		}
		f.half = f.twice(f.answered)
		f.answered++
	}
	f.input = append(f.input[:0], f.input[used:]...)
}

// Cancel sends no more.
func (f *Filling) Cancel() { f.Stopped = true }

// Lost is the end of the connection.
func (f *Filling) Lost() {
	f.Stopped, f.replies, f.greeting = true, 0, 0
	if f.Failure == "" && f.Done < f.Count {
		f.Failure, f.lost = "the connection was closed", true
	}
}

// Over tells whether nothing more will change.
func (f *Filling) Over() bool {
	return f.replies == 0 && f.greeting == 0 && (f.Stopped || f.next == f.Count)
}

// Progress is from 0 to 1.
func (f *Filling) Progress() float64 { return float64(f.Done) / float64(f.Count) }

// Account says, when a fill is over, what was put in.
func (f *Filling) Account() string {
	done, all := app.Count(int64(f.Done)), app.Count(int64(f.Count))
	whole, text := f.Done == f.Count, ""
	switch {
	case f.Kind == OneSet && whole:
		text = words.Say("All {n} members were put into {key}.", all, f.Prefix)
	case f.Kind == OneSet:
		text = words.Say("{n} of {all} members were put into {key}.", done, all, f.Prefix)
	case f.Failure != "" || f.Done < 2:
		text = words.Say("{n} of {all} keys were put in.", done, all)
	case whole:
		text = words.Say("All {n} keys were put in, {first} to {last}.", all, f.Prefix+"0", f.Prefix+itoa(int64(f.Done-1)))
	default: // nothing was refused in between
		text = words.Say("{n} of {all} keys were put in, {first} to {last}.", done, all, f.Prefix+"0", f.Prefix+itoa(int64(f.Done-1)))
	}
	switch {
	case f.lost:
		return words.Say("The connection was closed before all had been answered. {account}", text)
	case f.Failure != "":
		return words.Say("Refused: {why}", words.Heard(f.Failure)) + " " + text
	case f.Stopped && !whole:
		return words.Say("Cancelled.") + " " + text
	}
	return text
}

// CommandBytes is how long the commands are: what an append-only file takes.
func (s FillSettings) CommandBytes() int64 {
	f, _ := NewFilling(s)
	n, total := len(measured), int64(0)
	for i := range n {
		f.data, f.next = f.data[:0], (f.Count-1)/n*n+i
		f.append()
		total += int64(len(f.data))
	}
	if s.TTL > 0 && s.Kind != OneSet {
		total += int64(n) * moment // the file has the moment, and not how long
	}
	return total * int64(f.Count) / int64(n)
}
