package app_test

import (
	"testing"

	"everysec/web/app"
)

func TestWords(t *testing.T) {
	w := app.ReadWords("Run\tAusführen\n% of % steps\t% von % Schritten\nrubbish\n")
	for s, want := range map[string]string{
		"Run": "Ausführen", "3 of 18 steps": "3 von 18 Schritten", "Stop": "Stop", "7": "7", "": "", "rubbish": "rubbish",
	} {
		if got := w.Say(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if got := app.Words(nil).Say("Run"); got != "Run" {
		t.Errorf("without words: %q", got)
	}
}
