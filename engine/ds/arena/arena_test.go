package arena

import "testing"

func TestSmoke(t *testing.T) {
	for c := range classes {
		size := int(classUnits[c]) * 8
		span := int(spanPages[c]) * pageBytes
		waste := span - int(spanBlocks[c])*size
		t.Log(c, size, spanPages[c], spanBlocks[c], float64(waste)/float64(span))
		if classOf(size) != c || (c > 0 && classOf(int(classUnits[c-1])*8+1) != c) {
			t.Fatal(c, size)
		}
	}
	a := New()
	var refs []Ref
	for i := range 200000 {
		refs = append(refs, a.Alloc(i%40000))
	}
	for _, r := range refs {
		a.Free(r)
	}
	t.Log(a.Used(), a.Reserved())
}
