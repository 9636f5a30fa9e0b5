// Package commands lists the command families. There is no registration at
// start-up: what is in this list is in the server.
package commands

import (
	"everysec/engine/command"
	"everysec/engine/commands/acl"
	"everysec/engine/commands/bitmaps"
	"everysec/engine/commands/cluster"
	"everysec/engine/commands/connection"
	"everysec/engine/commands/geo"
	"everysec/engine/commands/hashes"
	"everysec/engine/commands/hyperloglog"
	"everysec/engine/commands/keys"
	"everysec/engine/commands/lists"
	"everysec/engine/commands/pubsub"
	"everysec/engine/commands/replication"
	"everysec/engine/commands/scripting"
	"everysec/engine/commands/server"
	"everysec/engine/commands/sets"
	"everysec/engine/commands/sortedsets"
	"everysec/engine/commands/streams"
	"everysec/engine/commands/strings"
	"everysec/engine/commands/transactions"
)

// families has those apart that few visitors of a page use; of LATENCY what a
// measurement does not begin with, as fetching would be measured.
var families = [][]*command.Spec{
	command.Apart(acl.Commands),
	command.Apart(bitmaps.Commands),
	command.Apart(cluster.Commands),
	connection.Commands,
	command.Apart(geo.Commands),
	command.ApartNamed(hashes.Commands, "hgetdel", "hgetex", "hsetex"),
	command.Apart(hyperloglog.Commands),
	command.ApartNamed(keys.Commands, "dump", "restore", "restore-asking", "sort", "sort_ro"),
	command.ApartNamed(lists.Commands, "lpos"),
	pubsub.Commands,
	command.Apart(replication.Commands),
	command.Apart(scripting.Commands),
	command.ApartNamed(server.Commands, "latency|doctor", "latency|graph", "latency|histogram", "lolwut", "memory"),
	command.Apart(streams.Commands),
	command.ApartNamed(strings.Commands, "delex", "delifeq", "digest", "lcs", "msetex"),
	sets.Commands,
	command.ApartNamed(sortedsets.Commands, "zdiff", "zdiffstore", "zinter", "zintercard", "zinterstore", "zunion", "zunionstore"),
	transactions.Commands,
}

// Families returns the rows of every family.
func Families() [][]*command.Spec { return families }
