package lessons

import (
	"encoding/binary"
	"errors"
	"strings"

	"everysec/engine/phrase"
)

// codecVersion changes with the form of the encoded lesson.
const codecVersion = 2

// Encode writes what the page needs of a lesson, without its prose: a version
// byte, then numbers as uvarints and texts with their length before them. The
// blocks are stored as their source and parsed again, which is shorter than
// their parts.
func (l *Lesson) Encode() []byte {
	b := []byte{codecVersion}
	str := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	number := func(n uint64) { b = binary.AppendUvarint(b, n) }
	str(l.ID)
	str(l.Title)
	number(uint64(l.Phase))
	number(l.Seed)
	number(uint64(len(l.Config)))
	for _, c := range l.Config {
		str(c)
	}
	str(sourceOf(l.Setup))
	number(uint64(len(l.Extras)))
	for _, e := range l.Extras {
		str(e.Name)
		str(string(e.Data))
	}
	number(uint64(len(l.Steps)))
	for _, s := range l.Steps {
		str(s.ID)
		str(s.Title)
		number(uint64(len(s.Blocks)))
		for _, k := range s.Blocks {
			number(uint64(k.Kind))
			number(uint64(k.At))
			if k.Together {
				number(1)
			} else {
				number(0)
			}
			switch k.Kind {
			case Prose, Hint: // in the page's HTML already
			case QuizKind:
				number(uint64(len(k.Quiz)))
				for _, q := range k.Quiz {
					str(q.Text)
					number(uint64(q.Answer))
					number(uint64(len(q.Choices)))
					for i, c := range q.Choices {
						str(c)
						str(q.Explain[i])
					}
				}
			default:
				str(k.Text)
			}
		}
	}
	return b
}

// Decode reads what Encode wrote.
func Decode(b []byte) (*Lesson, error) {
	d := &decoder{b: b}
	if v := d.number(); d.err == nil && v != codecVersion {
		return nil, phrase.Errorf("lessons: encoded in version %d, expected %d", v, codecVersion)
	}
	l := &Lesson{ID: d.str(), Title: d.str(), Phase: int(d.number()), Seed: d.number()}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		l.Config = append(l.Config, d.str())
	}
	var err error
	if l.Setup, err = ParseLines(d.str(), 1); err != nil {
		return nil, err
	}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		l.Extras = append(l.Extras, Extra{d.str(), []byte(d.str())})
	}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		s := Step{ID: d.str(), Title: d.str()}
		for i, blocks := 0, d.count(); i < blocks && d.err == nil; i++ {
			k := Block{Kind: Kind(d.number()), At: int(d.number()), Together: d.number() == 1, ID: BlockID(s.ID, i)}
			switch k.Kind {
			case Prose, Hint:
			case QuizKind:
				for q := d.count(); q > 0; q-- {
					question := Question{Text: d.str(), Answer: int(d.number())}
					for c := d.count(); c > 0; c-- {
						question.Choices = append(question.Choices, d.str())
						question.Explain = append(question.Explain, d.str())
					}
					k.Quiz = append(k.Quiz, question)
				}
			default:
				k.Text = d.str()
				if err := k.Parse(); err != nil {
					return nil, err
				}
			}
			s.Blocks = append(s.Blocks, k)
		}
		l.Steps = append(l.Steps, s)
	}
	if d.err == nil && len(d.b) > 0 {
		d.err = errors.New("lessons: bytes after the end of the lesson")
	}
	if d.err != nil {
		return nil, d.err
	}
	return l, nil
}

// Text writes bytes so that they can stand in an HTML attribute: what is
// printable ASCII or a line's end as it is, the rest as a backslash and two
// hexadecimal digits. The page's own text says most of it again, and a
// compressor sees that; of base64 it could not.
func Text(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		if c == '\n' || c >= ' ' && c <= '~' && c != '\\' {
			out = append(out, c)
		} else {
			out = append(out, '\\', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

// Bytes reads what Text wrote; what it did not write is left as it is.
func Bytes(text string) []byte {
	digit := func(c byte) int { return strings.IndexByte("0123456789abcdef", c) }
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+2 < len(text) && digit(text[i+1]) >= 0 && digit(text[i+2]) >= 0 {
			out = append(out, byte(digit(text[i+1])<<4|digit(text[i+2])))
			i += 2
		} else {
			out = append(out, text[i])
		}
	}
	return out
}

// Parse fills the fields of a block from its Kind, Text and At. Prose, hints
// and quizzes have nothing to parse here.
func (k *Block) Parse() (err error) {
	switch k.Kind {
	case Transcript, SetupKind, Solution:
		k.Lines, err = ParseLines(k.Text, k.At)
	case CheckKind:
		k.Check, err = ParseCheck(k.Text, k.At)
	case MeasureKind:
		k.Measures, err = ParseMeasures(k.Text, k.At)
	case PredictKind:
		k.Predict, err = ParsePrediction(k.Text, k.At)
	case Prose, Hint, QuizKind:
	default:
		err = &Error{Line: k.At, Text: "unknown block"}
	}
	return err
}

// BlockID names a block of a step, as Block.ID and the page's data-block do.
func BlockID(step string, index int) string { return step + "/" + itoa(index) }

func sourceOf(lines []Line) string {
	s := ""
	for _, l := range lines {
		switch {
		case l.Action != nil:
			s += l.Action.Source + "\n"
		default:
			s += l.Prompt() + l.Command + "\n"
		}
		for _, e := range l.Expect {
			s += e + "\n"
		}
	}
	return s
}

type decoder struct {
	b   []byte
	err error
}

var errShort = errors.New("lessons: the encoded lesson is cut short")

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.b)
	if d.err != nil || size <= 0 {
		d.err, d.b = errShort, nil
		return 0
	}
	d.b = d.b[size:]
	return n
}

// count is a number of things that each take at least one byte.
func (d *decoder) count() int {
	n := d.number()
	if n > uint64(len(d.b)) {
		d.err, d.b = errShort, nil
		return 0
	}
	return int(n)
}

func (d *decoder) str() string {
	n := d.count()
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}
