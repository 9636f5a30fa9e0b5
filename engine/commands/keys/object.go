package keys

import (
	"math"
	"strings"

	"everysec/engine/command"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// inspected finds the key that OBJECT asks about, which is no use of it and
// publishes nothing; null is the reply when there is none.
func inspected(c *command.Context) *keyspace.Entry {
	e := c.DB.Lookup(c.Args[2], true)
	if e == nil {
		c.Reply.Null()
	}
	return e
}

func runObjectEncoding(c *command.Context) {
	if e := inspected(c); e != nil {
		c.Reply.BulkString(e.Value.Encoding.String())
	}
}

// runObjectRefCount replies as a Redis that shares the integers from 0 to 9999
// does; nothing is shared here.
func runObjectRefCount(c *command.Context) {
	e := inspected(c)
	if e == nil {
		return
	}
	const sharedIntegers = 10000
	shared := e.Value.Encoding == object.Int && e.Value.Word < sharedIntegers
	if policy := evictionPolicy(c); c.Config.MaxMemory != 0 && (strings.HasSuffix(policy, "lru") || strings.HasSuffix(policy, "lfu")) {
		shared = false // each value has a clock of its own
	}
	if shared {
		c.Reply.Int(math.MaxInt32)
	} else {
		c.Reply.Int(1)
	}
}

func evictionPolicy(c *command.Context) string {
	return c.Config.MaxMemoryPolicy
}

const policiesDiffer = " Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."

func runObjectIdleTime(c *command.Context) {
	e := inspected(c)
	if e == nil {
		return
	}
	if strings.HasSuffix(evictionPolicy(c), "lfu") {
		c.Reply.Error("ERR An LFU maxmemory policy is selected, idle time not tracked." + policiesDiffer)
		return
	}
	c.Reply.Int(c.Space.IdleSeconds(e))
}

func runObjectFreq(c *command.Context) {
	e := inspected(c)
	if e == nil {
		return
	}
	if !strings.HasSuffix(evictionPolicy(c), "lfu") {
		c.Reply.Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked." + policiesDiffer)
		return
	}
	c.Reply.Int(int64(c.Space.Frequency(e)))
}

func runObjectHelp(c *command.Context) {
	c.ReplyHelp(
		"ENCODING <key>",
		"    Tells how the value of <key> is held.",
		"FREQ <key>",
		"    Tells how often <key> is used, on a logarithmic scale. Only under an LFU",
		"    eviction policy.",
		"IDLETIME <key>",
		"    Tells for how many seconds <key> was neither read nor written.",
		"REFCOUNT <key>",
		"    Tells how many references the value of <key> has.")
}
