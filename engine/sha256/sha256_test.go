package sha256_test

import (
	standard "crypto/sha256"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/sha256"
)

func TestSumIsThatOfTheStandardLibrary(t *testing.T) {
	for n := range 200 { // every length around the blocks
		data := make([]byte, n)
		if got, want := sha256.Sum(data), standard.Sum256(data); got != want {
			t.Fatalf("of %d zeros: %x, want %x", n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		if got, want := sha256.Sum(data), standard.Sum256(data); got != want {
			t.Fatalf("%x, want %x", got, want)
		}
	})
}
