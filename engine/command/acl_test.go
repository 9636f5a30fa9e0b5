package command

import (
	"strings"
	"testing"
)

func TestCategoriesFollowFromFlagsAndGroup(t *testing.T) {
	for _, test := range []struct {
		spec Spec
		want string
	}{
		{Spec{Group: GroupString, Flags: ReadOnly | Fast}, "read string fast"},
		{Spec{Group: GroupGeneric, Flags: Write}, "keyspace write slow"},
		{Spec{Group: GroupServer, Flags: Admin}, "admin slow dangerous"},
		{Spec{Group: GroupList, Flags: Write | Blocking}, "write list slow blocking"},
		{Spec{Group: GroupScripting, Flags: ReadOnly}, "slow scripting"},
		{Spec{Group: GroupPubSub, Flags: PubSub}, "pubsub slow"},
		{Spec{Group: GroupPubSub, Subcommands: []*Spec{{}}}, "slow"},
		{Spec{Group: GroupGeneric, Flags: Write, ACLCategories: []string{"set", "dangerous", "-keyspace"}}, "write set slow dangerous"},
	} {
		if got := strings.Join(test.spec.Categories(), " "); got != test.want {
			t.Errorf("%s with %v: %s, want %s", test.spec.Group, test.spec.Flags.Names(), got, test.want)
		}
	}
}
