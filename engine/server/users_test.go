package server_test

import (
	"strings"
	"testing"

	"everysec/engine/server"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// openWith starts a server with a redis.conf.
func openWith(disk *vfs.Disk, conf string, config ...[2]string) (*server.Server, error) {
	return server.Open(startOfTime, server.Options{FS: disk, ConfigFile: []byte(conf), ConfigFileName: "redis.conf", Config: config})
}

func users(s *server.Server) string { return s.ACL().Text() }

func TestUsersOfTheConfigurationFile(t *testing.T) {
	const (
		alice = "user alice on #148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940 ~a* resetchannels -@all +get (~b resetchannels -@all +set)\n"
		all   = "user default on nopass ~* &* +@all\n"
	)
	for _, test := range []struct{ conf, users, problem string }{
		{"user alice on >p ~a* +get (~b +set)\n", alice + all, ""},
		{"user alice on >p ~a* +get (~b\nuser b on", "", "line 1: 'user alice on >p ~a* +get (~b': Error in user declaration '(~b': Unmatched parenthesis in selector definition"},
		{"# who\nuser alice on foo", "", "line 2: 'user alice on foo': Error in user declaration 'foo': Syntax error"},
		{"user alice +nope", "", "Unknown command or category name in ACL"},
		{"user alice on\nuser alice off", "", "line 2: 'user alice off': Error in user declaration 'alice': Duplicate user found. A user can only be defined once in config files"},
		{"user default on nopass ~* +@all -debug\nuser bob", "user bob off resetchannels -@all\nuser default on nopass sanitize-payload ~* resetchannels +@all -debug\n", ""},
		{"requirepass foo", strings.Replace(all, "nopass", "#2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", 1), ""},
		{"aclfile u.acl\nuser alice on", "", "users stand in the aclfile or in this file, not in both"},
		{"aclfile u.acl", "", "u.acl"},
	} {
		s, err := openWith(vfs.New(vfs.Options{}), test.conf)
		switch {
		case test.problem != "":
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%q: error %v, want %q", test.conf, err, test.problem)
			}
		case err != nil:
			t.Errorf("%q: %v", test.conf, err)
		case users(s) != test.users:
			t.Errorf("%q: users are\n%swant\n%s", test.conf, users(s), test.users)
		}
	}
}

// write puts a file on a disk.
func write(t *testing.T, disk *vfs.Disk, name, text string) {
	t.Helper()
	f, err := disk.OpenFile(name, vfs.Write|vfs.Create|vfs.Truncate)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestACLFile(t *testing.T) {
	disk := vfs.New(vfs.Options{})
	write(t, disk, "users.acl", "user alice on nopass ~* +@all\n\n  user bob off\n")
	s := servertest.On(t, disk, "aclfile", "users.acl")
	c, alice := s.Client(), s.Client()
	expect(t, c, "ACL USERS", "1) \"alice\"\n2) \"bob\"\n3) \"default\"",
		"ACL DELUSER bob", "(integer) 1", "ACL SETUSER carol +get", "OK", "ACL SAVE", "OK")
	const saved = "user alice on nopass ~* resetchannels +@all\nuser carol off resetchannels -@all +get\nuser default on nopass ~* &* +@all\n"
	text, err := vfs.ReadFile(disk, "users.acl")
	if err != nil || string(text) != saved {
		t.Errorf("the file has %q (%v), want %q", text, err, saved)
	}
	expect(t, alice, "AUTH alice x", "OK")
	write(t, disk, "users.acl", "user alice on nopass\nx\nuser alice\nuser default nope +@x\nuser a\tb\nuser dan (+get\n")
	expect(t, c, "ACL LOAD", "(error) ERR users.acl:2 should start with user keyword followed by the username. "+
		"WARNING: Duplicate user 'alice' found on line 3. users.acl:4: Syntax error. users.acl:4: Unknown command or category name in ACL. "+
		"'users.acl:5: username 'a\tb' contains invalid characters. users.acl:6: Unmatched parenthesis in selector definition."+
		"WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
	expect(t, alice, "ACL WHOAMI", `"alice"`)
	write(t, disk, "users.acl", saved+"user erin (+get ~x)\n")
	expect(t, c, "ACL LOAD", "OK", "ACL USERS", "1) \"alice\"\n2) \"carol\"\n3) \"default\"\n4) \"erin\"", "ACL WHOAMI", `"default"`)
	// As in 7.0, who is not the default user has to connect again.
	expect(t, c, "CLIENT KILL USER alice", "(integer) 0")
	if err := disk.Remove("users.acl"); err != nil {
		t.Fatal(err)
	}
	if got := c.Text("ACL LOAD"); !strings.HasPrefix(got, "(error) ERR Error loading ACLs, opening file 'users.acl': ") {
		t.Error(got)
	}
}

func TestACLLog(t *testing.T) {
	s := servertest.New(t, "acllog-max-len", "3")
	c, u := s.Client(), s.Client()
	expect(t, c, "ACL SETUSER u on >p ~a* +@all -publish", "OK")
	reasons := func() string {
		var lines []string
		for _, e := range s.ACL().Log.Entries {
			lines = append(lines, strings.Join([]string{e.Reason.String(), e.Context, e.Object, e.User, servertest.Quote([]byte{byte('0' + e.Count)})}, " "))
		}
		return strings.Join(lines, "; ")
	}
	u.Text("auth u nope")
	u.Text("HELLO 2 AUTH nobody x")
	u.Text("AUTH u p")
	u.Text("GET b")
	s.Advance(30_000_000)
	u.Text("GET b")
	if got, want := reasons(), `key toplevel b u "2"; auth toplevel HELLO nobody "1"; auth toplevel auth u "1"`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.Advance(61_000_000)
	u.Text("MULTI")
	u.Text("GET b")
	u.Text("DISCARD")
	u.Text("EVAL \"return redis.call('get','c')\" 0")
	u.Text("PUBLISH a b")
	if got, want := reasons(), `command toplevel publish u "1"; key lua c u "1"; key multi b u "1"`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	line := s.ACL().Log.Entries[1].Client
	if !strings.Contains(line, " argv-mem=33 ") || // the words of EVAL
		!strings.Contains(line, " cmd=eval user=u ") || strings.Contains(line, "\n") {
		t.Errorf("client-info of a script: %q", line)
	}
	if got := c.Text("ACL LOG 1"); !strings.Contains(got, "12) \"0\"\n") {
		t.Error(got)
	}
	expect(t, c, "CONFIG SET acllog-max-len 0", "OK", "AUTH x y", "(error) "+"WRONGPASS invalid username-password pair or user is disabled.", "ACL LOG", "(empty array)")
}
