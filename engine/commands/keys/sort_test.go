package keys_test

import (
	"testing"

	"everysec/engine/servertest"
)

func TestSortEffects(t *testing.T) {
	servertest.CheckEffects(t, []servertest.Effect{
		{"RPUSH l 2 1", "SORT l; SORT_RO l; SORT none; SORT none STORE x", "", ""},
		{"RPUSH l 2 1; SET d x", "SORT l STORE d; SORT none STORE d; SORT none STORE d", "SORT l STORE d; SORT none STORE d", "sortstore d; del d"},
	})
}
