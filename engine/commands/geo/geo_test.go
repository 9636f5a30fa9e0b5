package geo_test

import (
	"testing"

	"everysec/engine/servertest"
)

func TestTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/*.txt") }

func TestEffects(t *testing.T) {
	servertest.CheckEffects(t, []servertest.Effect{
		{"", "GEOADD g CH 1 1 a 2 2 b; GEOADD g 1 1 a; GEOADD g XX 3 3 c", "zadd g CH 3377822707026402 a 3378191666521995 b", "zadd g"},
		{
			"GEOADD g 1 1 a 2 2 b", "GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 1 km; GEOSEARCHSTORE d g FROMLONLAT 5 5 BYRADIUS 1 km; GEORADIUS g 1 1 1 km STORE d",
			"GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 1 km; GEOSEARCHSTORE d g FROMLONLAT 5 5 BYRADIUS 1 km; GEORADIUS g 1 1 1 km STORE d",
			"geosearchstore d; del d; georadiusstore d",
		},
		{"GEOADD g 1 1 a", "GEORADIUS g 1 1 1 km; GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 km; GEODIST g a a; GEOPOS g a; GEORADIUSBYMEMBER none a 1 m STORE d", "", ""},
	})
}

// A search must not take time or memory out of proportion, whatever it asks
// for.
func FuzzSearch(f *testing.F) {
	f.Add("15", "37", "200", "400", "0.5")
	f.Add("-180", "85.05", "inf", "1e308", "-1e300")
	f.Fuzz(func(t *testing.T, x, y, size, height, score string) {
		s := servertest.New(t)
		c := s.Client()
		c.Do("GEOADD", "g", "1", "1", "a", "179.9", "85", "b", "-179.9", "-85", "c")
		c.Do("ZADD", "g", score, "d")
		c.Do("GEOADD", "g", x, y, "e")
		for _, from := range [][]string{{"FROMLONLAT", x, y}, {"FROMMEMBER", "d"}} {
			c.Do(append(append([]string{"GEOSEARCH", "g"}, from...), "BYRADIUS", size, "km", "WITHDIST", "WITHCOORD", "WITHHASH", "COUNT", "2")...)
			c.Do(append(append([]string{"GEOSEARCHSTORE", "h", "g"}, from...), "BYBOX", size, height, "mi", "STOREDIST")...)
		}
		c.Do("GEODIST", "g", "d", "e")
		c.Do("GEOHASH", "g", "d", "e")
	})
}
