package pubsub_test

import (
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// next takes a reply or message that has come already.
func next(t *testing.T, c *servertest.Client) resp.Value {
	t.Helper()
	v, ok := c.Reply()
	if !ok {
		t.Fatal("nothing has come")
	}
	return v
}

func TestMessagesReachSubscribers(t *testing.T) {
	s := servertest.New(t)
	publisher, both, pattern, third := s.Client(), s.Client(), s.Client(), s.Client()
	both.Do("SUBSCRIBE", "news")
	both.Do("PSUBSCRIBE", "n*s")
	pattern.Do("PSUBSCRIBE", "*")
	third.Do("HELLO", "3")
	third.Do("SUBSCRIBE", "news")

	if got := publisher.Text(`PUBLISH news "a b"`); got != "(integer) 4" {
		t.Errorf("PUBLISH replied %s, want 4: one client listens twice", got)
	}
	const message = "1) \"message\"\n2) \"news\"\n3) \"a b\""
	for _, want := range []string{message, "1) \"pmessage\"\n2) \"n*s\"\n3) \"news\"\n4) \"a b\""} {
		if got := servertest.Format(next(t, both)); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	if got := servertest.Format(next(t, pattern)); got != "1) \"pmessage\"\n2) \"*\"\n3) \"news\"\n4) \"a b\"" {
		t.Errorf("got\n%s", got)
	}
	pushed := next(t, third)
	if pushed.Kind != resp.Push {
		t.Errorf("a RESP3 client got kind %q, want a push", pushed.Kind)
	}
	if _, more := pattern.Reply(); more {
		t.Error("a message came twice")
	}
	if v := third.Do("ECHO", "x"); string(v.Str) != "x" {
		t.Errorf("a listening RESP3 client may run commands, but got %v", v)
	}
}

func TestEachNameIsConfirmed(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	confirmations := func(want ...string) {
		t.Helper()
		for _, w := range want {
			if got := servertest.Format(next(t, c)); got != w {
				t.Errorf("got\n%s\nwant\n%s", got, w)
			}
		}
		if v, more := c.Reply(); more {
			t.Errorf("one more: %v", v)
		}
	}
	send := func(args ...string) {
		c.Send(args...)
		s.Settle()
	}
	send("SUBSCRIBE", "b", "a", "b")
	confirmations("1) \"subscribe\"\n2) \"b\"\n3) (integer) 1",
		"1) \"subscribe\"\n2) \"a\"\n3) (integer) 2",
		"1) \"subscribe\"\n2) \"b\"\n3) (integer) 2")
	send("PSUBSCRIBE", "p")
	confirmations("1) \"psubscribe\"\n2) \"p\"\n3) (integer) 3")
	send("UNSUBSCRIBE")
	confirmations("1) \"unsubscribe\"\n2) \"a\"\n3) (integer) 2",
		"1) \"unsubscribe\"\n2) \"b\"\n3) (integer) 1")
	send("UNSUBSCRIBE")
	confirmations("1) \"unsubscribe\"\n2) (nil)\n3) (integer) 1")
	send("PUNSUBSCRIBE", "p", "q")
	confirmations("1) \"punsubscribe\"\n2) \"p\"\n3) (integer) 0",
		"1) \"punsubscribe\"\n2) \"q\"\n3) (integer) 0")
}

func TestKeyspaceNotifications(t *testing.T) {
	s := servertest.New(t, "notify-keyspace-events", "KEA")
	listener, writer := s.Client(), s.Client()
	listener.Do("PSUBSCRIBE", "__key*@0__:*")
	writer.Do("SET", "k", "v")
	for _, want := range []string{
		"1) \"pmessage\"\n2) \"__key*@0__:*\"\n3) \"__keyspace@0__:k\"\n4) \"set\"",
		"1) \"pmessage\"\n2) \"__key*@0__:*\"\n3) \"__keyevent@0__:set\"\n4) \"k\"",
	} {
		if got := servertest.Format(next(t, listener)); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestAClientThatLeavesListensNoMore(t *testing.T) {
	s := servertest.New(t)
	listener, publisher := s.Client(), s.Client()
	listener.Do("SUBSCRIBE", "news")
	listener.Do("PSUBSCRIBE", "*")
	s.Disconnect(s.Now, listener.ID)
	if got := publisher.Text("PUBLISH news x"); got != "(integer) 0" {
		t.Errorf("PUBLISH replied %s after the only subscriber left", got)
	}
	if got := publisher.Text("PUBSUB NUMPAT"); got != "(integer) 0" {
		t.Errorf("PUBSUB NUMPAT replied %s after the only subscriber left", got)
	}
}
