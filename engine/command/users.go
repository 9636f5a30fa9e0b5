package command

import (
	"slices"
	"strconv"
	"strings"

	"everysec/engine/config"
	"everysec/engine/resp"
	"everysec/engine/sha256"
)

// The users of ACL and their rules.
//
// A user may do what any one of his selectors allows: commands, keys and
// channels together. The first selector, the root, is the one that rules
// outside of parentheses speak of.

// User is one user. Connections point to theirs.
type User struct {
	Name string
	// Restricted is false while the root allows everything: then nothing about
	// a command has to be looked at.
	Restricted bool

	enabled, noPass bool
	sanitize        string // "", "skip-sanitize-payload" or "sanitize-payload"
	passwords       []string
	selectors       []*selector
}

type permission uint8

const (
	mayRead permission = 1 << iota
	mayWrite
)

type keyPattern struct {
	pattern string
	may     permission
}

// selector is a set of commands, keys and channels.
type selector struct {
	allCommands, allKeys, allChannels bool
	// commands has a bit for each row of the table; future is Redis's for
	// commands that do not exist yet, by which "+@all -get" differs from a list.
	commands  []uint64
	future    bool
	firstArgs []firstArg
	keys      []keyPattern
	channels  []string
}

// firstArg is "+select|0": a command allowed with this first word alone.
type firstArg struct {
	row  int
	word string
}

// ACL is all users.
type ACL struct {
	// Default is who a connection is before it says another name.
	Default *User
	// AuthRequired tells that a connection has to authenticate.
	AuthRequired bool
	Log          ACLLog

	table  *Table
	config *config.Config
	users  []*User // by name
}

// Table is that of the names which rules have for commands.
func (a *ACL) Table() *Table { return a.table }

// NewACL returns an ACL with the default user, who may do everything.
func NewACL(t *Table, c *config.Config) *ACL {
	a := &ACL{table: t, config: c}
	a.Default = a.newDefault()
	a.users = []*User{a.Default}
	return a
}

func (a *ACL) newDefault() *User {
	u := a.newUser("default")
	for _, rule := range []string{"+@all", "~*", "&*", "on", "nopass"} {
		a.apply(u, rule)
	}
	u.judge()
	return u
}

func (a *ACL) newUser(name string) *User {
	return &User{Name: name, Restricted: true, selectors: []*selector{a.newSelector()}}
}

func (a *ACL) newSelector() *selector {
	return &selector{
		allChannels: a.config.ACLPubSubDefault == "allchannels",
		commands:    make([]uint64, (a.table.Rows()+63)/64),
	}
}

// clone copies everything but the name.
func (u *User) clone(name string) *User {
	c := *u
	c.Name = name
	c.passwords = slices.Clone(u.passwords)
	c.selectors = nil
	for _, s := range u.selectors {
		n := *s
		n.commands, n.firstArgs = slices.Clone(s.commands), slices.Clone(s.firstArgs)
		n.keys, n.channels = slices.Clone(s.keys), slices.Clone(s.channels)
		c.selectors = append(c.selectors, &n)
	}
	return &c
}

// judge brings up to date what is known of a user at a glance.
func (u *User) judge() {
	root := u.selectors[0]
	u.Restricted = !root.allCommands || !root.allKeys || !root.allChannels
}

// become takes over all but the name of another user.
func (a *ACL) become(u, other *User) {
	name := u.Name
	*u = *other
	u.Name = name
	u.judge()
	a.AuthRequired = !a.Default.noPass || !a.Default.enabled
}

func (a *ACL) place(name string) (int, bool) {
	return slices.BinarySearchFunc(a.users, name, func(u *User, name string) int { return strings.Compare(u.Name, name) })
}

// User finds a user by name; nil if there is none.
func (a *ACL) User(name string) *User {
	if i, ok := a.place(name); ok {
		return a.users[i]
	}
	return nil
}

// Users lists them by name.
func (a *ACL) Users() []*User { return a.users }

func (a *ACL) add(u *User) {
	i, _ := a.place(u.Name)
	a.users = slices.Insert(a.users, i, u)
}

// Remove deletes a user and returns it; nil if there is none. What becomes of
// its connections is the caller's.
func (a *ACL) Remove(name string) *User {
	i, ok := a.place(name)
	if !ok {
		return nil
	}
	u := a.users[i]
	a.users = slices.Delete(a.users, i, i+1)
	return u
}

// Set gives rules to a user, who is made if there is none of this name: all of
// them, or none and the error. confirm is called before a user that exists
// changes into the other.
func (a *ACL) Set(name string, rules []string, confirm func(old, changed *User)) (rule string, err error) {
	u := a.User(name)
	var changed *User
	if u != nil {
		changed = u.clone(name)
	} else {
		changed = a.newUser(name)
	}
	for _, rule := range rules {
		if err := a.apply(changed, rule); err != nil {
			return rule, err
		}
	}
	if u == nil {
		u = &User{Name: name}
		a.add(u)
	} else if confirm != nil {
		confirm(u, changed)
	}
	a.become(u, changed)
	return "", nil
}

// SetPassword is requirepass: the default user has this password alone, or
// needs none.
func (a *ACL) SetPassword(password string) {
	u := a.Default.clone("default")
	a.apply(u, "resetpass")
	if password == "" {
		a.apply(u, "nopass")
	} else {
		a.apply(u, ">"+password)
	}
	a.become(a.Default, u)
}

// Free tells whether a connection is this user without a password.
func (u *User) Free() bool { return u.noPass && u.enabled }

// NoPassword tells whether every password is the user's.
func (u *User) NoPassword() bool { return u.noPass }

// Disabled tells whether nobody can become this user.
func (u *User) Disabled() bool { return !u.enabled }

// Authenticate tells whether a password is a user's.
func (a *ACL) Authenticate(name, password []byte) *User {
	u := a.User(string(name))
	switch {
	case u == nil || !u.enabled:
		return nil
	case u.noPass || slices.Contains(u.passwords, sha256.Hex(password)):
		return u
	}
	return nil
}

// aclError is why a rule cannot be applied.
type aclError string

func (e aclError) Error() string { return string(e) }

const (
	errACLSyntax   aclError = "Syntax error"
	errACLUnknown  aclError = "Unknown command or category name in ACL"
	errACLKeys     aclError = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
	errACLChannels aclError = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
	errACLPassword aclError = "The password you are trying to remove from the user does not exist"
	errACLHash     aclError = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
	errACLFirstArg aclError = "Allowing first-arg of a subcommand is not supported"
	errACLTwice    aclError = "Duplicate user found. A user can only be defined once in config files"
)

// HasSpaces tells whether a name or pattern could not be written into a line
// of rules.
func HasSpaces(s string) bool {
	return strings.ContainsAny(s, " \t\n\v\f\r\x00")
}

// MergeSelectors puts together a selector that was given as several words. bad
// is the place of a parenthesis that stays open, -1 if none does.
func MergeSelectors(words []string) (merged []string, bad int) {
	open := -1
	for i, word := range words {
		closes := strings.HasSuffix(word, ")")
		switch {
		case strings.HasPrefix(word, "(") && !closes:
			open = i
		case open < 0:
			merged = append(merged, word)
		case closes:
			merged = append(merged, strings.Join(words[open:i+1], " "))
			open = -1
		}
	}
	if open >= 0 {
		return nil, open
	}
	return merged, -1
}

// apply applies one rule to a user.
func (a *ACL) apply(u *User, rule string) error {
	switch strings.ToLower(rule) {
	case "":
		return nil
	case "on":
		u.enabled = true
		return nil
	case "off":
		u.enabled = false
		return nil
	case "skip-sanitize-payload", "sanitize-payload":
		u.sanitize = strings.ToLower(rule)
		return nil
	case "nopass":
		u.noPass, u.passwords = true, nil
		return nil
	case "resetpass":
		u.noPass, u.passwords = false, nil
		return nil
	case "clearselectors":
		u.selectors = u.selectors[:1]
		return nil
	case "reset":
		u.noPass, u.passwords, u.enabled, u.sanitize = false, nil, false, "sanitize-payload"
		u.selectors = []*selector{a.newSelector()}
		return nil
	}
	switch rule[0] {
	case '>', '#', '<', '!':
		return u.applyPassword(rule)
	case '(':
		if !strings.HasSuffix(rule, ")") {
			break
		}
		s := a.newSelector()
		words, _ := resp.SplitArgs([]byte(rule[1 : len(rule)-1]))
		for _, word := range words {
			if err := a.applySelector(s, string(word)); err != nil {
				return err
			}
		}
		u.selectors = append(u.selectors, s)
		return nil
	}
	return a.applySelector(u.selectors[0], rule)
}

func (u *User) applyPassword(rule string) error {
	hash := rule[1:]
	switch {
	case rule[0] == '>' || rule[0] == '<':
		hash = sha256.Hex([]byte(hash))
	case len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "":
		return errACLHash
	}
	i := slices.Index(u.passwords, hash)
	switch {
	case rule[0] == '>' || rule[0] == '#':
		u.noPass = false
		if i < 0 {
			u.passwords = append(u.passwords, hash)
		}
	case i < 0:
		return errACLPassword
	default:
		u.passwords = slices.Delete(u.passwords, i, i+1)
	}
	return nil
}

// applySelector applies one rule about commands, keys or channels.
func (a *ACL) applySelector(s *selector, rule string) error {
	switch strings.ToLower(rule) {
	case "": // Redis reads the first byte, which says nothing it knows
		return errACLSyntax
	case "allkeys", "~*":
		s.allKeys, s.keys = true, nil
		return nil
	case "resetkeys":
		s.allKeys, s.keys = false, nil
		return nil
	case "allchannels", "&*":
		s.allChannels, s.channels = true, nil
		return nil
	case "resetchannels":
		s.allChannels, s.channels = false, nil
		return nil
	case "allcommands", "+@all":
		s.setAll(true)
		return nil
	case "nocommands", "-@all":
		s.setAll(false)
		return nil
	}
	switch rule[0] {
	case '~', '%':
		return s.applyKeys(rule)
	case '&':
		pattern := rule[1:]
		switch {
		case s.allChannels:
			return errACLChannels
		case HasSpaces(pattern):
			return errACLSyntax
		case !slices.Contains(s.channels, pattern):
			s.channels = append(s.channels, pattern)
		}
		return nil
	case '+', '-':
		return a.applyCommand(s, rule[0] == '+', rule[1:])
	}
	return errACLSyntax
}

func (s *selector) applyKeys(rule string) error {
	if s.allKeys {
		return errACLKeys
	}
	may, pattern := mayRead|mayWrite, rule[1:]
	if rule[0] == '%' {
		letters, rest, _ := strings.Cut(pattern, "~")
		pattern, may = rest, 0
		for _, letter := range []byte(letters) {
			var p permission
			switch letter {
			case 'R', 'r':
				p = mayRead
			case 'W', 'w':
				p = mayWrite
			}
			if p == 0 || may&p != 0 {
				return errACLSyntax
			}
			may |= p
		}
	}
	if may == 0 || HasSpaces(pattern) {
		return errACLSyntax
	}
	for i := range s.keys {
		if s.keys[i].pattern == pattern {
			s.keys[i].may |= may
			return nil
		}
	}
	s.keys = append(s.keys, keyPattern{pattern, may})
	return nil
}

func (a *ACL) applyCommand(s *selector, allow bool, name string) error {
	if group, ok := strings.CutPrefix(name, "@"); ok {
		c := category(group)
		if c == 0 {
			return errACLUnknown
		}
		a.table.Each(func(spec *Spec) {
			if spec.inCategories()&c != 0 {
				s.change(spec, allow)
			}
		})
		return nil
	}
	spec := a.table.Find(name)
	if bar := strings.LastIndexByte(name, '|'); bar >= 0 && allow {
		parent, word := a.table.Find(name[:bar]), name[bar+1:]
		switch {
		case parent == nil:
			return errACLUnknown
		case parent.parent != nil:
			return errACLFirstArg
		case word == "":
			return errACLSyntax
		case len(parent.Subcommands) == 0:
			same := func(f firstArg) bool { return f.row == parent.row && strings.EqualFold(f.word, word) }
			if !slices.ContainsFunc(s.firstArgs, same) {
				s.firstArgs = append(s.firstArgs, firstArg{parent.row, word})
			}
			return nil
		}
	}
	if spec == nil {
		return errACLUnknown
	}
	s.change(spec, allow)
	return nil
}

func (s *selector) setAll(allow bool) {
	bits := uint64(0)
	if allow {
		bits = ^bits
	}
	for i := range s.commands {
		s.commands[i] = bits
	}
	s.allCommands, s.future, s.firstArgs = allow, allow, nil
}

func (s *selector) bit(spec *Spec) bool { return s.commands[spec.row/64]>>(spec.row%64)&1 != 0 }

func (s *selector) setBit(spec *Spec, allow bool) {
	if bit := uint64(1) << (spec.row % 64); allow {
		s.commands[spec.row/64] |= bit
	} else {
		s.commands[spec.row/64] &^= bit
		s.allCommands = false
	}
}

// change allows or forbids a command, with all its subcommands.
func (s *selector) change(spec *Spec, allow bool) {
	s.setBit(spec, allow)
	s.firstArgs = slices.DeleteFunc(s.firstArgs, func(f firstArg) bool { return f.row == spec.row })
	for _, sub := range spec.Subcommands {
		s.setBit(sub, allow)
	}
}

// Flags, Passwords and Rules are what ACL GETUSER tells.
func (u *User) Flags() []string {
	flags := []string{"off"}
	if u.enabled {
		flags[0] = "on"
	}
	if u.noPass {
		flags = append(flags, "nopass")
	}
	if u.sanitize != "" {
		flags = append(flags, u.sanitize)
	}
	return flags
}

// Passwords are hashes.
func (u *User) Passwords() []string { return u.passwords }

// SelectorRules are the rules of one selector, as rules.
type SelectorRules struct{ Commands, Keys, Channels string }

// Rules describes a user's selectors, the root first.
func (a *ACL) Rules(u *User) []SelectorRules {
	var all []SelectorRules
	for _, s := range u.selectors {
		r := SelectorRules{Commands: a.describeCommands(s), Keys: "~*", Channels: "&*"}
		if !s.allKeys {
			words := make([]string, len(s.keys))
			for i, k := range s.keys {
				words[i] = [...]string{"", "%R~", "%W~", "~"}[k.may] + k.pattern
			}
			r.Keys = strings.Join(words, " ")
		}
		if !s.allChannels {
			words := make([]string, len(s.channels))
			for i, channel := range s.channels {
				words[i] = "&" + channel
			}
			r.Channels = strings.Join(words, " ")
		}
		all = append(all, r)
	}
	return all
}

// Describe writes a user as a line of an ACL file, without the end of the line.
func (a *ACL) Describe(u *User) string {
	words := append([]string{"user", u.Name}, u.Flags()...)
	for _, hash := range u.passwords {
		words = append(words, "#"+hash)
	}
	for i, r := range a.Rules(u) {
		var rules []string
		if r.Keys != "" {
			rules = append(rules, r.Keys)
		}
		if r.Channels != "&*" {
			rules = append(rules, "resetchannels")
		}
		if r.Channels != "" {
			rules = append(rules, r.Channels)
		}
		text := strings.Join(append(rules, r.Commands), " ")
		if i > 0 {
			text = "(" + text + ")"
		}
		words = append(words, text)
	}
	return strings.Join(words, " ")
}

// describeCommands finds rules that lead to a selector's commands: everything
// or nothing, then the categories that fit best one after the other, then what
// is still different, command by command. The choice is Redis 7.0's, which does
// not count the commands it does not have; it lists
// the single commands in an order of chance, here they are in that of their
// names.
func (a *ACL) describeCommands(s *selector) string {
	add := !s.future
	rules := []string{"+@all"}
	sign := "-"
	if add {
		rules[0], sign = "-@all", "+"
	}
	reached := &selector{commands: make([]uint64, len(s.commands))}
	reached.setAll(!add)
	left := &selector{commands: slices.Clone(s.commands)}
	var used categories
	for {
		best, fewest, most := -1, int(^uint(0)>>1), 0
		for i := range ACLCategoryNames {
			c := categories(1) << i
			if used&c != 0 {
				continue
			}
			same, different := 0, 0
			a.table.Each(func(spec *Spec) {
				switch {
				case spec.inCategories()&c == 0 || spec.Since >= "7.2":
				case left.bit(spec) == add:
					same++
				default:
					different++
				}
			})
			if same > different && (different < fewest || different == fewest && same > most) {
				best, fewest, most = i, different, same
			}
		}
		if best < 0 {
			break
		}
		used |= 1 << best
		name := "@" + ACLCategoryNames[best]
		a.applyCommand(reached, add, name)
		a.applyCommand(left, !add, name)
		rules = append(rules, sign+name)
	}
	a.table.Each(func(spec *Spec) {
		has := s.bit(spec)
		if has != reached.bit(spec) {
			mark := "-"
			if has {
				mark = "+"
			}
			rules = append(rules, mark+spec.FullName())
			reached.change(spec, has)
		}
		for _, f := range s.firstArgs {
			if !has && f.row == spec.row {
				rules = append(rules, "+"+spec.FullName()+"|"+f.word)
			}
		}
	})
	return strings.Join(rules, " ")
}

// Text writes all users, a line each, as an ACL file.
func (a *ACL) Text() string {
	var b strings.Builder
	for _, u := range a.users {
		b.WriteString(a.Describe(u))
		b.WriteByte('\n')
	}
	return b.String()
}

// Load replaces all users by those of an ACL file, or tells in one text what
// is wrong with it. The default user stays the same person with new rules;
// gone are the others of before, whatever the file says of their names.
func (a *ACL) Load(file, text string) (gone []*User, problem string) {
	loaded := &ACL{table: a.table, config: a.config}
	var problems strings.Builder
	complain := func(parts ...string) {
		for _, part := range parts {
			problems.WriteString(part)
		}
	}
	for i, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, " \t\r\n")
		if line == "" {
			continue
		}
		words := strings.Split(line, " ")
		at := file + ":" + strconv.Itoa(i+1)
		switch {
		case words[0] != "user" || len(words) < 2:
			complain(at, " should start with user keyword followed by the username. ")
			continue
		case HasSpaces(words[1]):
			complain("'", at, ": username '", words[1], "' contains invalid characters. ")
			continue
		case loaded.User(words[1]) != nil:
			complain("WARNING: Duplicate user '", words[1], "' found on line ", strconv.Itoa(i+1), ". ")
			continue
		}
		u := a.newUser(words[1])
		loaded.add(u)
		rules, bad := MergeSelectors(words[2:])
		if bad >= 0 {
			complain(at, ": Unmatched parenthesis in selector definition.")
		}
		for _, rule := range rules {
			if err := a.apply(u, strings.Trim(rule, "\t\r\n")); err != nil {
				complain(at, ": ", err.Error(), ". ")
			}
		}
		u.judge()
	}
	if problems.Len() > 0 {
		complain("WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
		return nil, problems.String()
	}
	changed := loaded.Remove("default")
	if changed == nil {
		changed = a.newDefault()
	}
	for _, u := range a.users {
		if u != a.Default {
			gone = append(gone, u)
		}
	}
	loaded.add(a.Default)
	a.users = loaded.users
	a.become(a.Default, changed)
	return gone, ""
}

// Declare takes a "user" line of redis.conf. bad is the rule that is wrong.
func (a *ACL) Declare(name string, words []string, declared bool) (bad string, err error) {
	switch {
	case declared:
		return name, errACLTwice
	case HasSpaces(name):
		return name, aclError("Spaces not allowed in ACL usernames")
	}
	rules, at := MergeSelectors(words)
	if at >= 0 {
		return words[at], aclError("Unmatched parenthesis in selector definition")
	}
	if name == "default" {
		rules = append([]string{"reset"}, rules...)
	}
	return a.Set(name, rules, nil)
}
