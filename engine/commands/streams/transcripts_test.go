package streams_test

import (
	"testing"

	"everysec/engine/servertest"
)

// TestTranscripts plays what a real redis-server 7.0 answered.
func TestTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/*.txt") }

// TestNewer plays what the documentation of Redis 8.2 says.
func TestNewer(t *testing.T) { servertest.RunTranscripts(t, "testdata/ours/*.txt") }
