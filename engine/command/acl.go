package command

import "strings"

// ACLCategoryNames lists the ACL categories in the order in which COMMAND INFO
// prints them.
var ACLCategoryNames = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog",
	"geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection",
	"transaction", "scripting",
}

// categories is a set of ACL categories: bits in the order of their names.
type categories uint32

// categoriesKnown marks a set that has been computed.
const categoriesKnown categories = 1 << 31

// category is the set of one category, 0 if there is none of this name.
func category(name string) categories {
	for i, known := range ACLCategoryNames {
		if strings.EqualFold(name, known) {
			return 1 << i
		}
	}
	return 0
}

// groupCategory is the category that commands of a group have. A server or
// cluster command has none from its group.
func groupCategory(g Group) string {
	switch g {
	case GroupGeneric:
		return "keyspace"
	case GroupSortedSet:
		return "sortedset"
	case GroupTransactions:
		return "transaction"
	case GroupServer, GroupCluster:
		return ""
	}
	return string(g)
}

// inCategories is the command's ACL categories. They follow from the flags and
// the group; a container has none from its group, because only its subcommands
// do anything. ACLCategories adds what does not follow, or takes it away
// ("-name").
func (s *Spec) inCategories() categories {
	if s.categories != 0 {
		return s.categories
	}
	has := categoriesKnown
	add := func(when bool, names ...string) {
		for _, name := range names {
			if when {
				has |= category(name)
			}
		}
	}
	add(len(s.Subcommands) == 0, groupCategory(s.Group))
	add(s.Flags&Write != 0, "write")
	add(s.Flags&ReadOnly != 0 && s.Group != GroupScripting, "read")
	add(s.Flags&Admin != 0, "admin", "dangerous")
	add(s.Flags&PubSub != 0, "pubsub")
	add(s.Flags&Blocking != 0, "blocking")
	add(s.Flags&Fast != 0, "fast")
	add(s.Flags&Fast == 0, "slow")
	for _, name := range s.ACLCategories {
		if taken, ok := strings.CutPrefix(name, "-"); ok {
			has &^= category(taken)
		} else {
			has |= category(name)
		}
	}
	s.categories = has
	return has
}

// Categories lists the command's ACL categories, without "@", in Redis's order.
func (s *Spec) Categories() []string {
	var list []string
	for i, name := range ACLCategoryNames {
		if s.inCategories()&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}

// InCategory tells whether the command belongs to an ACL category.
func (s *Spec) InCategory(name string) bool { return s.inCategories()&category(name) != 0 }

// KnownCategory tells whether there is an ACL category of this name.
func KnownCategory(name string) bool { return category(name) != 0 }
