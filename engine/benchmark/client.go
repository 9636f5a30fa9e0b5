package benchmark

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"everysec/engine/resp"
)

// client is one connection to a server under measurement.
type client struct {
	net.Conn
	in []byte // what came and was not parsed
}

func dial(address string) (*client, error) {
	conn, err := net.Dial("tcp", address)
	return &client{Conn: conn}, err
}

// do sends one command and returns its reply; an error reply is an error.
func (c *client) do(words ...string) (string, error) {
	if _, err := c.Write(appendWords(nil, words)); err != nil {
		return "", err
	}
	for {
		v, n, err := resp.Parse(c.in)
		if err != nil {
			return "", err
		}
		if n > 0 {
			text := string(v.Str)
			if v.Kind == resp.Integer {
				text = strconv.FormatInt(v.Int, 10)
			}
			c.in = append(c.in[:0], c.in[n:]...)
			if v.IsError() {
				return "", errors.New(words[0] + ": " + text)
			}
			return text, nil
		}
		if err := c.read(); err != nil {
			return "", err
		}
	}
}

func (c *client) read() error {
	var b [16 << 10]byte
	n, err := c.Read(b[:])
	c.in = append(c.in, b[:n]...)
	return err
}

// info is one field of INFO.
func (c *client) info(field string) (string, error) {
	text, err := c.do("INFO", "all")
	_, value, found := strings.Cut(text, "\n"+field+":")
	if err == nil && !found {
		err = errors.New("INFO has no field " + field)
	}
	value, _, _ = strings.Cut(value, "\r")
	return value, err
}

// fill sends all commands of a data set without waiting for each reply, and
// returns when the last is there. An error among the replies is an error.
func (c *client) fill(d DataSet) error {
	const last = "$4\r\nlast\r\n"
	sent := make(chan error, 1)
	go func() {
		w := bufio.NewWriterSize(c, 64<<10)
		var b []byte
		d.Commands(func(words ...string) {
			b = appendWords(b[:0], words)
			w.Write(b) // Flush has the error
		})
		w.Write(appendWords(b[:0], []string{"ECHO", "last"}))
		sent <- w.Flush()
	}()
	atLine := true
	for {
		if err := c.read(); err != nil {
			return err
		}
		if at := bytes.Index(c.in, []byte("\r\n-")); at >= 0 || atLine && c.in[0] == '-' {
			line, _, _ := bytes.Cut(c.in[max(at, 0):], []byte("\r\n"))
			return fmt.Errorf("filling the server: %q", line)
		}
		if bytes.HasSuffix(c.in, []byte(last)) {
			c.in = c.in[:0]
			return <-sent
		}
		keep := min(len(c.in), len(last)) // the end may be cut in two
		c.in = append(c.in[:0], c.in[len(c.in)-keep:]...)
		atLine = false
	}
}

func appendWords(dst []byte, words []string) []byte {
	dst = append(strconv.AppendInt(append(dst, '*'), int64(len(words)), 10), "\r\n"...)
	for _, w := range words {
		dst = append(strconv.AppendInt(append(dst, '$'), int64(len(w)), 10), "\r\n"...)
		dst = append(append(dst, w...), "\r\n"...)
	}
	return dst
}

// answers waits until a server replies to PING with PONG: it has loaded.
func answers(address string) error {
	for patience := time.Now().Add(time.Minute); time.Now().Before(patience); time.Sleep(time.Millisecond) {
		c, err := dial(address)
		if err != nil {
			continue // it does not listen yet
		}
		for err == nil || strings.Contains(err.Error(), "LOADING") {
			var pong string
			if pong, err = c.do("PING"); pong == "PONG" {
				return c.Close()
			}
			time.Sleep(time.Millisecond)
		}
		_ = c.Close() // another one tries again
	}
	return errors.New("the server at " + address + " does not answer")
}
