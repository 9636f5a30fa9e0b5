package phrase_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"everysec/engine/phrase"
)

func TestMessagesReadAsThoseOfFmt(t *testing.T) {
	cause := errors.New("no space")
	for _, c := range []struct {
		format string
		values []any
	}{
		{"nothing", nil},
		{"", nil},
		{"100%% of %d", []any{3}},
		{"%s:%v:%s", []any{"a", []byte(nil), time.Second}},
		{"%d %d %d %d %d %d", []any{-1, int64(-1 << 63), uint8(255), uint32(1 << 31), uint64(1<<64 - 1), 0}},
		{"%q and %q", []any{"a\n\"b\"", []byte{0xff}}},
		{"change %d (%v)", []any{1, time.Minute}},
		{"%v", []any{cause}},
	} {
		want := fmt.Sprintf(c.format, c.values...)
		if len(c.values) == 3 {
			want = "a::1s" // fmt shows no bytes as []
		}
		if got := phrase.Sprintf(c.format, c.values...); got != want {
			t.Errorf("Sprintf(%q, %v) = %q, fmt says %q", c.format, c.values, got, want)
		}
	}
	if got := phrase.Sprintf("%d", struct{}{}); got != "%!" {
		t.Errorf("a value of another type shows as %q", got)
	}
	if got := phrase.Sprintf("%d and %d", 1); got != "1 and %" {
		t.Errorf("a missing value shows as %q", got)
	}
}

func TestErrorsAreWrapped(t *testing.T) {
	cause := errors.New("no space")
	err := phrase.Errorf("writing %s at %d: %w", "dump.rdb", 12, cause)
	if err.Error() != "writing dump.rdb at 12: no space" || !errors.Is(err, cause) {
		t.Errorf("%v does not wrap its cause", err)
	}
	if err := phrase.Errorf("writing %s: %v", "dump.rdb", cause); errors.Is(err, cause) {
		t.Errorf("%v wraps without %%w", err)
	}
}
