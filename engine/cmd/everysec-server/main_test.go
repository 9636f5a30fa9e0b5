package main_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"everysec/engine/redistest"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "everysec")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "everysec-server")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // a temporary folder
	os.Exit(code)
}

// process is a running everysec-server.
type process struct {
	t       *testing.T
	command *exec.Cmd
	log     bytes.Buffer
	socket  string
	exited  chan struct{}
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, socket: redistest.Socket(t), exited: make(chan struct{})}
	p.command = exec.Command(binary, append(args, "--port", "0", "--unixsocket", p.socket)...)
	p.command.Stdout, p.command.Stderr = &p.log, &p.log
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait() // the exit code is in ProcessState
		close(p.exited)
	}()
	t.Cleanup(p.kill)
	for range 200 {
		if c, err := net.Dial("unix", p.socket); err == nil {
			_ = c.Close()
			return p
		}
		time.Sleep(25 * time.Millisecond)
	}
	p.kill()
	t.Fatalf("the server does not answer:\n%s", p.log.String())
	return nil
}

func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended by itself
	<-p.exited
}

func (p *process) client() *redis.Client {
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: p.socket, Protocol: 3})
	p.t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestGoRedis(t *testing.T) {
	ctx := context.Background()
	c := start(t, "--dir", t.TempDir()).client()
	if err := c.Set(ctx, "k", "v", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	if got := c.Get(ctx, "k").Val(); got != "v" {
		t.Errorf("GET k = %q", got)
	}
	if ttl := c.TTL(ctx, "k").Val(); ttl < 59*time.Minute || ttl > time.Hour {
		t.Errorf("TTL k = %v", ttl)
	}
	if err := c.Get(ctx, "nosuch").Err(); err != redis.Nil {
		t.Errorf("GET nosuch: %v", err)
	}
	c.HSet(ctx, "h", "a", 1, "b", 2)
	if got := c.HGetAll(ctx, "h").Val(); got["a"] != "1" || got["b"] != "2" {
		t.Errorf("HGETALL h = %v", got)
	}
	c.ZAdd(ctx, "z", redis.Z{Score: 1.5, Member: "m"})
	if got := c.ZRangeWithScores(ctx, "z", 0, -1).Val(); len(got) != 1 || got[0].Score != 1.5 {
		t.Errorf("ZRANGE z = %v", got)
	}
	results, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Incr(ctx, "n")
		p.Incr(ctx, "n")
		return nil
	})
	if err != nil || results[1].(*redis.IntCmd).Val() != 2 {
		t.Errorf("transaction: %v, %v", results, err)
	}
	script := redis.NewScript("if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end")
	if got, err := script.Run(ctx, c, []string{"k"}, "v").Int(); err != nil || got != 1 {
		t.Errorf("script = %d, %v", got, err)
	}
	sub := c.Subscribe(ctx, "news")
	defer sub.Close()
	if _, err := sub.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	if n := c.Publish(ctx, "news", "hello").Val(); n != 1 {
		t.Errorf("PUBLISH reached %d", n)
	}
	select {
	case m := <-sub.Channel():
		if m.Payload != "hello" {
			t.Errorf("message %q", m.Payload)
		}
	case <-time.After(5 * time.Second):
		t.Error("no message came")
	}
	watched := c.Watch(ctx, func(tx *redis.Tx) error {
		c.Set(ctx, "w", "other", 0)
		_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "w", "mine", 0); return nil })
		return err
	}, "w")
	if watched != redis.TxFailedErr {
		t.Errorf("a transaction on a changed key: %v", watched)
	}
}

func TestRedisCLIAndBenchmark(t *testing.T) {
	p := start(t, "--dir", t.TempDir())
	out, err := exec.Command("redis-cli", "-s", p.socket, "SET", "k", "v").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "OK" {
		t.Errorf("redis-cli: %v, %s", err, out)
	}
	out, err = exec.Command("redis-benchmark", "-s", p.socket, "-n", "2000", "-P", "16", "-q", "-t", "set,get,incr,lpush,rpush,lpop,sadd,hset,zadd,lrange,mset").CombinedOutput()
	if err != nil || strings.Contains(string(out), "ERR") || strings.Count(string(out), "requests per second") < 11 {
		t.Errorf("redis-benchmark: %v\n%s", err, out)
	}
}

func TestRestartAndSignals(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	p := start(t, "--dir", dir, "--appendonly", "yes", "--appendfsync", "always")
	if err := p.client().Set(ctx, "k", "acknowledged", 0).Err(); err != nil {
		t.Fatal(err)
	}
	p.kill() // SIGKILL: nothing acknowledged under "always" may be lost
	p = start(t, "--dir", dir, "--appendonly", "yes")
	c := p.client()
	if got := c.Get(ctx, "k").Val(); got != "acknowledged" {
		t.Errorf("after SIGKILL: GET k = %q", got)
	}
	c.Set(ctx, "k2", "v2", 0)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(10 * time.Second):
		t.Fatal("SIGTERM does not end the server")
	}
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d after SIGTERM:\n%s", code, p.log.String())
	}
	if got := start(t, "--dir", dir, "--appendonly", "yes").client().Get(ctx, "k2").Val(); got != "v2" {
		t.Errorf("after SIGTERM: GET k2 = %q", got)
	}
}

func TestConfigFile(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	text := "# a comment that stays\nmaxclients 77\nappendonly no\ndir " + dir + "\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := start(t, file).client()
	if got := c.ConfigGet(ctx, "maxclients").Val()["maxclients"]; got != "77" {
		t.Errorf("maxclients = %q", got)
	}
	if err := c.ConfigSet(ctx, "maxclients", "88").Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.ConfigRewrite(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(got), "maxclients 88") || !strings.Contains(string(got), "# a comment that stays") {
		t.Errorf("after CONFIG REWRITE (%v):\n%s", err, got)
	}
}

func TestRefusesToStart(t *testing.T) {
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"no such directory", "no such file or directory", []string{"--dir", "/nosuch/directory"}},
		{"unknown directive", "nosuch", []string{"--nosuch", "yes"}},
		{"no configuration file", "open config file", []string{"/nosuch/redis.conf"}},
		{"nowhere to listen", "not listen", []string{"--port", "0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := exec.Command(binary, c.args...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v: %v, %s", c.args, err, out)
			}
		})
	}
}
