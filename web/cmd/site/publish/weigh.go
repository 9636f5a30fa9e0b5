package publish

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Weigh prints what the module's bytes are spent on: code by package, and how
// much is data (most of it tables that the runtime keeps about that code).
// Uncompressed bytes: the compressor does not tell who cost what.
func (b *Builder) Weigh(w io.Writer, lines int) error {
	wasm, err := b.wasm("playground", "-w") // with the names, without the debugger's tables
	if err != nil {
		return err
	}
	code, data, err := weigh(wasm)
	if err != nil {
		return err
	}
	packages := slices.SortedFunc(maps.Keys(code), func(x, y string) int {
		return cmp.Or(cmp.Compare(code[y], code[x]), cmp.Compare(x, y))
	})
	fmt.Fprintf(w, "%9d  data\n", data)
	rest := 0
	for i, p := range packages {
		if i < lines {
			fmt.Fprintf(w, "%9d  %s\n", code[p], p)
		} else {
			rest += code[p]
		}
	}
	fmt.Fprintf(w, "%9d  code of %d other packages\n", rest, max(len(packages)-lines, 0))
	return nil
}

var errWasm = errors.New("not a wasm module")

// reader walks over a module.
type reader struct{ b []byte }

func (r *reader) uint() int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > uint64(len(r.b)) && v > 1<<31 {
		r.b = nil
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.b = nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func weigh(wasm []byte) (code map[string]int, data int, err error) {
	if len(wasm) < 8 || !bytes.HasPrefix(wasm, []byte("\x00asm")) {
		return nil, 0, errWasm
	}
	var sizes []int
	names := map[int]string{}
	imported := 0
	for r := (reader{wasm[8:]}); len(r.b) > 0; {
		id := r.take(1)[0]
		section := reader{r.take(r.uint())}
		switch id {
		case 0: // custom
			if string(section.take(section.uint())) != "name" {
				continue
			}
			for len(section.b) > 0 {
				sub := section.take(1)[0]
				list := reader{section.take(section.uint())}
				if sub != 1 {
					continue
				}
				for n := list.uint(); n > 0; n-- {
					at := list.uint()
					names[at] = string(list.take(list.uint()))
				}
			}
		case 2: // imports: all of Go's are functions
			imported = section.uint()
		case 10: // code
			for n := section.uint(); n > 0; n-- {
				size := section.uint()
				section.take(size)
				sizes = append(sizes, size)
			}
		case 11:
			data = len(section.b)
		}
	}
	if len(names) == 0 || len(sizes) == 0 {
		return nil, 0, errWasm
	}
	code = map[string]int{}
	for i, size := range sizes {
		code[packageOf(names[imported+i])] += size
	}
	return code, data, nil
}

// packageOf cuts a symbol down to its import path.
func packageOf(symbol string) string {
	symbol = strings.TrimPrefix(symbol, "type:.")
	head := symbol
	if i := strings.IndexAny(head, "[("); i >= 0 {
		head = head[:i] // what follows may hold other packages' paths
	}
	slash := strings.LastIndexAny(head, "/")
	if slash < 0 {
		slash = 0
	}
	if dot := strings.IndexByte(head[slash:], '.'); dot >= 0 {
		return head[:slash+dot]
	}
	return "(runtime support)"
}
