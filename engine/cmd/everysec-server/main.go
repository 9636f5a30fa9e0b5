// Command everysec-server is the engine as a native server: RESP on a TCP
// port, real files in a directory. It takes redis-server's command line:
//
//	everysec-server [redis.conf] [--port 6379] [--dir D] [--appendonly yes] ...
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"everysec/engine/config"
	"everysec/engine/server"
	"everysec/engine/vfs/osfs"
)

func main() {
	if len(os.Args) == 2 && (os.Args[1] == "--help" || os.Args[1] == "-h") {
		fmt.Println("Usage: everysec-server [/path/to/redis.conf] [--directive value ...]")
		fmt.Println("       for instance: everysec-server --port 6379 --dir /var/lib/everysec --appendonly yes")
		return
	}
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "everysec-server:", err)
	}
	os.Exit(code)
}

// run serves until the server is shut down and returns its exit code.
func run(args []string) (int, error) {
	settings, err := parse(args)
	if err != nil {
		return 1, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(settings.bind, strconv.Itoa(settings.port)))
	if err != nil {
		return 1, err
	}
	defer listener.Close()
	h := newHost()
	disk, err := osfs.Open(settings.dir, h.wake)
	if err != nil {
		return 1, err
	}
	defer disk.Close()
	start := time.Now()
	options := settings.options
	options.FS = disk
	options.Seed = uint64(start.UnixNano())
	options.ProcessID = os.Getpid()
	options.Stopwatch = func() int64 { return time.Since(start).Microseconds() }
	h.server, err = server.Open(time.Now().UnixMicro(), options)
	if err != nil {
		return 1, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	fmt.Printf("everysec-server: listening on %s, data in %s\n", listener.Addr(), settings.dir)
	go h.accept(listener)
	code := h.serve(signals)
	return code, h.server.Failure()
}

type settings struct {
	options server.Options
	port    int
	bind    string
	dir     string
}

// parse reads the command line and the configuration file it names.
func parse(args []string) (settings, error) {
	s := settings{bind: "127.0.0.1"}
	file, directives, err := config.CommandLine(args)
	if err != nil {
		return s, err
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return s, fmt.Errorf("open config file: %w", err)
		}
		s.options.ConfigFile, s.options.ConfigFileName = text, file
	}
	s.options.Directives = directives
	c, err := s.options.Configuration()
	if err != nil {
		return s, err
	}
	s.port, s.dir = c.Port, c.Dir
	if bind, ok := c.Value("bind"); ok && bind != "" {
		if first := strings.Fields(bind)[0]; first != "*" {
			s.bind = strings.TrimPrefix(first, "-")
		}
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return s, err
	}
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("can't chdir to %s: no such file or directory", s.dir)
	}
	return s, nil
}
