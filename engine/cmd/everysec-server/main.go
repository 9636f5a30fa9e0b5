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
	listeners, err := settings.listen()
	if err != nil {
		return 1, err
	}
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
	for _, l := range listeners {
		fmt.Printf("everysec-server: listening on %s, data in %s\n", l.Addr(), settings.dir)
		defer l.Close()
		go h.accept(l)
	}
	code := h.serve(signals)
	return code, h.server.Failure()
}

type settings struct {
	options server.Options
	port    int
	bind    string
	socket  string
	dir     string
}

// listen opens the TCP port, unless it is 0, and the Unix socket if one is
// configured.
func (s *settings) listen() ([]net.Listener, error) {
	var listeners []net.Listener
	if s.port != 0 {
		l, err := net.Listen("tcp", net.JoinHostPort(s.bind, strconv.Itoa(s.port)))
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
	}
	if s.socket != "" {
		_ = os.Remove(s.socket) // one that a killed server left behind
		l, err := net.Listen("unix", s.socket)
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
	}
	if len(listeners) == 0 {
		return nil, errors.New("configured to not listen anywhere, exiting")
	}
	return listeners, nil
}

// includes reads the files that "include" of redis.conf names.
func includes(pattern string) ([]config.Included, error) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var found []config.Included
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found = append(found, config.Included{Name: name, Text: text})
	}
	return found, nil
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
		if file, err = filepath.Abs(file); err != nil {
			return s, err
		}
		s.options.ConfigFile, s.options.ConfigFileName = text, file
		s.options.ConfigStore = configFile(file)
	}
	s.options.Directives = directives
	s.options.Includes = includes
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
	s.socket, _ = c.Value("unixsocket")
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return s, err
	}
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("can't chdir to %s: no such file or directory", s.dir)
	}
	return s, nil
}

// configFile is a redis.conf, wherever it is.
type configFile string

func (f configFile) Read() ([]byte, error) { return os.ReadFile(string(f)) }

// Write puts a new file in the place of the old one, as CONFIG REWRITE must:
// a crash leaves one of the two.
func (f configFile) Write(text []byte) error {
	temp := string(f) + ".tmp"
	if err := os.WriteFile(temp, text, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, string(f))
}
