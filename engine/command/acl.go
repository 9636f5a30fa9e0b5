package command

import (
	"slices"
	"strings"
)

// ACLCategoryNames lists the ACL categories in the order in which COMMAND INFO
// prints them.
var ACLCategoryNames = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog",
	"geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection",
	"transaction", "scripting",
}

// groupCategory is the category that commands of a group have. A server or
// cluster command has none from its group.
var groupCategory = map[Group]string{
	GroupGeneric:      "keyspace",
	GroupString:       "string",
	GroupList:         "list",
	GroupSet:          "set",
	GroupSortedSet:    "sortedset",
	GroupHash:         "hash",
	GroupPubSub:       "pubsub",
	GroupTransactions: "transaction",
	GroupConnection:   "connection",
	GroupScripting:    "scripting",
	GroupHyperLogLog:  "hyperloglog",
	GroupGeo:          "geo",
	GroupStream:       "stream",
	GroupBitmap:       "bitmap",
}

// Categories lists the command's ACL categories, without "@", in Redis's
// order. They follow from the flags and the group; a container has none from
// its group, because only its subcommands do anything. ACLCategories adds what
// does not follow, or takes it away ("-name").
func (s *Spec) Categories() []string {
	has := map[string]bool{}
	if len(s.Subcommands) == 0 {
		has[groupCategory[s.Group]] = true
	}
	if s.Flags&Write != 0 {
		has["write"] = true
	}
	if s.Flags&ReadOnly != 0 && s.Group != GroupScripting {
		has["read"] = true
	}
	if s.Flags&Admin != 0 {
		has["admin"], has["dangerous"] = true, true
	}
	if s.Flags&PubSub != 0 {
		has["pubsub"] = true
	}
	if s.Flags&Blocking != 0 {
		has["blocking"] = true
	}
	if s.Flags&Fast != 0 {
		has["fast"] = true
	} else {
		has["slow"] = true
	}
	for _, name := range s.ACLCategories {
		if taken, ok := strings.CutPrefix(name, "-"); ok {
			delete(has, taken)
		} else {
			has[name] = true
		}
	}
	var list []string
	for _, name := range ACLCategoryNames {
		if has[name] {
			list = append(list, name)
		}
	}
	return list
}

// InCategory tells whether the command belongs to an ACL category.
func (s *Spec) InCategory(name string) bool { return slices.Contains(s.Categories(), name) }
