package sortedsets

import (
	"math"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/object"
)

// addOptions are the words that ZADD takes before the first score.
type addOptions struct {
	onlyNew, onlyExisting bool // NX, XX
	onlyGreater, onlyLess bool // GT, LT
	countChanged          bool // CH
	increment             bool // INCR
}

// parseAddOptions reads options up to the first word that is none, and
// returns what follows.
func parseAddOptions(o addOptions, args [][]byte) (addOptions, [][]byte) {
	for ; len(args) > 0; args = args[1:] {
		switch word := args[0]; {
		case command.Is(word, "NX"):
			o.onlyNew = true
		case command.Is(word, "XX"):
			o.onlyExisting = true
		case command.Is(word, "GT"):
			o.onlyGreater = true
		case command.Is(word, "LT"):
			o.onlyLess = true
		case command.Is(word, "CH"):
			o.countChanged = true
		case command.Is(word, "INCR"):
			o.increment = true
		default:
			return o, args
		}
	}
	return o, nil
}

// conflict is the error for options that exclude each other, or "".
func (o addOptions) conflict(pairs int) string {
	switch {
	case o.onlyNew && o.onlyExisting:
		return "ERR XX and NX options at the same time are not compatible"
	case o.onlyGreater && o.onlyNew || o.onlyLess && o.onlyNew || o.onlyGreater && o.onlyLess:
		return "ERR GT, LT, and/or NX options at the same time are not compatible"
	case o.increment && pairs > 1:
		return "ERR INCR option supports a single increment-element pair"
	}
	return ""
}

// outcome is what became of one member.
type outcome struct {
	score               float64
	added, changed      bool
	refused, notANumber bool // refused by the options; the sum would be NaN
}

// apply gives one member its score, as far as the options allow.
func (o addOptions) apply(z object.SortedSetView, member []byte, score float64) outcome {
	if o == (addOptions{}) { // the path of most ZADDs: one search only
		added, changed := z.Set(member, score)
		return outcome{score: score, added: added, changed: changed}
	}
	old, exists := z.Score(member)
	switch {
	case exists && o.onlyNew || !exists && o.onlyExisting:
		return outcome{refused: true}
	case exists && o.increment:
		score += old
		if math.IsNaN(score) {
			return outcome{notANumber: true}
		}
	}
	if exists && (o.onlyLess && score >= old || o.onlyGreater && score <= old) {
		return outcome{refused: true}
	}
	added, changed := z.Set(member, score)
	return outcome{score: score, added: added, changed: changed}
}

func runZadd(c *command.Context)    { add(c, addOptions{}) }
func runZincrby(c *command.Context) { add(c, addOptions{increment: true}) }

// add is ZADD and, with INCR given beforehand, ZINCRBY, which takes the other
// options in silence, as in Redis.
func add(c *command.Context, o addOptions) {
	o, pairs := parseAddOptions(o, c.Args[2:])
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	if problem := o.conflict(len(pairs) / 2); problem != "" {
		c.Reply.Error(problem)
		return
	}
	var space [16]float64
	scores := space[:0]
	for i := 0; i < len(pairs); i += 2 {
		score, ok := c.Float(pairs[i])
		if !ok {
			return
		}
		scores = append(scores, score)
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.SortedSet)
	if !ok {
		return
	}
	if e == nil {
		if o.onlyExisting {
			o.reply(c, outcome{refused: true}, 0, 0)
			return
		}
		e = c.DB.Add(key, c.Objects().NewSortedSet(len(pairs[1])))
	}
	z := c.Objects().SortedSet(&e.Value)
	added, changed := int64(0), int64(0)
	var last outcome
	for i, score := range scores {
		last = o.apply(z, pairs[2*i+1], score)
		if last.notANumber {
			c.Reply.Error("ERR resulting score is not a number (NaN)")
			return
		}
		if last.added {
			added++
		}
		if last.changed {
			changed++
		}
	}
	if added+changed > 0 {
		event := "zadd"
		if o.increment {
			event = "zincr"
		}
		c.Changed(key, e, config.NotifySortedSet, event)
		c.Changes += added + changed - 1
	}
	o.reply(c, last, added, changed)
}

func (o addOptions) reply(c *command.Context, last outcome, added, changed int64) {
	switch {
	case o.increment && last.refused:
		c.Reply.Null()
	case o.increment:
		c.Reply.Double(last.score)
	case o.countChanged:
		c.Reply.Int(added + changed)
	default:
		c.Reply.Int(added)
	}
}
