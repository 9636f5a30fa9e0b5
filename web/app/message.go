package app

import (
	"everysec/engine/resp"
	"everysec/lessons"
	"everysec/wasm/bridge"
)

// Message is something that happened: what the worker said, or what the
// learner did. Nothing else changes the model.
type Message any

// What comes from the worker and from the browser.
type (
	// Boot is the first message. Lesson is nil on a page without one.
	Boot struct {
		Wall   int64 // microseconds since 1970
		Lesson *lessons.Lesson
		Saved  string // progress, as the effect Save gave it
		// History is what was entered in earlier visits, as the effect
		// SaveHistory gave it.
		History string
	}
	// Frame comes before each drawing.
	Frame struct{ Wall int64 }
	// ReadOn goes on with a large reply, a slice of it.
	ReadOn struct{}
	// Connected answers the effect Connect.
	Connected struct {
		Console string // "" is the unseen client
		Client  uint32
	}
	// Output is what a client received.
	Output struct {
		Client uint32
		Data   []byte
		Closed bool
		At     int64 // real time in microseconds since 1970; 0: that of the frame
	}
	// Events is an encoded event batch.
	Events struct{ Batch []byte }
	// Noticed is what happened to the host.
	Noticed struct {
		Kind bridge.Notice
		Text string
	}
	// Answered answers the effect Control.
	Answered struct {
		Then func(m *Model, data []byte)
		Else func(m *Model)
		Data []byte
		Err  string

		call int64
	}
)

// NoticeReplaced is the page's own: what was replaced can be brought back.
const NoticeReplaced bridge.Notice = 255

// What the learner does.
type (
	// Submit is a line entered at a console, at a real time; 0: that of the frame.
	Submit struct {
		Console, Line string
		At            int64
	}
	// Paste is many lines at once.
	Paste struct {
		Console string
		Lines   []string
		At      int64
	}
	// Interrupt is Ctrl-C.
	Interrupt struct{ Console string }
	// OpenConsole opens a console, or brings an open one to the front. An
	// empty name takes the next free worker-X.
	OpenConsole struct{ Name string }
	// CloseConsole closes one; the last one stays.
	CloseConsole struct{ Name string }
	// ClearConsole empties its screen.
	ClearConsole struct{ Name string }
	// PauseClient stops a console as a long garbage collection does, for so many
	// microseconds of engine time; a negative time never ends by itself, and 0
	// ends it now.
	PauseClient struct {
		Name   string
		Micros int64
	}
	// KillClient runs CLIENT KILL on a console's connection.
	KillClient struct{ Name string }
	// RenameConsole gives a console another name on the screen; an empty one
	// takes it back. Lessons go on calling it by its first.
	RenameConsole struct{ Name, Label string }
	// TimeCommands says whether a console tells how long each command took.
	TimeCommands struct {
		Name string
		On   bool
	}
	// ShowDB chooses the database that the keyspace shows.
	ShowDB struct{ DB int }
	// Select opens the inspector; a nil key closes it.
	Select struct{ Key *string }
	// Background says that a client of the server belongs to the background load.
	Background struct{ Client uint64 }
	// Crash takes the server down, at a moment; a seed of 0 is drawn.
	Crash struct {
		Kind   bridge.CrashKind
		Moment bridge.CrashMoment
		N      int64 // of bridge.AtOperation
		Seed   uint64
	}
	// Disarm ends the waiting for the moment of a crash.
	Disarm struct{}
	// SetFault sets up the disk.
	SetFault struct {
		What  bridge.Fault
		Value int64
	}
	// Restart starts it from its files.
	Restart struct{}
	// DismissAccount closes the account of a crash.
	DismissAccount struct{}
	// ClockPause stops engine time, or lets it run.
	ClockPause struct{ Paused bool }
	// ClockSpeed sets how many engine seconds pass in a real one.
	ClockSpeed struct{ Factor float64 }
	// ClockAdvance jumps forward.
	ClockAdvance struct{ Micros int64 }
	// Ask runs a command on the page's own client.
	Ask struct {
		Words []string
		Then  func(m *Model, v resp.Value)
	}
	// AskParameters learns what Tab offers behind CONFIG GET and CONFIG SET. Then
	// hears whether the engine has told.
	AskParameters struct{ Then func(told bool) }
	// SetConfig is a quick setting.
	SetConfig struct{ Directive, Value string }
	// RunBlock plays a transcript; while one plays it stops it.
	RunBlock struct{ ID string }
	// CheckBlock evaluates a check.
	CheckBlock struct{ ID string }
	// EnterStep says which step is being read.
	EnterStep struct{ ID string }
	// Choose answers a question of the quiz.
	Choose struct {
		Block            string
		Question, Choice int
	}
	// Guess makes a prediction, or Skipped.
	Guess struct {
		Block  string
		Choice int
	}
	// ResetStep goes back to the beginning of a step, whatever happened.
	ResetStep struct{ ID string }
	// ResetLesson begins the lesson anew.
	ResetLesson struct{}
	// DownloadFile, DownloadAll and DownloadRaw fetch files.
	DownloadFile struct{ Name string }
	// DownloadAll fetches a zip of dump.rdb and appendonlydir.
	DownloadAll struct{}
	// DownloadRaw fetches whatever the store holds.
	DownloadRaw struct{}
	// SaveRun takes the record of a run home: of one that was kept, and when it
	// ended, or of this one.
	SaveRun struct {
		ID    string
		Ended int64
	}
	// Import replaces everything by the content of a dump.rdb: Bytes is what the
	// JavaScript API takes.
	Import struct {
		Name  string
		Bytes any
	}
	// BringBack undoes the last Import: files and memory are as they were.
	BringBack struct{}
	// Erase removes every file, or what is stored and not understood.
	Erase struct{}
	// Leave follows a link to another page.
	Leave struct{ To string }
	// TakeOver takes the store from the tab that owns it.
	TakeOver struct{}
	// UseCopy runs in memory on a copy of it.
	UseCopy struct{}
	// DismissNotice closes the message at the top.
	DismissNotice struct{}
)

// Effect is something the page has to do for the model.
type Effect any

// The effects.
type (
	// Connect opens a client and answers with Connected, at once.
	Connect struct {
		Console string
		Address string // the client's name on the wire
	}
	// Disconnect closes one.
	Disconnect struct{ Client uint32 }
	// Send gives bytes to a client's connection.
	Send struct {
		Client uint32
		Data   []byte
	}
	// Control asks the host and answers with Answered.
	Control struct {
		Op      bridge.Op
		Payload []byte
		Then    func(m *Model, data []byte)
		Else    func(m *Model) // if it failed, which is said anyhow
		Quiet   bool           // a failure is no news

		call int64 // its number; 0: nobody waits for it
	}
	// Download gives a file to the learner.
	Download struct {
		Name string
		Data []byte
	}
	// Invoke calls a method of the JavaScript API, because what is large does not
	// pass through this program, and answers with Answered. What the method gives is
	// a file for the learner, if that has a Name.
	Invoke struct {
		Control
		Name, Method string
		Arguments    []any
	}
	// Save keeps a lesson's progress; "" forgets it.
	Save struct{ Lesson, Progress string }
	// SaveHistory keeps what was entered at the consoles, a line each.
	SaveHistory struct{ Text string }
	// Go leaves the page.
	Go struct{ To string }
	// Say tells screen readers.
	Say struct{ Text string }
)

// Part is a part of the page, to say what has to be drawn again.
type Part uint32

// The parts.
const (
	PartConsoles Part = 1 << iota
	PartKeyspace
	PartInspector
	PartDurability
	PartLoop
	PartCrash
	PartClock
	PartConfig
	PartFiles
	PartLesson
	PartQuiz
	PartStatus
	PartAll Part = 1<<iota - 1
)
