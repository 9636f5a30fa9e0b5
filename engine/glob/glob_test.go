package glob_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/glob"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"*", "", false}, // callers take * for "all" before they ask
		{"*", "a", true},
		{"**", "abc", true},
		{"h?llo", "hello", true},
		{"h?llo", "hllo", false},
		{"h*llo", "hllo", true},
		{"h*llo", "heeeello", true},
		{"h[ae]llo", "hallo", true},
		{"h[^e]llo", "hello", false},
		{"h[a-b]llo", "hbllo", true},
		{"h[b-a]llo", "hbllo", true},
		{"a*b*c", "aXbXbXc", true},
		{"a*b*c", "aXbXb", false},
		{"*a", "aaaa", true},
		{"a*a", "a", false},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{`\`, `\`, true},
		{`[\]]`, "]", true},
		{"[]", "]", false},
		{"[]a", "a", false},
		{"[abc", "c", true},
		{"[abc", "d", false},
		{"[", "[", false},
		{"[^", "x", true},
		{"[a-", "-", true},
		{"[a-]", "-", false}, // a range to ], and then not closed
		{"[a-]", "_", true},
		{"[\x80-\xff]", "\x90", true},
		{"[a-\xff]", "b", false}, // bytes from 0x80 on are below 0
		{"[a-\xff]", "A", true},
	} {
		if got := glob.Match([]byte(c.pattern), []byte(c.s), false); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

func TestMatchWithoutCase(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"MaxMemory*", "maxmemory-policy", true},
		{"[A-C]", "b", true},
		{"[Z-a]", "z", false}, // swapped before it is lowered
		{"[XY]", "y", true},
		{`\A`, "a", true},
		{`[\A]`, "a", false}, // Redis forgets the case here
		{"\xc0", "\xe0", false},
	} {
		if got := glob.Match([]byte(c.pattern), []byte(c.s), true); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

// A pattern made to be slow is not, and one with too many stars is refused.
func TestMatchHostilePatterns(t *testing.T) {
	s := bytes.Repeat([]byte("a"), 100_000)
	for _, c := range []struct {
		pattern string
		want    bool
	}{
		{strings.Repeat("a*", 20) + "b", false},
		{strings.Repeat("*a", 1000), true},
		{strings.Repeat("*a", 1001), false},
		{strings.Repeat("a*", 1001), true}, // the last star ends the matter
		{strings.Repeat("a*", 1002), false},
		{strings.Repeat("*", 100_000) + "a", true},
		{strings.Repeat("[", 100_000), false},
	} {
		if got := glob.Match([]byte(c.pattern), s, false); got != c.want {
			t.Errorf("%.20q...: %v, want %v", c.pattern, got, c.want)
		}
	}
}

// pattern draws patterns whose corners are sharp.
func pattern(r *rand.Rand, alphabet string) string {
	all := strings.Split(alphabet, " ")
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(all[r.IntN(len(all))])
	}
	return b.String()
}

// testdata/keys: subjects in the first line, then patterns, each with the
// numbers of the subjects that KEYS found.
func TestMatchAsKEYSDoes(t *testing.T) {
	const alphabet = `a b c - \ [ ] ^ * ? * ** [a-c] [^a] [^ a* b? ]] - ^ \* \[ [a\]] [c-a] [\a-c] \x80 [\x7f-\x80]`
	replacer := strings.NewReplacer(`\x80`, "\x80", `\x7f`, "\x7f")
	check(t, "testdata/keys", false, func(c *redisClient) (subjects []string, patterns []string, ask func(p string) []string) {
		r := rand.New(rand.NewPCG(11, 0))
		c.do("FLUSHDB")
		seen := map[string]bool{}
		for len(subjects) < 200 {
			var b strings.Builder
			for range 1 + r.IntN(5) {
				b.WriteString(replacer.Replace(strings.Split(`a a b c - ] [ ^ * \ \x80`, " ")[r.IntN(11)]))
			}
			if !seen[b.String()] {
				seen[b.String()] = true
				subjects = append(subjects, b.String())
				c.do("SET", b.String(), "")
			}
		}
		for range 2000 {
			patterns = append(patterns, replacer.Replace(pattern(r, alphabet)))
		}
		return subjects, patterns, func(p string) (found []string) {
			for _, v := range c.do("KEYS", p).Elems {
				found = append(found, string(v.Str))
			}
			return found
		}
	})
}

// testdata/config is the same without case: the names that CONFIG GET found.
func TestMatchAsCONFIGGETDoes(t *testing.T) {
	const alphabet = `a B C D E i L - \ [ ] ^ * * * * ? [A-f] [e-M] [^A-m] [Z-a] [\P] D* E? \A`
	check(t, "testdata/config", true, func(c *redisClient) (subjects []string, patterns []string, ask func(p string) []string) {
		r := rand.New(rand.NewPCG(11, 1))
		for i, v := range c.do("CONFIG", "GET", "*").Elems {
			if i%2 == 0 {
				subjects = append(subjects, string(v.Str))
			}
		}
		slices.Sort(subjects)
		for range 1000 {
			patterns = append(patterns, "*"+pattern(r, alphabet)+"*")
		}
		return subjects, patterns, func(p string) (found []string) {
			for i, v := range c.do("CONFIG", "GET", p).Elems {
				if i%2 == 0 {
					found = append(found, string(v.Str))
				}
			}
			return found
		}
	})
}

func check(t *testing.T, name string, nocase bool, record func(c *redisClient) (subjects, patterns []string, ask func(string) []string)) {
	if *redisAddress != "" {
		subjects, patterns, ask := record(dialRedis(t))
		var out bytes.Buffer
		for _, s := range subjects {
			out.WriteString(strconv.Quote(s) + "\t")
		}
		out.WriteByte('\n')
		for _, p := range patterns {
			var numbers []int
			for _, s := range ask(p) {
				numbers = append(numbers, slices.Index(subjects, s))
			}
			slices.Sort(numbers)
			out.WriteString(strconv.Quote(p) + "\t")
			for _, n := range numbers {
				out.WriteString(strconv.Itoa(n) + " ")
			}
			out.WriteByte('\n')
		}
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	unquote := func(s string) string {
		s, err := strconv.Unquote(s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var subjects []string
	for _, s := range strings.Split(strings.TrimSuffix(lines[0], "\t"), "\t") {
		subjects = append(subjects, unquote(s))
	}
	if len(lines) < 500 || len(subjects) < 100 {
		t.Fatalf("%s: %d patterns for %d subjects", name, len(lines), len(subjects))
	}
	for _, line := range lines[1:] {
		quoted, numbers, _ := strings.Cut(line, "\t")
		p := unquote(quoted)
		want := map[string]bool{}
		for _, n := range strings.Fields(numbers) {
			want[n] = true
		}
		for i, s := range subjects {
			if got := glob.Match([]byte(p), []byte(s), nocase); got != want[strconv.Itoa(i)] {
				t.Errorf("%s: Match(%q, %q) = %v", name, p, s, got)
			}
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte("a*[^b-c]\\?"), []byte("abcd"), true)
	f.Fuzz(func(t *testing.T, pattern, s []byte, nocase bool) {
		glob.Match(pattern, s, nocase)
		// A text always matches itself with everything escaped.
		var escaped []byte
		for _, c := range s {
			escaped = append(escaped, '\\', c)
		}
		if !glob.Match(escaped, s, nocase) {
			t.Fatalf("%q does not match %q", escaped, s)
		}
	})
}

func BenchmarkMatchPrefix(b *testing.B) {
	p, s := []byte("user:1*"), []byte("user:1234567:name")
	b.ReportAllocs()
	for range b.N {
		if !glob.Match(p, s, false) {
			b.Fatal()
		}
	}
}
