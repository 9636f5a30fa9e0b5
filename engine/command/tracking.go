package command

// Tracking is the state of a client that keeps copies of keys and wants to be
// told when one is out of date (CLIENT TRACKING).
type Tracking struct {
	// Redirect is the client that is told in its place; 0: itself.
	Redirect uint64
	// Broken: that client has gone.
	Broken bool
	// Broadcast tells of all keys with certain prefixes, read or not.
	Broadcast             bool
	OptIn, OptOut, NoLoop bool
	// Caching is CLIENT CACHING, for the command or transaction after it.
	Caching  bool
	Prefixes []string
}
