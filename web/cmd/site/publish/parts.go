package publish

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Parts are what the module is split into. What a start needs, and the commands of
// the first screen, is in none of them.
var Parts = []Part{
	{"scripts", packages("everysec/engine/lua", "everysec/engine/commands/scripting")},
	{"streams", packages("everysec/engine/ds/stream", "everysec/engine/commands/streams")},
	{"rare", either(rareCommand.MatchString, packages(
		"everysec/engine/commands/acl", "everysec/engine/commands/bitmaps", "everysec/engine/commands/cluster", "everysec/engine/commands/geo",
		"everysec/engine/commands/hyperloglog", "everysec/engine/commands/replication", "everysec/engine/ds/geohash", "everysec/engine/ds/hyperloglog",
	))},
	{"shell", either(checker.MatchString, packages("everysec/engine/checktool", "everysec/lessons/shell"))},
	{"run", either(recordPlayer.MatchString, copierInstance.MatchString, packages("reflect"))},
	{"page", either(panelMethod.MatchString, func(symbol string) bool {
		return strings.HasPrefix(packageOf(symbol), "everysec/web/app/")
	})},
}

// rareCommand matches commands that few visitors use in families that many use:
// see the table of package commands. What only they call comes with them, but for
// methods, which something else could call: those are named.
var rareCommand = regexp.MustCompile(`^everysec/engine/commands/(` +
	`hashes\.runH(getdel|getex|setex)` +
	`|lists\.runLpos` +
	`|keys\.(run(Dump|Restore|Sort|SortRo)|\(\*sorting\)\.\w+|sortScore)` +
	`|server\.(run(Latency(Doctor|Graph|Histogram)|Lolwut|Memory\w+)|diagnosis|\(\*dots\)\.\w+)` +
	`|strings\.(run(DelEx|DelIfEq|Digest|LCS|MSetEx)|\(\*lcsTable\)\.\w+)` +
	`|sortedsets\.(runZ(diff|inter|union)\w*|\(\*expression\)\.\w+))\b`)

// checker matches what only the two check tools call.
var checker = regexp.MustCompile(`^everysec/engine/(` +
	`aof\.(\(\*(Checker|FileReport|transactions)\)\.\w+|Expected)` +
	`|rdb\.(\(\*(checker|Summary)\)\.\w+|Check|newChecker))\b`)

// recordPlayer matches what plays the record of a run: keeping it is in no part.
var recordPlayer = regexp.MustCompile(`^everysec/wasm/playground/(` +
	`run\.(\(\*(past|keyframes|reader|happening)\)\.\w+|\(\*stage\)\.play|\(\*Log\)\.file|\(\*Recorder\)\.(operation|lookBack|lookAt|branch|end|earlier|state)|readFile|readKept|firstCommand|newKeyframes|\w+Present)` +
	`|graph` +
	`|host\.\(\*Host\)\.(Look|LookAtKeys|Ask|Copy|Fingerprint|Leave|Settle|Branch|Present)|host\.rules)\b`)

// copierInstance matches what the compiler makes of generic functions, and of ==,
// for the types of the player and of what copies a host, which is all that uses
// reflect, which is all that uses pools.
var copierInstance = regexp.MustCompile(`^(slices|maps)\.\w+\[.*\beverysec/wasm/playground/(graph|run)\.|^sync\.\(\*(Pool|poolChain|poolDequeue)\)\.|^type:\.(eq|hash)\..*\beverysec/wasm/playground/graph\.`)

// panelMethod matches methods of the types of panels, functions within them, and the
// chart that only the load's panel draws.
var panelMethod = regexp.MustCompile(`^everysec/web/(view\.(\(\*\w+Panel\)|\w+Panel)\.|chart\.Latencies\b)`)

// packages are functions of these packages.
func packages(paths ...string) func(string) bool {
	return func(symbol string) bool {
		return slices.Contains(paths, packageOf(symbol)) && !strings.HasSuffix(symbol, ".init")
	}
}

// either is what one of these has.
func either(have ...func(symbol string) bool) func(string) bool {
	return func(symbol string) bool {
		return slices.ContainsFunc(have, func(has func(string) bool) bool { return has(symbol) })
	}
}

// File is its name.
func (p Part) File() string { return "everysec-" + p.Name + ".wasm" }

func partNames() []string {
	var names []string
	for _, p := range Parts {
		names = append(names, p.File())
	}
	return names
}

// split takes everysec.wasm apart.
func split(files map[string][]byte, symbols []string) error {
	made, err := Split(files["everysec.wasm"], symbols, Parts)
	if err != nil {
		return err
	}
	listed := made.ID
	for i, part := range made.Parts {
		name := Parts[i].File()
		if files[name] = part; part == nil {
			return fmt.Errorf("the part %s is empty", Parts[i].Name)
		}
		listed += "\n" + Parts[i].Name + " " + address(files, name)
	}
	first, err := Pack(made.First)
	if err != nil {
		return err
	}
	files["everysec.wasm"] = withCustom(first, partsSection, listed)
	return nil
}

// withCustom adds a custom section of text to a module.
func withCustom(wasm []byte, name, text string) []byte {
	body := append([]byte{byte(len(name))}, name...)
	section := assemble([]section{{customSection, append(body, text...)}})
	return append(slices.Clone(wasm), section[8:]...) // without the head
}
