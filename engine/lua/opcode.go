package lua

// The machine has registers, as Lua 5.1's. An operand b or c of 256 or more is
// the constant with that index. A local that some closure captures lives in a
// cell its register points to; the compiler knows which locals those are, so
// no upvalue is ever open.

type opcode uint8

const (
	_           opcode = iota
	opMove             // R[a] = R[b]
	opLoadK            // R[a] = K[b]
	opLoadBool         // R[a] = b != 0; skip one if c
	opLoadNil          // R[a..b] = nil
	opNewCell          // R[a] = cell holding R[a]
	opGetCell          // R[a] = value of the cell R[b]
	opSetCell          // value of the cell R[a] = RK[b]
	opGetUpval         // R[a] = U[b]
	opSetUpval         // U[a] = RK[b]
	opGetGlobal        // R[a] = G[K[b]]
	opSetGlobal        // G[K[b]] = R[a]
	opGetTable         // R[a] = R[b][RK[c]]
	opGetField         // R[a] = R[b][K[c]], a string
	opSetTable         // R[a][RK[b]] = RK[c]
	opNewTable         // R[a] = {}, with room for b in the array and c in the hash
	opSelf             // R[a+1] = R[b]; R[a] = R[b][RK[c]]
	opAdd              // R[a] = RK[b] + RK[c], and so on
	opSub
	opMul
	opDiv
	opMod
	opPow
	opUnm
	opNot
	opLen
	opConcat   // R[a] = R[b] .. ... .. R[c]
	opJump     // pc += b
	opEq       // if (RK[b] == RK[c]) != a, skip the jump that follows
	opLt       // likewise
	opLe       // likewise
	opJumpIf   // if R[a] is true pc += b
	opJumpNot  // if R[a] is false pc += b
	opCall     // R[a..] = R[a](b-1 arguments; 0: to the top), c-1 results (0: all)
	opTailCall // return R[a](...)
	opReturn   // return b-1 values from R[a] (0: to the top)
	opForPrep
	opForLoop
	opTForLoop // R[a+3..] = R[a](R[a+1], R[a+2]), c results; skip the jump if not nil
	opSetList  // R[a][c+i] = R[a+i], b values (0: to the top)
	opClosure
	opVararg // R[a..] = b-1 of the extra arguments (0: all)
)

type instruction struct {
	op opcode
	a  uint8
	c  uint16
	b  int32
}

// An operandName says what an operand was called in the source, for messages.
type operandName struct {
	pc      int32
	operand uint8
	kind    string // "local", "upvalue", "global", "field", "method"
	name    string
}

type proto struct {
	code      []instruction
	k         []value
	lines     []int32
	protos    []*proto
	upvals    []upvalSource
	names     []operandName // ordered by pc
	numParams int
	isVararg  bool
	needsArg  bool // register numParams holds Lua 5.0's arg table
	maxStack  int
	chunk     string // as messages show it
	source    string // as given, with its first character
	line      int
	text      *chunkText
}

// chunkText is what the functions of a chunk were compiled from: they share
// its code and keep its text.
type chunkText struct {
	size int
	mark uint32 // memory.go
}

func (p *proto) partOf(text *chunkText) {
	p.text = text
	for _, sub := range p.protos {
		sub.partOf(text)
	}
}

type upvalSource struct {
	fromRegister bool // of the enclosing function; else its upvalue
	index        int
}

// name looks up what an operand of the instruction at pc was called.
func (p *proto) name(pc, operand int) (kind, name string) {
	for i := range p.names {
		if n := &p.names[i]; int(n.pc) == pc && int(n.operand) == operand {
			return n.kind, n.name
		}
	}
	return "", ""
}
