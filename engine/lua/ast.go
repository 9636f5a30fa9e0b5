package lua

// The tree the parser builds for one function. Expressions that nest to the
// left without bound in real programs (a.b.c(), x..y, 1+2+3) are flat lists,
// so nothing that walks the tree recurses deeper than the source is nested.

type expr interface{}

type (
	nilExpr   struct{}
	boolExpr  struct{ v bool }
	numExpr   struct{ n float64 }
	strExpr   struct{ s *str }
	dotsExpr  struct{}
	localExpr struct{ v *localVar }
	upvalExpr struct {
		index int
		name  string
	}
	globalExpr struct {
		name *str
		line int
	}
	parenExpr struct{ e expr }
	funcExpr  struct {
		f    *funcTree
		line int
	}
	unaryExpr struct {
		op   opcode
		e    expr
		line int
	}
	// chainExpr is ((first op e) op e) ...
	chainExpr struct {
		first expr
		rest  []chainLink
	}
	// suffixedExpr is base.name[key](args):method(args) ...
	suffixedExpr struct {
		base   expr
		suffix []suffix
	}
	tableExpr struct {
		items []tableItem
		line  int
	}
)

type chainLink struct {
	op   int // token
	e    expr
	line int
}

type suffix struct {
	key    expr // index, or nil for a call
	method *str // method call
	args   []expr
	line   int
}

type tableItem struct {
	key, val expr // key nil: positional
	line     int
}

type localVar struct {
	name     string
	captured bool
	reg      int
	fn       *funcTree
}

type upvalDesc struct {
	name      string
	local     *localVar // of the enclosing function, or
	fromIndex int       // its upvalue
}

type funcTree struct {
	parent    *funcTree
	params    []*localVar
	arg       *localVar // Lua 5.0's arg table, for a function that has ... but never uses it
	isVararg  bool
	usesDots  bool
	upvals    []upvalDesc
	body      []stmt
	line      int
	endLine   int
	actives   []*localVar // while parsing
	loopDepth []bool
}

type stmt interface{}

type (
	localStmt struct {
		vars  []*localVar
		exprs []expr
		line  int
	}
	localFuncStmt struct {
		v    *localVar
		f    *funcExpr
		line int
	}
	assignStmt struct {
		targets []expr
		exprs   []expr
		line    int
	}
	callStmt struct {
		e    *suffixedExpr
		line int
	}
	doStmt    struct{ body []stmt }
	whileStmt struct {
		cond expr
		body []stmt
		line int
	}
	repeatStmt struct {
		body []stmt
		cond expr
		line int
	}
	ifStmt struct {
		conds  []expr
		bodies [][]stmt // one more than conds when there is an else
		line   int
	}
	numForStmt struct {
		v                 *localVar
		start, stop, step expr
		body              []stmt
		line, endLine     int
	}
	genForStmt struct {
		vars          []*localVar
		exprs         []expr
		body          []stmt
		line, endLine int
	}
	returnStmt struct {
		exprs []expr
		line  int
	}
	breakStmt struct{ line int }
)
