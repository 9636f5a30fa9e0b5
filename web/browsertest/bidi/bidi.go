// Package bidi drives a browser over WebDriver BiDi (W3C), as much of it as the
// tests of the page need: one session, one page, scripts, keys, pictures.
package bidi

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// Session is one browser with one page. Its methods may be called from one
// goroutine at a time.
type Session struct {
	process *exec.Cmd
	conn    io.ReadWriteCloser
	next    int
	page    string

	mu      sync.Mutex
	waiting map[int]chan message
	failure error // why nothing more comes
	logged  []string
}

type message struct {
	Type    string          `json:"type"`
	ID      int             `json:"id"`
	Method  string          `json:"method"`
	Result  json.RawMessage `json:"result"`
	Params  json.RawMessage `json:"params"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

// Firefox starts one without a window, on a profile directory of its own.
func Firefox(ctx context.Context, profile string) (*Session, error) {
	var path string
	for _, name := range []string{"firefox-esr", "firefox"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errors.New("no firefox-esr or firefox on this machine")
	}
	cmd := exec.Command(path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0",
		"--window-size=1440,900", "about:blank")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // all its processes die together
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting Firefox: %w", err)
	}
	s := &Session{process: cmd, waiting: map[int]chan message{}}
	address := make(chan string, 1)
	go func() {
		defer close(address)
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if _, found, ok := strings.Cut(lines.Text(), "WebDriver BiDi listening on "); ok {
				address <- strings.TrimSpace(found)
			}
		}
	}()
	select {
	case url, ok := <-address:
		if !ok {
			s.Close()
			return nil, errors.New("starting Firefox: it ended without an address")
		}
		if err := s.open(ctx, url+"/session"); err != nil {
			s.Close()
			return nil, err
		}
		return s, nil
	case <-ctx.Done():
		s.Close()
		return nil, fmt.Errorf("starting Firefox: %w", ctx.Err())
	}
}

func (s *Session) open(ctx context.Context, url string) error {
	conn, _, _, err := ws.Dial(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	s.conn = conn
	go s.read()
	if _, err := s.call(ctx, "session.new", map[string]any{"capabilities": map[string]any{}}); err != nil {
		return err
	}
	if _, err := s.call(ctx, "session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}); err != nil {
		return err
	}
	var tree struct{ Contexts []struct{ Context string } }
	if err := s.ask(ctx, "browsingContext.getTree", map[string]any{}, &tree); err != nil {
		return err
	}
	if len(tree.Contexts) == 0 {
		return errors.New("Firefox has no page open")
	}
	s.page = tree.Contexts[0].Context
	return nil
}

// Close ends the browser and all its processes at once.
func (s *Session) Close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.process.Process != nil {
		_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL) // it may be gone
		_ = s.process.Wait()
	}
}

func (s *Session) read() {
	for {
		data, err := wsutil.ReadServerText(s.conn)
		var m message
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		s.mu.Lock()
		if err != nil {
			s.failure = fmt.Errorf("the browser's answers ended: %w", err)
			for _, c := range s.waiting {
				close(c)
			}
			s.waiting = nil
			s.mu.Unlock()
			return
		}
		if m.Type == "event" {
			var entry struct{ Level, Text string }
			if m.Method == "log.entryAdded" && json.Unmarshal(m.Params, &entry) == nil {
				s.logged = append(s.logged, entry.Level+": "+entry.Text)
			}
		} else if c := s.waiting[m.ID]; c != nil {
			delete(s.waiting, m.ID)
			c <- m
		}
		s.mu.Unlock()
	}
}

// call sends a command and waits for its answer.
func (s *Session) call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	answer := make(chan message, 1)
	s.mu.Lock()
	if s.failure != nil {
		s.mu.Unlock()
		return nil, s.failure
	}
	s.next++
	id := s.next
	s.waiting[id] = answer
	s.mu.Unlock()
	data, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if err := wsutil.WriteClientText(s.conn, data); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m, ok := <-answer:
		if !ok {
			return nil, fmt.Errorf("%s: %w", method, s.failure)
		}
		if m.Type == "error" {
			return nil, fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		}
		return m.Result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (s *Session) ask(ctx context.Context, method string, params, result any) error {
	data, err := s.call(ctx, method, params)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, result)
}

// Navigate opens a URL and waits until it has loaded.
func (s *Session) Navigate(ctx context.Context, url string) error {
	_, err := s.call(ctx, "browsingContext.navigate", map[string]any{"context": s.page, "url": url, "wait": "complete"})
	return err
}

// Eval runs an expression, awaits its promise, and reads what it yields as JSON
// into result, which may be nil.
func (s *Session) Eval(ctx context.Context, expression string, result any) error {
	var got struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := s.ask(ctx, "script.evaluate", map[string]any{
		"expression":   "(async () => JSON.stringify(await (" + expression + ")) ?? 'null')()",
		"target":       map[string]any{"context": s.page},
		"awaitPromise": true,
	}, &got)
	switch {
	case err != nil:
		return err
	case got.Type == "exception":
		return fmt.Errorf("%s: %s", expression, got.ExceptionDetails.Text)
	case result == nil:
		return nil
	}
	return json.Unmarshal([]byte(got.Result.Value), result)
}

// Keys presses keys one after the other where the focus is. "\r" is Enter; other
// keys have the code points that WebDriver gives them.
func (s *Session) Keys(ctx context.Context, text string) error {
	var actions []map[string]any
	for _, key := range text {
		if key == '\r' {
			key = '\ue007'
		}
		for _, kind := range []string{"keyDown", "keyUp"} {
			actions = append(actions, map[string]any{"type": kind, "value": string(key)})
		}
	}
	_, err := s.call(ctx, "input.performActions", map[string]any{
		"context": s.page,
		"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": actions}},
	})
	return err
}

// Picture is what the page looks like, as PNG.
func (s *Session) Picture(ctx context.Context) ([]byte, error) {
	var got struct{ Data string }
	if err := s.ask(ctx, "browsingContext.captureScreenshot", map[string]any{"context": s.page}, &got); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(got.Data)
}

// Logged is what the page wrote to its console, exceptions among it.
func (s *Session) Logged() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.logged...)
}
