package differential

import (
	"fmt"
	"strconv"
)

func geoKey(g *generator) string {
	if g.r.IntN(30) == 0 {
		return g.key(g.pick("s", "l", "z", "none"))
	}
	return "geo" + strconv.Itoa(1+g.r.IntN(3))
}

func longitude(g *generator) string { return coordinate(g, 180) }

func latitude(g *generator) string { return coordinate(g, 85.05112878) }

// coordinate is often near a few places, so that searches find something.
func coordinate(g *generator, most float64) string {
	switch g.r.IntN(40) {
	case 0:
		return g.pick("abc", "", "nan", "inf", "181", "-181", "86", "1e300")
	case 1:
		return g.pick("180", "-180", "85.05112878", "-85.05112878", "0", "-0", "90", "45")
	case 2, 3, 4, 5, 6:
		return fmt.Sprint((g.r.Float64()*2 - 1) * most)
	case 7:
		return fmt.Sprint(most - g.r.Float64())
	}
	center := float64(g.r.IntN(3)*30 - 30)
	return fmt.Sprint(center + g.r.Float64()/float64(1+g.r.IntN(1000)))
}

func radius(g *generator) string {
	switch g.r.IntN(15) {
	case 0:
		return g.pick("-1", "abc", "", "inf", "0", "nan", "1e300", "1e-300")
	case 1:
		return strconv.Itoa(g.r.IntN(20000000))
	}
	return fmt.Sprint(g.r.Float64() * float64(int(1)<<g.r.IntN(20)))
}

func place(g *generator) string { return "p" + strconv.Itoa(g.r.IntN(60)) }

// storeDistances keeps distances and reads them with a few digits less than
// they have: in one of some thousands the C library's sine is not the double
// that is nearest to the truth, and the last digit of a distance differs.
func storeDistances(*generator) string {
	return `redis.call('geosearchstore', 'distances', KEYS[1], 'fromlonlat', ARGV[1], ARGV[2], 'byradius', ARGV[3], 'mi', 'storedist')
		redis.call('georadius', KEYS[1], ARGV[1], ARGV[2], ARGV[3], 'ft', 'storedist', 'more')
		local r = redis.call('zunion', 2, 'distances', 'more', 'withscores')
		redis.call('del', 'distances', 'more')
		for i = 2, #r, 2 do r[i] = string.format('%.6g', r[i]) end
		return r`
}

var geoShapes = splitLines(`
GEOADD %geo %longitude %latitude %place
GEOADD %geo %longitude %latitude %place
GEOADD %geo %longitude %latitude %place
GEOADD %geo ?NX|XX ?CH %longitude~%latitude~%place+
GEOADD %geo ?NX|XX|CH ?CH|XX %longitude~%latitude~%place+
GEOADD %geo %longitude %latitude %f
ZADD %geo %d %place
ZREM %geo %place
GEOPOS %geo %place+
GEOPOS %geo %place
GEOHASH %geo %place+
GEODIST %geo %place %place ?m|km|ft|mi|M|KM|FT|MI|foo
GEORADIUS %geo %longitude %latitude %radius m|km|ft|mi|foo ?WITHCOORD ?WITHDIST ?WITHHASH ?COUNT_%i|COUNT_%p|COUNT_%p_ANY|ANY ?ASC|DESC ?STORE_%geo
GEORADIUS_RO %geo %longitude %latitude %radius m|km ?WITHCOORD ?WITHDIST ?WITHHASH ?COUNT_%p|COUNT_%p_ANY ?ASC|DESC
GEORADIUS %geo %longitude %latitude %radius km STORE %geo ?COUNT_%p ?ASC|DESC
GEORADIUSBYMEMBER %geo %place %radius m|km|ft|mi ?WITHCOORD ?WITHDIST ?WITHHASH ?COUNT_%p|COUNT_%p_ANY ?ASC|DESC ?STORE_%geo
GEORADIUSBYMEMBER_RO %geo %place %radius km ?WITHDIST ?COUNT_%p|COUNT_%p_ANY ?ASC|DESC ?STORE_%geo
GEOSEARCH %geo FROMMEMBER %place BYRADIUS %radius m|km|ft|mi ?WITHCOORD ?WITHDIST ?WITHHASH ?COUNT_%p|COUNT_%p_ANY ?ASC|DESC
GEOSEARCH %geo FROMMEMBER %place BYBOX %radius %radius m|km|ft|mi ?WITHCOORD ?WITHDIST ?WITHHASH ?COUNT_%p|COUNT_%p_ANY ?ASC|DESC
GEOSEARCH %geo FROMLONLAT %longitude %latitude BYBOX %radius %radius km ?WITHDIST ?COUNT_%p|COUNT_%p_ANY ?ASC|DESC
GEOSEARCH %geo FROMLONLAT %longitude %latitude BYRADIUS %radius km|foo ?WITHDIST ?STORE_x|STOREDIST|ASC|ANY ?COUNT_%p|FOO|BYBOX_1_1_m|FROMMEMBER_%place
GEOSEARCHSTORE %geo %geo FROMLONLAT %longitude %latitude BYBOX %radius %radius km ?COUNT_%p|COUNT_%p_ANY ?ASC|DESC
GEOSEARCHSTORE %geo %geo FROMMEMBER %place BYRADIUS %radius km ?WITHDIST ?COUNT_%p ?ASC|DESC
EVAL %storedist 1 %geo %longitude %latitude %radius
ZRANGE %geo 0 -1 WITHSCORES
DEL %geo
`)
