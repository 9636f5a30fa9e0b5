// Package command holds what Redis knows about a command before it runs it:
// one Spec a command, and everything that is answered from that row alone —
// arity, flags, key positions, ACL categories, COMMAND DOCS, console hints.
//
// To add a command: write one row, one function and one block of testdata.
package command

import (
	"errors"
	"slices"
)

// Flags are the command flags that COMMAND INFO prints.
type Flags uint32

// The flags, with Redis's names.
const (
	Write Flags = 1 << iota
	ReadOnly
	DenyOOM
	Admin
	PubSub
	NoScript
	Blocking
	Loading
	Stale
	SkipMonitor
	SkipSlowlog
	Asking
	Fast
	NoAuth
	MayReplicate
	NoAsyncLoading
	NoMulti
	NoMandatoryKeys
	MovableKeys
	AllowBusy
	Protected // DEBUG and what loads modules: not for everyone; COMMAND INFO does not print it
	// OnlySentinel, ModuleCommand and the rest of Redis's flags have no use here.
)

// FlagNames lists the flags in the order in which COMMAND INFO prints them.
var FlagNames = []struct {
	Flag Flags
	Name string
}{
	{Write, "write"},
	{ReadOnly, "readonly"},
	{DenyOOM, "denyoom"},
	{Admin, "admin"},
	{PubSub, "pubsub"},
	{NoScript, "noscript"},
	{Blocking, "blocking"},
	{Loading, "loading"},
	{Stale, "stale"},
	{SkipMonitor, "skip_monitor"},
	{SkipSlowlog, "skip_slowlog"},
	{Asking, "asking"},
	{Fast, "fast"},
	{NoAuth, "no_auth"},
	{MayReplicate, "may_replicate"},
	{NoAsyncLoading, "no_async_loading"},
	{NoMulti, "no_multi"},
	{NoMandatoryKeys, "no_mandatory_keys"},
	{MovableKeys, "movablekeys"},
	{AllowBusy, "allow_busy"},
}

// Group is the section of the documentation a command belongs to.
type Group string

// The groups, as COMMAND DOCS spells them.
const (
	GroupGeneric      Group = "generic"
	GroupString       Group = "string"
	GroupList         Group = "list"
	GroupSet          Group = "set"
	GroupSortedSet    Group = "sorted-set"
	GroupHash         Group = "hash"
	GroupPubSub       Group = "pubsub"
	GroupTransactions Group = "transactions"
	GroupConnection   Group = "connection"
	GroupServer       Group = "server"
	GroupScripting    Group = "scripting"
	GroupHyperLogLog  Group = "hyperloglog"
	GroupCluster      Group = "cluster"
	GroupGeo          Group = "geo"
	GroupStream       Group = "stream"
	GroupBitmap       Group = "bitmap"
)

// KeySpec says where keys stand in a command's arguments; the fields are
// those of the key specifications of COMMAND INFO in Redis 7.
type KeySpec struct {
	Notes string
	Flags []string // "RO", "access", "OW", "update", ... as COMMAND INFO prints them

	// Where the search begins: at argument Index, or after Keyword looked for
	// from StartFrom (negative: from the end). BeginUnknown: not described.
	BeginUnknown bool
	Index        int
	Keyword      string
	StartFrom    int

	// How keys are found from there: a Range, or a count of keys (KeyNum).
	FindUnknown bool
	LastKey     int
	KeyStep     int
	Limit       int
	KeyNum      bool
	KeyNumIndex int
	FirstKey    int
}

// ArgumentType is the type of an argument in COMMAND DOCS.
type ArgumentType string

// The argument types of COMMAND DOCS.
const (
	ArgString    ArgumentType = "string"
	ArgInteger   ArgumentType = "integer"
	ArgDouble    ArgumentType = "double"
	ArgKey       ArgumentType = "key"
	ArgPattern   ArgumentType = "pattern"
	ArgUnixTime  ArgumentType = "unix-time"
	ArgPureToken ArgumentType = "pure-token"
	ArgOneOf     ArgumentType = "oneof"
	ArgBlock     ArgumentType = "block"
)

// Argument is one node of a command's syntax.
type Argument struct {
	Name          string
	Type          ArgumentType
	Token         string
	KeySpecIndex  int // for ArgKey, and for a pattern of keys where it is not 0
	Summary       string
	Since         string
	DeprecatedIn  string
	Optional      bool
	Multiple      bool
	MultipleToken bool
	Arguments     []Argument
}

// Change is one line of a command's history.
type Change struct {
	Since string
	Text  string
}

// Spec is one command, whole. Everything that is known of a command is
// answered from this row.
type Spec struct {
	Name          string // lower case; a subcommand's own name ("get" for CONFIG GET)
	Group         Group
	Since         string
	Complexity    string
	Summary       string
	Arity         int // counts the command's name; negative: at least
	Flags         Flags
	ACLCategories []string // without "@"; only those that Categories does not derive; "-name" takes one away
	Tips          []string
	KeySpecs      []KeySpec
	Arguments     []Argument
	History       []Change
	DeprecatedIn  string
	ReplacedBy    string
	SystemCommand bool // COMMAND DOCS says "syscmd": not for clients
	Subcommands   []*Spec

	// Keys finds the keys of commands whose KeySpecs cannot say it (SORT,
	// EVAL, ...): indices into args. nil: the KeySpecs are enough.
	Keys func(args [][]byte) ([]int, error)
	// KeyFlags tells what a call does to the key at a position, for commands
	// whose options decide it (SET with GET). nil: the KeySpecs' own flags.
	KeyFlags func(args [][]byte, index int) []string

	// Run executes the command. It has replied when it returns.
	Run func(c *Context)
	// Apart says that a host may fetch the code of Run when it is first called,
	// and that Run panics with ErrAbsent if it cannot, having done nothing.
	Apart bool

	parent     *Spec
	row        int
	categories categories // 0 until it is asked for
}

// ErrAbsent says that code is not there; see Spec.Apart.
var ErrAbsent = errors.New("the code could not be fetched")

// Apart marks rows, and their subcommands, as apart.
func Apart(rows []*Spec) []*Spec {
	for _, row := range rows {
		row.Apart = true
		Apart(row.Subcommands)
	}
	return rows
}

// ApartNamed marks those rows that have one of these names, and their subcommands,
// or one subcommand: "latency|graph".
func ApartNamed(rows []*Spec, names ...string) []*Spec {
	for _, row := range rows {
		if slices.Contains(names, row.Name) {
			Apart([]*Spec{row})
		}
		for _, sub := range row.Subcommands {
			if slices.Contains(names, row.Name+"|"+sub.Name) {
				sub.Apart = true
			}
		}
	}
	return rows
}

// FullName is the name as Redis prints it: "config|get" for a subcommand.
func (s *Spec) FullName() string {
	if s.parent != nil {
		return s.parent.Name + "|" + s.Name
	}
	return s.Name
}
