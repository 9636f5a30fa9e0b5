// Package config is redis.conf: a table of parameters, their types, ranges and
// defaults, the parser of the file, and the values in force.
package config

import (
	"maps"
	"slices"

	"everysec/engine/object"
)

// NotifyClass is a set of classes of notify-keyspace-events.
type NotifyClass uint32

// The classes, with the letters of notify-keyspace-events.
const (
	NotifyKeyspace  NotifyClass = 1 << iota // K
	NotifyKeyevent                          // E
	NotifyGeneric                           // g
	NotifyString                            // $
	NotifyList                              // l
	NotifySet                               // s
	NotifyHash                              // h
	NotifySortedSet                         // z
	NotifyExpired                           // x
	NotifyEvicted                           // e
	NotifyStream                            // t
	NotifyKeyMiss                           // m
	NotifyLoaded                            // (internal)
	NotifyModule                            // d
	NotifyNew                               // n
)

// NotifyAll is "A": all classes but key misses and new keys.
const NotifyAll = NotifyGeneric | NotifyString | NotifyList | NotifySet | NotifyHash |
	NotifySortedSet | NotifyExpired | NotifyEvicted | NotifyStream | NotifyModule

// SyncPolicy is appendfsync.
type SyncPolicy uint8

// The values of appendfsync.
const (
	SyncEverySec SyncPolicy = iota
	SyncAlways
	SyncNo
)

// BufferLimit is client-output-buffer-limit for a class of clients: bytes, and
// seconds for which the softer one may be passed. 0 is no limit.
type BufferLimit struct{ Hard, Soft, Seconds int64 }

// The classes, in the order of CONFIG GET.
const (
	BufferNormal = iota
	BufferReplica
	BufferPubSub
)

// SavePoint is one "save <seconds> <changes>".
type SavePoint struct {
	Seconds int64
	Changes int64
}

// Included is a file that another includes.
type Included struct {
	Name string
	Text []byte
}

// User is a line "user <name> <rules>".
type User struct {
	Words []string // the name first
	Line  FileError
}

// Rename is a line "rename-command <from> <to>".
type Rename struct {
	From, To string
	Line     FileError
}

// LogLevels are the values of loglevel, in order.
var LogLevels = []string{"debug", "verbose", "notice", "warning"}

// Config is the values in force, parsed. The table in parameters.go says which
// directive sets which field.
type Config struct {
	Limits object.Limits
	Notify NotifyClass

	Databases int
	Port      int
	Dir       string
	Hz        int

	// MaxMemoryPolicy is one of the eight policies; MaxMemoryEvictionTenacity
	// is how hard one attempt tries, 100: until it is done.
	MaxMemoryPolicy           string
	MaxMemorySamples          int
	MaxMemoryEvictionTenacity int
	LFULogFactor              int
	LFUDecayTime              int // minutes
	DynamicHz                 bool
	ActiveRehashing           bool

	SavePoints               []SavePoint
	StopWritesOnBGSaveError  bool
	RDBCompression           bool
	RDBChecksum              bool
	DBFilename               string
	AppendOnly               bool
	AppendFilename           string
	AppendDirName            string
	AppendFsync              SyncPolicy
	NoAppendFsyncOnRewrite   bool
	AutoAOFRewritePercentage int64
	AutoAOFRewriteMinSize    int64
	AOFLoadTruncated         bool
	AOFUseRDBPreamble        bool
	AOFTimestampEnabled      bool
	LazyFreeLazyEviction     bool
	LazyFreeLazyExpire       bool
	LazyFreeLazyServerDel    bool
	LazyFreeLazyUserDel      bool
	LazyFreeLazyUserFlush    bool
	ProtoMaxBulkLen          int64
	HLLSparseMaxBytes        int64 // longer HyperLogLogs become dense
	ClientQueryBufferLimit   int64
	MaxClients               int64
	MaxMemory                int64
	MaxMemoryClients         int64 // negative: percent of MaxMemory
	Timeout                  int64
	RequirePass              string
	ACLPubSubDefault         string // "allchannels" or "resetchannels"
	ACLFile                  string
	ACLLogMaxLen             int64
	ActiveExpireEffort       int
	LogLevel                 string
	SlowlogLogSlowerThan     int64
	SlowlogMaxLen            int64
	LatencyMonitorThreshold  int64 // milliseconds; 0: off
	LatencyTracking          bool
	BufferLimits             [3]BufferLimit // by BufferClass
	BusyReplyThreshold       int64
	TrackingTableMaxKeys     int64
	EnableDebugCommand       string // "no", "yes" or "local"
	EnableProtectedConfigs   string // the same

	// Includes finds the files that "include" names; nil: there are none.
	Includes func(pattern string) ([]Included, error)
	// Users are the "user" lines of the start, and Lines those that CONFIG
	// REWRITE writes.
	Users []User
	Lines []string
	// Renames are the "rename-command" lines of the start.
	Renames []Rename
	line    FileError // the one that is read

	// File is the configuration file named at the start; "" if none.
	File string

	// kept holds the values of directives that mean nothing here (TLS, CPU
	// lists, replication of a real process, ...): CONFIG GET shows them,
	// nothing reads them.
	kept map[string]string

	// running is set while CONFIG SET is at work, to tell it from a start.
	running bool
	// saveGiven is set once the file or command line named save points.
	saveGiven bool
}

// New returns the configuration that a redis-server 7.0 without redis.conf has.
func New() *Config { return defaults.Clone() }

var defaults = withDefaults()

func withDefaults() *Config {
	c := &Config{Limits: object.DefaultLimits(), kept: map[string]string{}}
	for i := range Parameters {
		if p := &Parameters[i]; p.AliasOf == "" {
			if err := p.set(c, p.words(p.Default)); err != nil {
				panic("config: the default of " + p.Name + ": " + err.Error())
			}
		}
	}
	c.SavePoints = []SavePoint{{3600, 1}, {300, 100}, {60, 10000}}
	return c
}

// Clone is a copy that shares nothing with c.
func (c *Config) Clone() *Config {
	copied := *c
	copied.SavePoints = slices.Clone(c.SavePoints)
	copied.kept = maps.Clone(c.kept)
	return &copied
}
