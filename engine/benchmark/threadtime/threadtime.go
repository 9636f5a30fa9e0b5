// Package threadtime measures how long a thread has been held. A machine that
// does other things beside makes every wall-clock figure worse than the program
// is; processor time does not have that fault.
package threadtime
