package number

import "testing"

// Values from the documentation of DIGEST (Redis, Dragonfly) and of other
// programs that have the hash.
func TestXXH3(t *testing.T) {
	for text, want := range map[string]uint64{
		"":            0x2d06800538d394c2,
		"foo":         0xab6e5f64077e7d8a,
		"test":        0x9ec9f7918d7dfc40,
		"hello":       0x9555e8555c62dcfd,
		"Hello world": 0xb6acb9d84a38ff74,

		"Hello, Dragonfly!": 0x063b4909128e92b7,
	} {
		if got := XXH3([]byte(text)); got != want {
			t.Errorf("XXH3(%q) = %016x, want %016x", text, got, want)
		}
	}
}

// Every length up to 5000, against a sum that another implementation made.
func TestXXH3OfEveryLength(t *testing.T) {
	b := make([]byte, 5000)
	for i := range b {
		b[i] = byte(i*7 + i>>3)
	}
	sum := uint64(0)
	for n := range b {
		sum = sum*31 + XXH3(b[:n])
	}
	if sum != 0x97a52f58d6a177c3 {
		t.Errorf("sum %#x", sum)
	}
}
