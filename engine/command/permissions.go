package command

import (
	"slices"
	"strings"

	"everysec/engine/glob"
)

// What a user may do: the checks before a command runs.

// Denial is why a user may not run a command.
type Denial uint8

// The reasons, the more telling ones later.
const (
	Allowed Denial = iota
	DeniedCommand
	DeniedKey
	DeniedAuth
	DeniedChannel
)

// String is the reason as ACL LOG gives it.
func (d Denial) String() string {
	return [...]string{"", "command", "key", "auth", "channel"}[d]
}

// denials are the texts for a reason: of the command itself, of EXEC, of a
// script, of ACL DRYRUN.
var denials = [...][4]string{
	DeniedCommand: {
		"NOPERM this user has no permissions to run the '%' command",
		"no permission to execute the command or subcommand",
		"ERR The user executing the script can't run this command or subcommand",
		"This user has no permissions to run the '%' command",
	},
	DeniedKey: {
		"NOPERM this user has no permissions to access one of the keys used as arguments",
		"no permission to touch the specified keys",
		"ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
		"This user has no permissions to access the '%' key",
	},
	DeniedChannel: {
		"NOPERM this user has no permissions to access one of the channels used as arguments",
		"no permission to access one of the channels used as arguments",
		"ERR The user executing the script can't publish to the channel mentioned in the command",
		"This user has no permissions to access the '%' channel",
	},
}

// Error is what a client hears who may not run a command.
func (d Denial) Error(s *Spec) string {
	return strings.Replace(denials[d][0], "%", s.FullName(), 1)
}

// TransactionError is what stands in the reply of EXEC for a command that was
// allowed when it was queued.
func (d Denial) TransactionError() string {
	return "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. " +
		"This command is no longer allowed for the following reason: " + denials[d][1]
}

// ScriptError is what a script hears.
func (d Denial) ScriptError() string { return denials[d][2] }

// DryRun is what ACL DRYRUN tells; object is the command, key or channel.
func (d Denial) DryRun(object string) string {
	return strings.Replace(denials[d][3], "%", object, 1)
}

// Check tells whether a user may run a command line, whose number of words
// fits. at is the word that is not allowed: a key or channel.
func (u *User) Check(s *Spec, args [][]byte) (d Denial, at int) {
	if u == nil || !u.Restricted {
		return Allowed, 0
	}
	var keys []KeyPosition
	if s.HasKeys() && s.ArityFits(len(args)) {
		keys, _ = s.KeyPositions(args)
	}
	d = DeniedCommand
	for _, sel := range u.selectors {
		switch denied, word := sel.check(s, args, keys); {
		case denied == Allowed:
			return Allowed, 0
		case denied > d || denied == d && word > at:
			d, at = denied, word
		}
	}
	return d, at
}

func (sel *selector) check(s *Spec, args [][]byte, keys []KeyPosition) (d Denial, at int) {
	if !sel.allows(s, args) {
		return DeniedCommand, 0
	}
	if !sel.allKeys {
		for _, k := range keys {
			if !sel.allowsKey(args[k.Index], k.Flags) {
				return DeniedKey, k.Index
			}
		}
	}
	if !sel.allChannels {
		channels, pattern := s.channels(args)
		for i, channel := range channels {
			if !allowsChannel(sel.channels, string(channel), pattern) {
				return DeniedChannel, i + 1
			}
		}
	}
	return Allowed, 0
}

// allows tells whether the selector has the command.
func (sel *selector) allows(s *Spec, args [][]byte) bool {
	if sel.allCommands || s.Flags&NoAuth != 0 || sel.bit(s) {
		return true
	}
	return len(args) > 1 && slices.ContainsFunc(sel.firstArgs, func(f firstArg) bool {
		return f.row == s.row && strings.EqualFold(f.word, string(args[1]))
	})
}

// allowsKey tells whether one pattern allows all that a command does to a key.
func (sel *selector) allowsKey(key []byte, flags []string) bool {
	need := needed(flags)
	return slices.ContainsFunc(sel.keys, func(k keyPattern) bool {
		return k.may&need == need && glob.Match([]byte(k.pattern), key, false)
	})
}

// needed is what key flags ask of a pattern. A command that only looks whether
// there is a key asks for nothing.
func needed(flags []string) (need permission) {
	for _, flag := range flags {
		switch flag {
		case "access":
			need |= mayRead
		case "insert", "delete", "update":
			need |= mayWrite
		}
	}
	return need
}

// channels are the words of a command line that name channels, from the second
// word on, and whether they are patterns.
func (s *Spec) channels(args [][]byte) (names [][]byte, patterns bool) {
	if s.parent != nil || s.Flags&PubSub == 0 || len(args) < 2 {
		return nil, false
	}
	switch s.Name {
	case "publish", "spublish":
		return args[1:2], false
	case "subscribe", "ssubscribe":
		return args[1:], false
	case "psubscribe":
		return args[1:], true
	}
	return nil, false
}

// allowsChannel looks for a channel among patterns; a pattern must stand there
// itself.
func allowsChannel(allowed []string, channel string, isPattern bool) bool {
	return slices.ContainsFunc(allowed, func(pattern string) bool {
		if isPattern {
			return pattern == channel
		}
		return glob.Match([]byte(pattern), []byte(channel), false)
	})
}

// CheckAllKeys tells whether a user may run a command line and read every key
// there is, as SORT must for BY and GET.
func (u *User) CheckAllKeys(s *Spec, args [][]byte) bool {
	if u == nil || !u.Restricted {
		return true
	}
	keys, _ := s.KeyPositions(args)
	return slices.ContainsFunc(u.selectors, func(sel *selector) bool {
		d, _ := sel.check(s, args, keys)
		return d == Allowed && (sel.allKeys || slices.ContainsFunc(sel.keys, func(k keyPattern) bool {
			return k.pattern == "*" && k.may&mayRead != 0
		}))
	})
}

// LosesChannels tells which clients of a user listen to what the changed user
// may not: nil if that cannot be.
func LosesChannels(old, changed *User) func(c *Client) bool {
	var allowed []string
	for _, sel := range changed.selectors {
		if sel.allChannels {
			return nil
		}
		allowed = append(allowed, sel.channels...)
	}
	same := true
	for _, sel := range old.selectors {
		for _, channel := range sel.channels {
			same = same && slices.Contains(allowed, channel)
		}
		same = same && !sel.allChannels
	}
	if same {
		return nil
	}
	return func(c *Client) bool {
		for pattern := range c.Patterns {
			if !allowsChannel(allowed, pattern, true) {
				return true
			}
		}
		for _, kind := range c.Channels {
			for channel := range kind {
				if !allowsChannel(allowed, channel, false) {
					return true
				}
			}
		}
		return false
	}
}
