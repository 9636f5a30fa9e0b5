package browsertest

import (
	"testing"
)

// A script that does not end holds the server's thread, and nothing else: the
// page stays alive, another console is told BUSY and can kill the script, and
// the button can kill the server.
func TestAScriptThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "config set busy-reply-threshold 200")
	l.answer("redis", "config set busy-reply-threshold 200", []string{"OK"})
	l.run(click("#add-console"))
	l.sees("a second console", `document.querySelectorAll(".console").length >= 2`)
	var other string
	l.eval(`[...document.querySelectorAll(".console")].map(e => e.dataset.console).find(n => n !== "redis")`, &other)

	const script = `eval "while true do end" 0`
	l.types("redis", script)
	l.types(other, "ping")
	l.answer(other, "ping", []string{"(error) BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."})
	l.types(other, "script kill")
	l.answer(other, "script kill", []string{"OK"})
	l.answer("redis", script, []string{"(error) ERR Script killed by user with SCRIPT KILL... script: 694a5fe1ddb97a4c6a1bf299d9537c7d3d0f84e7, on @user_script:1."})
	l.types("redis", "echo alive")
	l.answer("redis", "echo alive", []string{`"alive"`})

	l.types("redis", script)
	l.run(click(`button.crash[data-crash="0"]`))
	l.sees("the server is down", `document.querySelector("#account-title").textContent.includes("the server is down")`)
	l.run(click("#restart"))
	l.sees("the server runs again", `document.body.dataset.server === "running"`)
	l.types(other, "echo again")
	l.answer(other, "echo again", []string{`"again"`})
}
