package acl_test

import (
	"testing"

	"everysec/engine/servertest"
)

// The transcripts are replies of redis-server 7.0.15.
func TestTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/*.txt") }
