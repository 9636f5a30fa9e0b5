package keys_test

import (
	"testing"

	"everysec/engine/servertest"
)

func TestTranscripts(t *testing.T) {
	servertest.RunTranscripts(t, "testdata/*.txt")
}
