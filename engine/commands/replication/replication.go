package replication

import (
	"strings"

	"everysec/engine/command"
	"everysec/engine/number"
)

func runRole(c *command.Context) {
	c.Reply.Array(3)
	c.Reply.BulkString("master")
	c.Reply.Int(0) // the offset of a stream that nobody has asked for
	c.Reply.Array(0)
}

// runReplicaof is REPLICAOF and SLAVEOF. A master can be told to be one.
func runReplicaof(c *command.Context) {
	if command.Is(c.Args[1], "NO") && command.Is(c.Args[2], "ONE") {
		c.Reply.OK()
		return
	}
	if port, ok := number.ParseInt(c.Args[2]); !ok || port < 0 || port > 65535 {
		c.Reply.Error("ERR Invalid master port")
		return
	}
	unsupported(c)
}

func unsupported(c *command.Context) {
	c.Reply.Error("ERR " + strings.ToUpper(c.Spec.Name) + " is not supported by this server: it has no network to replicate over")
}

// runSync is SYNC and PSYNC.
func runSync(c *command.Context) {
	if len(c.Args) == 3 {
		if _, ok := c.Int(c.Args[2]); !ok {
			return
		}
	}
	unsupported(c)
}

// runReplconf takes what a replica says about itself before it asks for the
// stream; what it asks and tells while it follows has no reply.
func runReplconf(c *command.Context) {
	if len(c.Args)%2 == 0 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	for i := 1; i < len(c.Args); i += 2 {
		switch option := c.Args[i]; {
		case command.Is(option, "LISTENING-PORT"), command.Is(option, "RDB-ONLY"):
			if _, ok := c.Int(c.Args[i+1]); !ok {
				return
			}
		case command.Is(option, "IP-ADDRESS"), command.Is(option, "CAPA"), command.Is(option, "RDB-FILTER-ONLY"):
		case command.Is(option, "ACK"), command.Is(option, "GETACK"):
			return
		default:
			c.Reply.Error("ERR Unrecognized REPLCONF option: " + string(option))
			return
		}
	}
	c.Reply.OK()
}

func runFailover(c *command.Context) {
	if len(c.Args) == 2 && command.Is(c.Args[1], "ABORT") {
		c.Reply.Error("ERR No failover in progress.")
		return
	}
	timeout, force, to := false, false, false
	for i := 1; i < len(c.Args); i++ {
		switch word := c.Args[i]; {
		case command.Is(word, "TIMEOUT") && i+1 < len(c.Args) && !timeout:
			i++
			n, ok := c.Int(c.Args[i])
			if !ok {
				return
			}
			if n <= 0 {
				c.Reply.Error("ERR FAILOVER timeout must be greater than 0")
				return
			}
			timeout = true
		case command.Is(word, "TO") && i+2 < len(c.Args) && !to:
			if _, ok := c.Int(c.Args[i+2]); !ok {
				return
			}
			i += 2
			to = true
		case command.Is(word, "FORCE") && !force:
			force = true
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	c.Reply.Error("ERR FAILOVER requires connected replicas.")
}

// migrateKeys finds the keys of MIGRATE: the third word, or, where that is
// empty, those behind KEYS. Both at once is a mistake, and names no key.
func migrateKeys(args [][]byte) ([]int, error) {
	for i := 6; i < len(args); i++ {
		switch word := args[i]; {
		case command.Is(word, "AUTH"):
			i++
		case command.Is(word, "AUTH2"):
			i += 2
		case command.Is(word, "KEYS"):
			var keys []int
			for k := i + 1; k < len(args) && len(args[3]) == 0; k++ {
				keys = append(keys, k)
			}
			return keys, nil
		}
	}
	return []int{3}, nil
}

// runMigrate answers as where the other server cannot be reached: there is no
// network.
func runMigrate(c *command.Context) {
	keys := c.Args[3:4]
options:
	for i := 6; i < len(c.Args); i++ {
		more := len(c.Args) - 1 - i
		switch word := c.Args[i]; {
		case command.Is(word, "COPY"), command.Is(word, "REPLACE"):
		case command.Is(word, "AUTH") && more >= 1:
			i++
		case command.Is(word, "AUTH2") && more >= 2:
			i += 2
		case command.Is(word, "KEYS"):
			if len(c.Args[3]) > 0 {
				c.Reply.Error("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")
				return
			}
			keys = c.Args[i+1:]
			break options
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	for _, word := range [][]byte{c.Args[5], c.Args[4]} {
		if _, ok := c.Int(word); !ok {
			return
		}
	}
	found := false
	for _, key := range keys {
		found = c.LookupRead(key) != nil || found
	}
	if !found {
		c.Reply.SimpleString("NOKEY")
		return
	}
	c.Reply.Error("IOERR error or timeout connecting to the client")
}

func runModuleList(c *command.Context) { c.Reply.Array(0) }

// There are no modules: whoever may load one is told that it cannot be loaded.
func runModuleLoad(c *command.Context) {
	c.Reply.Error("ERR Error loading the extension. Please check the server logs.")
}

func runModuleLoadex(c *command.Context) { runModuleLoad(c) }

func runModuleUnload(c *command.Context) {
	c.Reply.Error("ERR Error unloading module: no such module with that name")
}

func runModuleHelp(c *command.Context) {
	c.ReplyHelp(
		"LIST",
		"    List the loaded modules.",
		"LOAD <path> [<arg> ...]",
		"    Load a module.",
		"LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
		"    Load a module with parameters.",
		"UNLOAD <name>",
		"    Unload a module.",
	)
}
