package lua

import "strconv"

const (
	maxSyntaxDepth = 200
	maxLocals      = 200
	maxUpvalues    = 60
)

type parser struct {
	lexer
	fn *funcTree
}

// parse reads a whole chunk. chunk is its name as messages show it; depth is
// how deep the calls around it are nested already.
func parse(src, chunk string, depth int) (tree *funcTree, err *syntaxError) {
	p := &parser{lexer: lexer{src: src, line: 1, lastLine: 1, chunk: chunk, strings: map[string]*str{}, depth: depth}}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*syntaxError)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	if len(src) > 0 && src[0] == '#' { // a first line for the shell
		for p.pos < len(src) && src[p.pos] != '\n' {
			p.pos++
		}
	}
	p.fn = &funcTree{isVararg: true, usesDots: true}
	p.next()
	p.fn.body = p.block()
	p.check(tokEOF)
	p.fn.endLine = p.line
	return p.fn, nil
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxSyntaxDepth {
		p.fail("chunk has too many syntax levels", "")
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) intern(s string) *str {
	if k, ok := p.strings[s]; ok {
		return k
	}
	k := &str{s: s}
	p.strings[s] = k
	return k
}

func (p *parser) check(kind int) {
	if p.tok.kind != kind {
		p.failAt("'" + tokenText(kind) + "' expected")
	}
}

func (p *parser) accept(kind int) bool {
	if p.tok.kind == kind {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(kind int) {
	p.check(kind)
	p.next()
}

// expectMatch reports the opener when the closer is missing.
func (p *parser) expectMatch(what, who, line int) {
	if p.tok.kind != what {
		if line == p.line {
			p.failAt("'" + tokenText(what) + "' expected")
		}
		p.failAt("'" + tokenText(what) + "' expected (to close '" + tokenText(who) + "' at line " + strconv.Itoa(line) + ")")
	}
	p.next()
}

func (p *parser) name() string {
	p.check(tokName)
	s := p.tok.text
	p.next()
	return s
}

// limit reports that the function has too many of something.
func (p *parser) limit(max int, what string) {
	where := "main function"
	if p.fn.line > 0 {
		where = "function at line " + strconv.Itoa(p.fn.line)
	}
	p.fail(where+" has more than "+strconv.Itoa(max)+" "+what, "")
}

func (p *parser) declare(v *localVar) *localVar {
	v.fn = p.fn
	if len(p.fn.actives) >= maxLocals {
		p.limit(maxLocals, "local variables")
	}
	p.fn.actives = append(p.fn.actives, v)
	return v
}

func (p *parser) newLocal(name string, pending int) *localVar {
	if len(p.fn.actives)+pending >= maxLocals {
		p.limit(maxLocals, "local variables")
	}
	return &localVar{name: name}
}

// resolve finds what a name means in f: a local, an upvalue, or neither.
func (p *parser) resolve(f *funcTree, name string) (*localVar, int) {
	for i := len(f.actives) - 1; i >= 0; i-- {
		if f.actives[i].name == name {
			return f.actives[i], -1
		}
	}
	if f.parent == nil {
		return nil, -1
	}
	v, up := p.resolve(f.parent, name)
	if v == nil && up < 0 {
		return nil, -1
	}
	if v != nil {
		v.captured = true
	}
	for i, u := range f.upvals {
		if u.local == v && (v != nil || u.fromIndex == up) {
			return nil, i
		}
	}
	if len(f.upvals) >= maxUpvalues {
		old := p.fn
		p.fn = f
		defer func() { p.fn = old }()
		p.limit(maxUpvalues, "upvalues")
	}
	f.upvals = append(f.upvals, upvalDesc{name: name, local: v, fromIndex: up})
	return nil, len(f.upvals) - 1
}

func (p *parser) variable(name string) expr {
	v, up := p.resolve(p.fn, name)
	switch {
	case v != nil:
		return &localExpr{v}
	case up >= 0:
		return &upvalExpr{up, name}
	}
	return &globalExpr{p.intern(name), p.lastLine}
}

func blockEnds(kind int) bool {
	return kind == tokElse || kind == tokElseif || kind == tokEnd || kind == tokEOF || kind == tokUntil
}

// block parses statements; the caller restores the scope.
func (p *parser) block() []stmt {
	p.enter()
	defer p.leave()
	var out []stmt
	last := false
	for !last && !blockEnds(p.tok.kind) {
		var s stmt
		s, last = p.statement()
		if s != nil {
			out = append(out, s)
		}
		p.accept(';')
	}
	return out
}

// scoped parses a block whose locals end with it.
func (p *parser) scoped() []stmt {
	n := len(p.fn.actives)
	b := p.block()
	p.fn.actives = p.fn.actives[:n]
	return b
}

func (p *parser) loopBody() []stmt {
	p.fn.loopDepth = append(p.fn.loopDepth, true)
	b := p.scoped()
	p.fn.loopDepth = p.fn.loopDepth[:len(p.fn.loopDepth)-1]
	return b
}

func (p *parser) statement() (s stmt, last bool) {
	line := p.line
	switch p.tok.kind {
	case tokIf:
		return p.ifStatement(line), false
	case tokWhile:
		p.next()
		cond := p.expression()
		p.expect(tokDo)
		body := p.loopBody()
		p.expectMatch(tokEnd, tokWhile, line)
		return &whileStmt{cond, body, line}, false
	case tokDo:
		p.next()
		body := p.scoped()
		p.expectMatch(tokEnd, tokDo, line)
		return &doStmt{body}, false
	case tokFor:
		return p.forStatement(line), false
	case tokRepeat:
		p.next()
		n := len(p.fn.actives)
		p.fn.loopDepth = append(p.fn.loopDepth, true)
		body := p.block()
		p.expectMatch(tokUntil, tokRepeat, line)
		cond := p.expression() // sees the body's locals
		p.fn.loopDepth = p.fn.loopDepth[:len(p.fn.loopDepth)-1]
		p.fn.actives = p.fn.actives[:n]
		return &repeatStmt{body, cond, line}, false
	case tokFunction:
		return p.functionStatement(line), false
	case tokLocal:
		p.next()
		if p.accept(tokFunction) {
			v := p.declare(p.newLocal(p.name(), 0))
			return &localFuncStmt{v, p.function(false, p.line), line}, false
		}
		return p.localStatement(line), false
	case tokReturn:
		p.next()
		var exprs []expr
		if !blockEnds(p.tok.kind) && p.tok.kind != ';' {
			exprs = p.expressionList()
		}
		return &returnStmt{exprs, p.lastLine}, true
	case tokBreak:
		p.next()
		if len(p.fn.loopDepth) == 0 {
			p.failAt("no loop to break")
		}
		return &breakStmt{line}, true
	}
	return p.expressionStatement(line), false
}

func (p *parser) ifStatement(line int) stmt {
	s := &ifStmt{line: line}
	for {
		p.next()
		s.conds = append(s.conds, p.expression())
		p.expect(tokThen)
		s.bodies = append(s.bodies, p.scoped())
		if p.tok.kind != tokElseif {
			break
		}
	}
	if p.accept(tokElse) {
		s.bodies = append(s.bodies, p.scoped())
	}
	p.expectMatch(tokEnd, tokIf, line)
	return s
}

func (p *parser) forStatement(line int) stmt {
	p.next()
	name := p.name()
	n := len(p.fn.actives)
	hidden := func() {
		for range 3 { // the loop's own state counts as locals
			p.declare(&localVar{name: "(for)"})
		}
	}
	switch p.tok.kind {
	case '=':
		p.next()
		s := &numForStmt{line: line}
		s.start = p.expression()
		p.expect(',')
		s.stop = p.expression()
		if p.accept(',') {
			s.step = p.expression()
		}
		hidden()
		p.expect(tokDo)
		s.v = p.declare(p.newLocal(name, 0))
		s.body = p.loopBody()
		p.fn.actives = p.fn.actives[:n]
		s.endLine = p.line
		p.expectMatch(tokEnd, tokFor, line)
		return s
	case ',', tokIn:
		s := &genForStmt{line: line}
		names := []string{name}
		for p.accept(',') {
			names = append(names, p.name())
			p.newLocal("", len(names)+3)
		}
		p.expect(tokIn)
		s.line = p.line
		s.exprs = p.expressionList()
		hidden()
		p.expect(tokDo)
		for _, v := range names {
			s.vars = append(s.vars, p.declare(p.newLocal(v, 0)))
		}
		s.body = p.loopBody()
		p.fn.actives = p.fn.actives[:n]
		s.endLine = p.line
		p.expectMatch(tokEnd, tokFor, line)
		return s
	}
	p.failAt("'=' or 'in' expected")
	return nil
}

func (p *parser) functionStatement(line int) stmt {
	p.next()
	target := p.variable(p.name())
	method := false
	var suf []suffix
	for p.tok.kind == '.' || p.tok.kind == ':' {
		method = p.tok.kind == ':'
		p.next()
		suf = append(suf, suffix{key: &strExpr{p.intern(p.name())}, line: p.lastLine})
		if method {
			break
		}
	}
	if suf != nil {
		target = &suffixedExpr{target, suf}
	}
	f := p.function(method, line)
	return &assignStmt{[]expr{target}, []expr{f}, line}
}

func (p *parser) localStatement(line int) stmt {
	s := &localStmt{line: line}
	for {
		s.vars = append(s.vars, p.newLocal(p.name(), len(s.vars)))
		if !p.accept(',') {
			break
		}
	}
	if p.accept('=') {
		s.exprs = p.expressionList()
	}
	s.line = p.lastLine
	for _, v := range s.vars {
		p.declare(v)
	}
	return s
}

func (p *parser) expressionStatement(line int) stmt {
	e := p.suffixed()
	if se, ok := e.(*suffixedExpr); ok && se.suffix[len(se.suffix)-1].key == nil {
		return &callStmt{se, line}
	}
	s := &assignStmt{line: line}
	for {
		switch t := e.(type) {
		case *localExpr, *upvalExpr, *globalExpr:
		case *suffixedExpr:
			if t.suffix[len(t.suffix)-1].key == nil {
				p.failAt("syntax error")
			}
		default:
			p.failAt("syntax error")
		}
		s.targets = append(s.targets, e)
		if !p.accept(',') {
			break
		}
		e = p.suffixed()
		if len(s.targets) > maxSyntaxDepth-p.depth {
			p.limit(maxSyntaxDepth-p.depth, "variables in assignment")
		}
	}
	p.expect('=')
	s.exprs = p.expressionList()
	s.line = p.lastLine
	return s
}

func (p *parser) function(method bool, line int) *funcExpr {
	f := &funcTree{parent: p.fn, line: line}
	p.fn = f
	if method {
		f.params = append(f.params, p.declare(&localVar{name: "self"}))
	}
	p.expect('(')
	if p.tok.kind != ')' {
		for {
			if p.tok.kind == tokName {
				f.params = append(f.params, p.declare(p.newLocal(p.name(), 0)))
			} else if p.accept(tokDots) {
				f.isVararg = true
				f.arg = p.declare(&localVar{name: "arg"})
				break
			} else {
				p.failAt("<name> or '...' expected")
			}
			if !p.accept(',') {
				break
			}
		}
	}
	p.expect(')')
	f.body = p.block()
	f.endLine = p.line
	p.expectMatch(tokEnd, tokFunction, line)
	p.fn = f.parent
	return &funcExpr{f, p.lastLine}
}

func (p *parser) expressionList() []expr {
	list := []expr{p.expression()}
	for p.accept(',') {
		list = append(list, p.expression())
	}
	return list
}

func (p *parser) primary() expr {
	switch p.tok.kind {
	case '(':
		line := p.line
		p.next()
		e := p.expression()
		p.expectMatch(')', '(', line)
		return &parenExpr{e}
	case tokName:
		return p.variable(p.name())
	}
	p.failAt("unexpected symbol")
	return nil
}

func (p *parser) suffixed() expr {
	base := p.primary()
	var suf []suffix
	for {
		switch p.tok.kind {
		case '.':
			p.next()
			suf = append(suf, suffix{key: &strExpr{p.intern(p.name())}, line: p.lastLine})
		case '[':
			p.next()
			key := p.expression()
			p.expect(']')
			suf = append(suf, suffix{key: key, line: p.lastLine})
		case ':':
			p.next()
			m := p.intern(p.name())
			args, line := p.arguments()
			suf = append(suf, suffix{method: m, args: args, line: line})
		case '(', tokString, '{':
			args, line := p.arguments()
			suf = append(suf, suffix{args: args, line: line})
		default:
			if suf == nil {
				return base
			}
			return &suffixedExpr{base, suf}
		}
	}
}

func (p *parser) arguments() (args []expr, line int) {
	line = p.line
	switch p.tok.kind {
	case '(':
		if line != p.lastLine {
			p.failAt("ambiguous syntax (function call x new statement)")
		}
		p.next()
		if p.tok.kind != ')' {
			args = p.expressionList()
		}
		p.expectMatch(')', '(', line)
	case '{':
		args = []expr{p.tableConstructor()}
	case tokString:
		args = []expr{&strExpr{p.intern(p.tok.text)}}
		p.next()
	default:
		p.failAt("function arguments expected")
	}
	return args, line
}

func (p *parser) tableConstructor() expr {
	line := p.line
	t := &tableExpr{line: line}
	p.expect('{')
	for p.tok.kind != '}' {
		switch {
		case p.tok.kind == tokName && p.peek() == '=':
			key := &strExpr{p.intern(p.name())}
			p.next()
			t.items = append(t.items, tableItem{key: key, val: p.expression(), line: p.lastLine})
		case p.tok.kind == '[':
			p.next()
			key := p.expression()
			p.expect(']')
			p.expect('=')
			t.items = append(t.items, tableItem{key: key, val: p.expression(), line: p.lastLine})
		default:
			t.items = append(t.items, tableItem{val: p.expression(), line: p.lastLine})
		}
		if !p.accept(',') && !p.accept(';') {
			break
		}
	}
	p.expectMatch('}', '{', line)
	return t
}

func (p *parser) simple() expr {
	var e expr
	switch p.tok.kind {
	case tokNumber:
		e = &numExpr{p.tok.num}
	case tokString:
		e = &strExpr{p.intern(p.tok.text)}
	case tokNil:
		e = &nilExpr{}
	case tokTrue:
		e = &boolExpr{true}
	case tokFalse:
		e = &boolExpr{false}
	case tokDots:
		if !p.fn.isVararg {
			p.failAt("cannot use '...' outside a vararg function")
		}
		p.fn.usesDots = true
		e = &dotsExpr{}
	case '{':
		return p.tableConstructor()
	case tokFunction:
		line := p.line
		p.next()
		return p.function(false, line)
	default:
		return p.suffixed()
	}
	p.next()
	return e
}

// priority returns the left and right binding power of a binary operator.
func priority(kind int) (left, right int) {
	switch kind {
	case tokOr:
		return 1, 1
	case tokAnd:
		return 2, 2
	case tokNe, tokEq, '<', tokLe, '>', tokGe:
		return 3, 3
	case tokConcat:
		return 5, 4
	case '+', '-':
		return 6, 6
	case '*', '/', '%':
		return 7, 7
	case '^':
		return 10, 9
	}
	return 0, 0
}

const unaryPriority = 8

func (p *parser) expression() expr { return p.subexpression(0) }

func (p *parser) subexpression(limit int) expr {
	p.enter()
	defer p.leave()
	var first expr
	op := opcode(0)
	switch p.tok.kind {
	case tokNot:
		op = opNot
	case '-':
		op = opUnm
	case '#':
		op = opLen
	}
	if op != 0 {
		p.next()
		e := p.subexpression(unaryPriority)
		first = &unaryExpr{op, e, p.lastLine}
		if n, ok := e.(*numExpr); ok && op == opUnm {
			first = &numExpr{-n.n}
		}
	} else {
		first = p.simple()
	}
	var rest []chainLink
	for {
		kind := p.tok.kind
		left, right := priority(kind)
		if left <= limit {
			break
		}
		p.next()
		e := p.subexpression(right)
		rest = append(rest, chainLink{kind, e, p.lastLine})
	}
	if rest == nil {
		return first
	}
	return &chainExpr{first, rest}
}
