package number_test

import (
	"flag"
	"net"
	"testing"

	"everysec/engine/resp"
)

var redisAddress = flag.String("redis", "", "record testdata anew from the Redis 7.0 server at `address`, whose data and settings are lost; one package at a time (-p 1)")

// redisClient talks to a real server, when testdata is recorded.
type redisClient struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

func dialRedis(t *testing.T) *redisClient {
	conn, err := net.Dial("tcp", *redisAddress)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &redisClient{t: t, conn: conn}
}

func (c *redisClient) do(args ...string) resp.Value {
	request := make([][]byte, len(args))
	for i, a := range args {
		request[i] = []byte(a)
	}
	if _, err := c.conn.Write(resp.AppendCommand(nil, request...)); err != nil {
		c.t.Fatal(err)
	}
	for {
		v, n, err := resp.Parse(c.buf)
		if err != nil {
			c.t.Fatal(err)
		}
		if n > 0 {
			c.buf = append([]byte(nil), c.buf[n:]...)
			return v
		}
		piece := make([]byte, 64<<10)
		if n, err = c.conn.Read(piece); err != nil {
			c.t.Fatal(err)
		}
		c.buf = append(c.buf, piece[:n]...)
	}
}
