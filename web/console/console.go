// Package console is redis-cli without a terminal: it splits what is typed,
// keeps the prompt, sends commands, prints replies, and knows hints, help and
// history. Its master is redis-cli 7.0.
//
// The idea: a Console is a state machine between a line editor and a
// connection. The host calls Submit with lines and Receive with bytes from the
// wire, and after each call takes the Blocks to show and the Effect to carry
// out. Like redis-cli it runs one command at a time; lines that come while a
// reply is awaited are kept and run in order, as a terminal keeps what is
// typed ahead. Pasted lines run so, too, but are sent in a pipeline where nobody
// could tell the difference.
//
// Where it departs from redis-cli 7.0: in subscribed mode it goes on taking
// commands (as 7.2 does), Ctrl-C never ends it, and it prints big numbers. What
// redis-cli takes as options when it starts is taken here as a line of its own:
// --raw, --no-raw, --csv, --json, --quoted-json, -2, -3. Tab knows keys, options
// and the values of CONFIG SET as well, hints follow the line through its options
// as those of 7.2 do, and Ctrl-R searches the history.
package console

import (
	"bytes"
	"strconv"
	"strings"

	"everysec/engine/resp"
)

// Kind says what a block of output is, for its colour and its role.
type Kind uint8

// The kinds.
const (
	Typed    Kind = iota // a line that was entered, with its Prompt
	Reply                // a reply
	Failure              // an error reply
	Pushed               // a message that came without being asked for
	Note                 // redis-cli itself speaks
	Help                 // the answer to HELP
	Answered             // a line that was entered as an answer to a shell command, with its question as Prompt
)

// Block is one piece of output. Text has no newline at its end. Of a long reply it
// is the beginning; Long has all of it.
type Block struct {
	Kind   Kind
	Prompt string
	Text   string
	Long   *Long

	// Command is the name of the command whose reply ends with this block, and
	// Took how long that took by Stopwatch, in microseconds; "" and 0 for others.
	Command string
	Took    int64
}

// Effect is what the host has to do after a call, in this order.
type Effect struct {
	Clear      bool // empty the screen
	Disconnect bool
	Connect    bool // then call Accept or Refuse
	Send       []byte
}

// Console is one client's console. Its fields may be set before first use.
type Console struct {
	Address  string // "127.0.0.1:6379"
	Commands *Commands
	// Now gives milliseconds, to print how long a slow command took; nil never does.
	Now func() int64
	// Seen, if set, is told of every command with its reply and how many elements
	// that has. Of a long one v holds only the first.
	Seen func(args [][]byte, v resp.Value, elements int)
	// Stopwatch gives microseconds, to time each command; nil times none.
	Stopwatch func() int64
	// Keys lists keys of a database that begin with a prefix, for Tab; nil knows none.
	Keys func(db int, prefix string) []string
	// Shell runs what is typed for it where no server runs; nil: nothing is.
	Shell *Shell
	// Waits makes every line wait for the reply to the one before it, pasted ones, too.
	Waits bool

	format  Formatter
	blocks  []Block
	effect  Effect
	history History
	input   []byte       // received, not yet a whole reply
	scan    resp.Scanner // of input
	unread  bool         // the slice was over before input was
	ahead   []string     // lines entered while a command runs
	sent    int          // of these, from the first on, were sent all the same: a pipeline
	pasted  bool         // these are so many that they are sent in a pipeline
	paused  bool         // there is more to do for them than is done in one go
	tool    tool         // of Shell

	connected   bool
	connecting  bool // the host has been asked to connect and has not answered
	wanted      bool // the connection was there or has been asked for
	db          int
	inMulti     bool
	dbBefore    int // MULTI's database, for DISCARD
	monitor     bool
	channels    map[string]bool // "c" or "p" before the name
	quietHints  bool
	expectClose bool // SHUTDOWN or QUIT was sent

	protocol int        // of the connection, as HELLO's replies say
	want3    bool       // begin each connection with HELLO 3, as redis-cli -3 does
	implied3 bool       // because of --json
	unseen   [][][]byte // still to be sent of what a connection begins with

	running  [][]byte // the command whose reply is awaited
	repeat   int64    // how often it is still to be sent after this
	replies  int      // replies still to come for it
	raw      bool     // print its reply raw
	silent   bool     // do not print its reply (HELLO and SELECT after a reconnect)
	resend   [][]byte // what to run once connected
	resendN  int64
	sentAt   int64
	lineAt   int64 // when the first of those that are repeated was sent
	started  int64 // by Stopwatch
	finished int   // commands whose replies came, for hosts that wait
}

// New returns a console that will connect with its first command.
func New(address string, commands *Commands) *Console {
	return &Console{Address: address, Commands: commands, protocol: 2, channels: map[string]bool{}}
}

// Take returns what is new since the last Take.
func (c *Console) Take() ([]Block, Effect) {
	blocks, effect := c.blocks, c.effect
	c.blocks, c.effect = nil, Effect{}
	return blocks, effect
}

// Prompt is the text before the cursor.
func (c *Console) Prompt() string {
	if c.tool.question != "" {
		return c.tool.question
	}
	if c.Shell != nil && !c.connected && c.Shell.Refused() {
		return ShellPrompt
	}
	if !c.connected && c.wanted && (!c.connecting || c.resend != nil) {
		return "not connected> "
	}
	p := c.Address
	if c.db != 0 {
		p += "[" + strconv.Itoa(c.db) + "]"
	}
	if c.inMulti {
		p += "(TX)"
	}
	if len(c.channels) > 0 {
		p += "(subscribed mode)"
	}
	return p + "> "
}

// Busy tells whether a reply is awaited, or MONITOR holds the console.
func (c *Console) Busy() bool {
	return c.running != nil || c.monitor || c.tool.words != nil && !c.Asking()
}

// Running is the name of the command whose reply is awaited, and since when
// on the clock of Now.
func (c *Console) Running() (name string, since int64) {
	if c.tool.words != nil {
		return c.tool.words[0], c.sentAt
	}
	if c.running == nil {
		return "", 0
	}
	return string(c.running[0]), c.sentAt
}

// Finished counts commands whose replies have come.
func (c *Console) Finished() int { return c.finished }

// Waiting is the number of lines that were typed ahead.
func (c *Console) Waiting() int { return len(c.ahead) }

// DB is the selected database.
func (c *Console) DB() int { return c.db }

// Output is how replies are printed.
func (c *Console) Output() Output { return c.format.Output }

// Protocol is the version of RESP that the connection speaks, 2 or 3.
func (c *Console) Protocol() int { return c.protocol }

// Listening tells whether messages may come by themselves: MONITOR, or a
// subscription.
func (c *Console) Listening() bool { return c.monitor || len(c.channels) > 0 }

// InMulti tells whether a transaction is open.
func (c *Console) InMulti() bool { return c.inMulti }

// Connected tells whether the connection is open.
func (c *Console) Connected() bool { return c.connected }

// History is what was entered.
func (c *Console) History() *History { return &c.history }

func (c *Console) show(k Kind, text string) {
	c.blocks = append(c.blocks, Block{Kind: k, Text: strings.TrimSuffix(text, "\n")})
}

// Open connects before the first command, as redis-cli does when it starts.
func (c *Console) Open() {
	if !c.wanted {
		c.connect()
	}
}

func (c *Console) connect() {
	c.wanted, c.connecting = true, true
	c.effect.Connect = true
}

// Accept answers Effect.Connect: the connection is open.
func (c *Console) Accept() {
	c.connected, c.wanted, c.connecting = true, true, false
	if c.want3 {
		c.unseen = append(c.unseen, hello(3))
	}
	if c.db != 0 {
		c.unseen = append(c.unseen, [][]byte{[]byte("SELECT"), strconv.AppendInt(nil, int64(c.db), 10)})
	}
	c.prepare()
}

func hello(protocol int) [][]byte {
	return [][]byte{[]byte("HELLO"), strconv.AppendInt(nil, int64(protocol), 10)}
}

// prepare sends what the learner did not type, one after the other, and then
// goes on.
func (c *Console) prepare() {
	if len(c.unseen) == 0 {
		c.resume()
		return
	}
	args := c.unseen[0]
	c.unseen = c.unseen[1:]
	c.silent = true
	c.start(args, 0)
}

// resume runs the command that had to wait for the connection.
func (c *Console) resume() {
	if c.resend == nil {
		c.next()
		return
	}
	args, n := c.resend, c.resendN
	c.resend = nil
	c.start(args, n)
}

// Refuse answers Effect.Connect: there is no server.
func (c *Console) Refuse() {
	c.connected, c.wanted, c.connecting = false, true, false
	c.resend = nil
	c.show(Note, "Could not connect to Redis at "+c.Address+": Connection refused")
	if c.pasted {
		c.paused = true // each of them will be refused
		return
	}
	c.next()
}

// Closed says that the server, or the host, closed the connection.
func (c *Console) Closed() {
	if !c.connected {
		return
	}
	c.connected = false
	sent := c.sent
	c.forget()
	awaited := c.running != nil
	c.running, c.silent, c.resend = nil, false, nil
	if awaited && !c.expectClose {
		c.show(Note, "Error: Server closed the connection")
	}
	c.expectClose = false
	c.unanswered(sent)
	c.next()
}

// unanswered says of lines in a pipeline that nobody knows whether they ran.
func (c *Console) unanswered(sent int) {
	if sent > 0 {
		c.show(Note, "Lines behind it that had been sent and got no reply, so that they may have run: "+strconv.Itoa(sent))
	}
}

// forget drops what a connection's end undoes. The selected database stays:
// it is selected again.
func (c *Console) forget() {
	c.input, c.unseen = nil, nil
	c.scan, c.unread = resp.Scanner{}, false
	c.ahead, c.sent = c.ahead[min(c.sent, len(c.ahead)):], 0
	c.monitor = false
	c.protocol = 2
	if c.inMulti {
		c.db = c.dbBefore
	}
	c.inMulti = false
	clear(c.channels)
}

// Interrupt is Ctrl-C: it gives up what is awaited by closing the connection
// and opening another.
func (c *Console) Interrupt() {
	sent := c.sent
	c.ahead, c.sent, c.pasted, c.paused = nil, 0, false, false
	if c.tool.words != nil {
		c.show(Note, "^C")
		c.tool = tool{run: c.tool.run}
		c.finished++
		return
	}
	if c.connected && (c.Busy() || len(c.channels) > 0) {
		c.show(Note, "^C")
		c.unanswered(sent)
		c.connected = false
		c.forget()
		c.running, c.silent, c.resend = nil, false, nil
		c.effect.Disconnect = true
		c.connect()
	}
}

// Submit takes a line. While a command runs it is kept for later.
func (c *Console) Submit(line string) {
	if c.Asking() {
		c.answer(line)
		return
	}
	if c.tool.words != nil || c.running != nil || c.connecting || c.monitor || c.paused {
		c.ahead = append(c.ahead, line)
		return
	}
	c.enter(line)
	c.next()
}

// Paste takes many lines, which run as if each had been submitted: in order, each
// with its reply beneath it. But where nobody could tell the difference a line is
// sent before the reply to the one before it has come.
func (c *Console) Paste(lines []string) {
	c.ahead = append(c.ahead, lines...)
	c.pasted = c.pasted || len(lines) >= manyLines
	if c.Asking() && len(c.ahead) > 0 {
		answer := c.ahead[0]
		c.ahead = c.ahead[1:]
		c.answer(answer)
	}
	c.next()
	c.pipeline()
}

const (
	manyLines = 20
	// What is sent at most of lines whose turn has not come: they cannot be called
	// back. More follows when half of it is done.
	maxSent      = 256
	maxSentBytes = 64 << 10
	// linesAtOnce is how many lines that wait for nothing run in one go.
	linesAtOnce = 256
)

// pipeline sends pasted lines behind the command that runs.
func (c *Console) pipeline() {
	if !c.pasted || c.Waits || c.sent > maxSent/2 || c.running == nil || c.repeat > 0 || !c.connected || c.silent || !c.Commands.ordinary(c.running[0]) {
		return
	}
	for room := len(c.effect.Send) + maxSentBytes; c.sent < min(len(c.ahead), maxSent) && len(c.effect.Send) < room; c.sent++ {
		args, ok := Split(c.ahead[c.sent])
		if !ok || len(args) == 0 || !c.Commands.ordinary(args[0]) {
			return
		}
		c.effect.Send = resp.AppendCommand(c.effect.Send, args...)
	}
}

// Follow sends a line behind a command whose reply has not come, as a client
// does that pipelines. Where nothing is awaited it is Submit.
func (c *Console) Follow(line string) {
	args, ok := Split(line)
	if c.running != nil && c.connected && !c.silent && !c.monitor && c.sent == len(c.ahead) && ok && len(args) > 0 {
		c.effect.Send = resp.AppendCommand(c.effect.Send, args...)
		c.sent++
	}
	c.Submit(line)
}

// next runs lines that were typed ahead, as far as they go.
func (c *Console) next() {
	c.paused = false
	for n := 0; len(c.ahead) > 0 && c.tool.words == nil && c.running == nil && !c.connecting && !c.monitor; n++ {
		if c.pasted && n == linesAtOnce {
			c.paused = true
			return
		}
		line := c.ahead[0]
		c.ahead = c.ahead[1:]
		c.enter(line)
	}
	c.pasted = c.pasted && len(c.ahead) > 0
}

// Paused tells whether lines are left that need nothing but GoOn.
func (c *Console) Paused() bool { return c.paused }

func (c *Console) enter(line string) {
	c.blocks = append(c.blocks, Block{Kind: Typed, Prompt: c.Prompt(), Text: line})
	if line == "" {
		return
	}
	args, ok := Split(line)
	if !ok {
		var words [][]byte
		for _, w := range strings.Fields(line) {
			words = append(words, []byte(w))
		}
		if len(words) == 0 || !sensitive(words) {
			c.history.Add(line)
		}
		c.show(Note, "Invalid argument(s)")
		return
	}
	if len(args) == 0 {
		return
	}
	if words := c.shell(args); words != nil {
		c.blocks[len(c.blocks)-1].Prompt = ShellPrompt
		c.history.Add(line)
		c.runTool(words, nil)
		return
	}
	if c.options(args) {
		c.history.Add(line)
		return
	}
	repeat, prefixed, valid := repeatPrefix(args)
	if !valid {
		c.show(Note, "Invalid redis-cli repeat command option value.")
		return
	}
	if prefixed {
		args = args[1:]
	}
	if !sensitive(args) {
		c.history.Add(line)
	}
	word := strings.ToLower(string(args[0]))
	switch {
	case word == "quit" || word == "exit":
		if c.connected {
			c.effect.Disconnect = true
		}
		c.connected, c.wanted = false, true
		c.forget()
	case strings.HasPrefix(word, ":"):
		c.preference(args)
	case word == "clear" && len(args) == 1:
		c.blocks = nil
		c.effect.Clear = true
	case word == "help" || word == "?":
		c.show(Help, c.Commands.help(args[1:]))
	case !c.connected:
		c.resend, c.resendN = args, repeat-1
		c.connect()
	default:
		c.start(args, repeat-1)
	}
}

// repeatPrefix reads "5 incr n". As with C's strtol, a first word that is not
// wholly a number is the command.
func repeatPrefix(args [][]byte) (repeat int64, prefixed, valid bool) {
	word := string(args[0])
	if len(args) < 2 {
		return 1, false, true
	}
	digits := strings.TrimLeft(word, " \t\n\v\f\r")
	sign := strings.TrimPrefix(strings.TrimPrefix(digits, "+"), "-")
	if word == "" {
		return 0, true, false // strtol reads no number and stops at the end
	}
	if len(digits)-len(sign) > 1 || sign == "" || strings.Trim(sign, "0123456789") != "" {
		return 1, false, true
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, true, err == nil && n > 0
}

func (c *Console) preference(args [][]byte) {
	if len(args) == 2 && strings.EqualFold(string(args[0]), ":set") {
		switch strings.ToLower(string(args[1])) {
		case "hints":
			c.quietHints = false
			return
		case "nohints":
			c.quietHints = true
			return
		}
	}
	c.show(Note, "unknown redis-cli preference '"+string(args[0])+"'")
}

// options takes a line of redis-cli's options, and reports whether it is one.
func (c *Console) options(args [][]byte) bool {
	output, protocol := c.format.Output, 0
	for _, a := range args {
		switch string(a) {
		case "--raw":
			output = Raw
		case "--no-raw":
			output = Standard
		case "--csv":
			output = CSV
		case "--json":
			output = JSON
		case "--quoted-json":
			output = QuotedJSON
		case "-2":
			protocol = 2
		case "-3":
			protocol = 3
		default:
			return false
		}
	}
	json := output >= JSON
	switch {
	case protocol != 0:
		c.want3, c.implied3 = protocol == 3, false
	case json && !c.want3:
		c.want3, c.implied3, protocol = true, true, 3
	case !json && c.implied3:
		c.want3, c.implied3, protocol = false, false, 2
	}
	c.format.Output = output
	c.show(Note, "Replies are printed "+[...]string{"as on a terminal", "raw", "as CSV", "as JSON", "as quoted JSON"}[output]+c.switchTo(protocol)+".")
	return true
}

// switchTo changes the protocol of the open connection, as far as that is
// possible, and says so.
func (c *Console) switchTo(protocol int) string {
	if protocol == 0 || protocol == c.protocol {
		return ", in RESP" + strconv.Itoa(c.protocol)
	}
	text := ", in RESP" + strconv.Itoa(protocol)
	switch {
	case !c.connected:
	case c.inMulti:
		return text + " with the next connection" // HELLO is not for transactions
	default:
		c.unseen = append(c.unseen, hello(protocol))
		c.prepare()
	}
	return text
}

func (c *Console) start(args [][]byte, repeat int64) {
	c.running, c.repeat = args, repeat
	c.raw = printsRaw(args)
	c.replies = c.expected(args)
	if c.Now != nil {
		c.sentAt = c.Now()
		c.lineAt = c.sentAt
	}
	if c.Stopwatch != nil {
		c.started = c.Stopwatch()
	}
	word := strings.ToLower(string(args[0]))
	c.expectClose = word == "shutdown"
	if c.sent > 0 && !c.silent {
		c.sent--
		return
	}
	c.effect.Send = resp.AppendCommand(c.effect.Send, args...)
}

// expected is the number of replies that a command gets: one, but for the
// commands that subscribe and unsubscribe one for each channel.
func (c *Console) expected(args [][]byte) int {
	if c.inMulti {
		return 1
	}
	switch strings.ToLower(string(args[0])) {
	case "subscribe", "psubscribe", "ssubscribe":
		return max(1, len(args)-1)
	case "unsubscribe", "punsubscribe", "sunsubscribe":
		if len(args) > 1 {
			return len(args) - 1
		}
		n := 0
		for name := range c.channels {
			if name[0] == channelSign(args[0]) {
				n++
			}
		}
		return max(1, n)
	}
	return 1
}

func channelSign(command []byte) byte {
	switch command[0] | 0x20 {
	case 'p':
		return 'p'
	case 's':
		if len(command) > 1 && command[1]|0x20 == 's' {
			return 's'
		}
	}
	return 'c'
}

// Receive takes bytes from the server; more than a megabyte is its own from then
// on. What it does is bounded: GoOn does the rest.
func (c *Console) Receive(data []byte) {
	if !c.connected {
		return
	}
	if len(c.input) == 0 && len(data) > own {
		c.input = data
	} else {
		c.input = append(c.input, data...)
	}
	if !c.unread {
		c.receive()
		c.pipeline()
	}
}

// own is from how many bytes on what is received is not copied.
const own = 1 << 20

// atOnce is how many values are looked at in one go.
const atOnce = 1 << 13

// each is what a reply costs beside that, in values: it is printed.
const each = 16

// GoOn goes on with what has been received, a slice of it, or with what was pasted;
// Reading and Paused tell whether there is more.
func (c *Console) GoOn() {
	if c.paused {
		c.next()
	}
	c.receive()
	c.pipeline()
}

func (c *Console) receive() {
	c.unread = false
	rest, left, kept := c.input, atOnce, false
	for len(rest) > 0 && !c.unread {
		before := c.scan.Elements
		n, more, err := c.scan.Scan(rest, left)
		if err != nil {
			c.show(Note, "Error: "+err.Error())
			c.effect.Disconnect = true
			c.running = nil
			c.Closed()
			return
		}
		if n == 0 {
			c.unread = more
			break
		}
		wire, elements := rest[:n:n], c.scan.Elements
		rest = rest[n:]
		c.scan.Reset()
		if n > longReply {
			if kept = len(rest) == 0; !kept {
				wire = bytes.Clone(wire)
			}
			c.reply(reply{outline(wire), elements, wire})
		} else if v, _, err := resp.Parse(wire); err == nil { // it has been scanned
			c.reply(reply{v, elements, nil})
		}
		if !c.connected {
			return
		}
		left -= elements - before + each
		c.unread = left <= 0 && len(rest) > 0
	}
	switch {
	case kept, len(rest) == 0 && cap(c.input) > 1<<20:
		c.input = nil
	case len(rest) < len(c.input):
		c.input = append(c.input[:0], rest...)
	}
}

// Reading tells whether GoOn has something to do, and how far it is with a reply,
// from 0 to 1.
func (c *Console) Reading() (part float64, going bool) {
	return float64(c.scan.Pos()) / float64(max(len(c.input), 1)), c.unread
}

// reply is one that has come whole: wire is nil but of a long one, of which the
// value is an outline.
type reply struct {
	resp.Value
	elements int
	wire     []byte
}

// print shows a reply as the options say.
func (c *Console) print(k Kind, r reply, raw bool) {
	switch {
	case r.wire != nil:
	case raw:
		c.show(k, string(c.format.AppendRaw(nil, r.Value)))
		return
	default:
		c.show(k, string(c.format.Append(nil, r.Value)))
		return
	}
	long := &Long{Elements: r.elements, wire: r.wire, output: c.format.Output, bare: raw}
	if raw {
		long.output = Raw
	}
	c.blocks = append(c.blocks, Block{Kind: k, Text: string(long.Read().Append(nil, 100, 1<<10)), Long: long})
}

func (c *Console) reply(v reply) {
	switch word, subscription := subscriptionWord(v.Value); {
	case subscription:
		c.subscription(word, v)
		return
	case v.Kind == '>' || word != "" && len(c.channels) > 0:
		if v.wire == nil && c.format.Output == Standard && v.Kind == '>' && word == "invalidate" && len(v.Elems) == 2 && v.Elems[1].Kind == '*' && !v.Elems[1].Null {
			c.show(Pushed, string(invalidation(nil, v.Value)))
			return
		}
		c.print(Pushed, v, false)
		return
	case c.running == nil:
		// MONITOR's lines; anything else nobody asked for is shown as well.
		c.print(Pushed, v, false)
		return
	}
	c.track(v.Value)
	if c.Seen != nil {
		c.Seen(c.running, v.Value, v.elements)
	}
	if !c.silent {
		c.print(replyKind(v.Value), v, c.raw)
	}
	c.finish()
}

func replyKind(v resp.Value) Kind {
	if v.Kind == '-' || v.Kind == '!' {
		return Failure
	}
	return Reply
}

func (c *Console) finish() {
	if n := len(c.blocks); c.Stopwatch != nil && !c.silent && n > 0 {
		c.blocks[n-1].Command, c.blocks[n-1].Took = string(c.running[0]), max(c.Stopwatch()-c.started, 1)
	}
	args, repeat, begun := c.running, c.repeat, c.lineAt
	again := repeat > 0 && !c.monitor && !c.silent
	if c.Now != nil && !c.silent && !again && c.format.Output == Standard {
		if took := c.Now() - begun; took >= 500 {
			c.show(Note, "("+strconv.FormatFloat(float64(took)/1000, 'f', 2, 64)+"s)")
		}
	}
	c.running = nil
	if c.silent {
		c.silent = false
		c.prepare()
		return
	}
	c.finished++
	if again {
		c.start(args, repeat-1)
		c.lineAt = begun
		return
	}
	c.next()
}

// subscriptionWord is the first word of a message of pub/sub; it is a
// confirmation if the second result is true.
func subscriptionWord(v resp.Value) (word string, confirmation bool) {
	if v.Kind != '*' && v.Kind != '>' || len(v.Elems) < 2 || v.Elems[0].Kind != '$' {
		return "", false
	}
	word = string(v.Elems[0].Str)
	switch word {
	case "message", "pmessage", "smessage", "invalidate":
		return word, false
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe":
		return word, len(v.Elems) == 3 && v.Elems[2].Kind == ':'
	}
	return "", false
}

func (c *Console) subscription(word string, v reply) {
	sign := channelSign([]byte(word))
	name := string(sign) + string(v.Elems[1].Str)
	leaving := strings.Contains(word, "unsubscribe")
	if leaving {
		delete(c.channels, name)
	} else {
		c.channels[name] = true
	}
	asked := c.running != nil && strings.EqualFold(string(c.running[0]), word)
	kind := Pushed
	if asked {
		kind = Reply
	}
	c.print(kind, v, false)
	if !asked {
		return
	}
	c.replies--
	if c.replies == 0 {
		c.finish()
	}
}

// track follows what a reply says of the connection's state, as redis-cli
// does: from the commands that were typed, not from the server.
func (c *Console) track(v resp.Value) {
	failed := replyKind(v) == Failure
	args := c.running
	switch strings.ToLower(string(args[0])) {
	case "select":
		if len(args) == 2 && !failed {
			if n, err := strconv.Atoi(string(args[1])); err == nil {
				c.db = n
			}
		}
	case "multi":
		if len(args) == 1 && !failed {
			c.inMulti, c.dbBefore = true, c.db
		}
	case "exec":
		if len(args) == 1 && c.inMulti {
			c.inMulti = false
			if failed || v.Null {
				c.db = c.dbBefore
			}
		}
	case "discard":
		if len(args) == 1 && !failed {
			c.inMulti, c.db = false, c.dbBefore
		}
	case "reset":
		if len(args) == 1 && !failed {
			c.inMulti, c.db, c.protocol = false, 0, 2
			clear(c.channels)
		}
	case "hello":
		if len(args) > 1 && !failed {
			if n, err := strconv.Atoi(string(args[1])); err == nil {
				c.protocol = n
			}
		}
	case "monitor":
		c.monitor = !failed && !c.inMulti
	}
}

// Commands by their first word, or the first two.
const (
	rawReplies = " info lolwut debug|htstats debug|htstats-key debug|client-eviction memory|malloc-stats memory|doctor client|list client|info "
	rawAlone   = " cluster|nodes cluster|info latency|doctor " // only without further words
	secrets    = " auth acl|setuser acl|deluser acl|getuser "
)

// among tells whether a list names a command.
func among(list string, args [][]byte) bool {
	word := strings.ToLower(string(args[0]))
	if strings.ContainsAny(word, " |") {
		return false
	}
	if strings.Contains(list, " "+word+" ") {
		return true
	}
	return len(args) > 1 && strings.Contains(list, " "+word+"|"+strings.ToLower(string(args[1]))+" ")
}

// printsRaw names the commands whose replies are text to be read as it is.
func printsRaw(args [][]byte) bool {
	return among(rawReplies, args) || len(args) == 2 && among(rawAlone, args) || len(args) == 3 && among(" latency|graph ", args)
}

// sensitive names the commands that carry a password and are kept out of the
// history.
func sensitive(args [][]byte) bool {
	options := ""
	switch {
	case among(secrets, args):
		return true
	case among(" config|set ", args):
		options = " masterauth masteruser requirepass "
	case among(" hello migrate ", args):
		options = " auth auth2 "
	}
	for i := 1; options != "" && i < len(args); i++ {
		if among(options, args[i:i+1]) {
			return true
		}
	}
	return false
}
