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
	{"rare", packages(
		"everysec/engine/commands/acl", "everysec/engine/commands/bitmaps", "everysec/engine/commands/cluster", "everysec/engine/commands/geo",
		"everysec/engine/commands/hyperloglog", "everysec/engine/commands/replication", "everysec/engine/ds/geohash", "everysec/engine/ds/hyperloglog",
	)},
	{"shell", packages("everysec/engine/checktool", "everysec/lessons/shell")},
	{"run", recordPlayer.MatchString},
	{"page", func(symbol string) bool {
		return panelMethod.MatchString(symbol) || strings.HasPrefix(packageOf(symbol), "everysec/web/app/")
	}},
}

// recordPlayer matches what plays the record of a run: keeping it is in no part.
var recordPlayer = regexp.MustCompile(`^everysec/wasm/playground/(` +
	`run\.(\(\*(past|keyframes|reader|happening)\)|\(\*stage\)\.play|\(\*Log\)\.file|\(\*Recorder\)\.(operation|lookBack|lookAt|branch|end)|readFile|firstCommand|newKeyframes|\w+Present)` +
	`|graph` +
	`|host\.\(\*Host\)\.(Look|LookAtKeys|Ask|Copy|Fingerprint|Leave|Settle|Branch|Present)|host\.rules)\b`)

// panelMethod matches methods of the types of panels, and functions within them.
var panelMethod = regexp.MustCompile(`^everysec/web/view\.(\(\*\w+Panel\)|\w+Panel)\.`)

// packages are functions of these packages.
func packages(paths ...string) func(string) bool {
	return func(symbol string) bool {
		return slices.Contains(paths, packageOf(symbol)) && !strings.HasSuffix(symbol, ".init")
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
