package play

import (
	"fmt"

	"everysec/engine/resp"
	"everysec/web/console"
)

// encode splits a line as redis-cli does and writes it as the client would.
func encode(line string) ([]byte, error) {
	args, ok := resp.SplitArgs([]byte(line))
	if !ok || len(args) == 0 {
		return nil, fmt.Errorf("redis-cli would not send %q: unbalanced quotes or nothing there", line)
	}
	return resp.AppendCommand(nil, args...), nil
}

// printed is what redis-cli shows for a reply to line.
func printed(line string, v resp.Value) string {
	args, _ := resp.SplitArgs([]byte(line)) // it was sent, so it can be split
	return console.Print(args, v)
}

// listener follows how many channels a client listens to. Only to one that
// listens can a message come that is no reply.
type listener struct{ channels int64 }

// asked reports whether v is the reply to a command, and not a message.
func (l *listener) asked(v resp.Value) bool {
	if v.Kind != resp.Array || len(v.Elems) < 3 {
		return true
	}
	switch string(v.Elems[0].Str) {
	case "message", "pmessage", "smessage":
		return l.channels == 0
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe":
		if v.Elems[2].Kind == resp.Integer {
			l.channels = v.Elems[2].Int
		}
	}
	return true
}

func encodeArgs(dst []byte, args []string) []byte {
	b := make([][]byte, len(args))
	for i, a := range args {
		b[i] = []byte(a)
	}
	return resp.AppendCommand(dst, b...)
}
