package host

import "math"

// clock maps real time to engine time: a straight line that may be given
// another slope (speed), be held (pause) or be moved up (jump), but never
// runs back. All times are microseconds since 1970.
type clock struct {
	wall, engine int64 // a point on the line
	speed        float64
	paused       bool
}

func (c *clock) now(wall int64) int64 {
	if c.paused || wall <= c.wall {
		return c.engine
	}
	return c.engine + int64(float64(wall-c.wall)*c.speed)
}

// mark makes this moment the point from which the line goes on.
func (c *clock) mark(wall int64) { c.engine, c.wall = c.now(wall), max(wall, c.wall) }

func (c *clock) pause(wall int64, paused bool) {
	c.mark(wall)
	c.paused = paused
}

// minSpeed and maxSpeed bound what a page may ask for.
const (
	minSpeed = 1.0 / 1000
	maxSpeed = 1000
)

func (c *clock) setSpeed(wall int64, speed float64) {
	c.mark(wall)
	c.speed = min(max(speed, minSpeed), maxSpeed)
}

// maxAdvance is ten years: further and milliseconds leave the range of 53 bits
// that a page can count in.
const maxAdvance = 10 * 366 * 24 * 3600 * 1_000_000

func (c *clock) advance(wall, by int64) {
	c.mark(wall)
	c.engine += min(max(by, 0), maxAdvance)
}

// delay is how long in real time it takes to reach an engine time.
func (c *clock) delay(wall, engine int64) int64 {
	left := engine - c.now(wall)
	switch {
	case left <= 0:
		return 0
	case c.paused || engine == math.MaxInt64:
		return math.MaxInt64
	}
	d := math.Ceil(float64(left) / c.speed)
	if d >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(d)
}
