package streams_test

import (
	"testing"

	"everysec/engine/servertest"
)

// TestTranscripts plays what a real redis-server 7.0 answered.
func TestTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/*.txt") }
