"""The mutations of a Python module: small changes of its code that its tests should detect."""

import ast
from dataclasses import dataclass
import re
from typing import Final, override

OPERATORS: Final[dict[type[ast.AST], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
}
"""The text of each operator, and its replacement."""

type Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A replacement in the source of a module; start and end are offsets in bytes."""

    line: int
    start: int
    end: int
    replacement: str

    def apply(self, source: bytes) -> bytes:
        """Return the mutated source."""
        return source[: self.start] + self.replacement.encode() + source[self.end :]


def find_mutations(source: bytes) -> list[Mutation]:
    """Return all mutations of the source that compile, in the order of their positions."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    mutations = [mutation for mutation in finder.found if _compiles(mutation.apply(source))]
    return sorted(mutations, key=lambda mutation: mutation.start)


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


class _Finder(ast.NodeVisitor):
    """Collects the mutations. Skips docstrings, annotations, decorators, debug messages, and imports for typing."""

    def __init__(self, source: bytes) -> None:
        self.found: list[Mutation] = []
        self._source = source
        self._offsets = [0]
        for line in source.splitlines(keepends=True):
            self._offsets.append(self._offsets[-1] + len(line))

    def _span(self, node: ast.expr | ast.stmt) -> Span:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._offsets[node.lineno - 1] + node.col_offset, self._offsets[end_line - 1] + end_column

    def _text(self, span: Span) -> str:
        return self._source[slice(*span)].decode()

    def _add(self, span: Span, replacement: str) -> None:
        line = self._source.count(b"\n", 0, span[0]) + 1
        self.found.append(Mutation(line=line, start=span[0], end=span[1], replacement=replacement))

    def _swap_operator(self, operator: ast.AST, left: ast.expr, right: ast.expr) -> None:
        """Replace the operator between two operands."""
        if type(operator) not in OPERATORS:
            return
        old, new = OPERATORS[type(operator)]
        between = self._span(left)[1], self._span(right)[0]
        pattern = rf"(?<!\w){re.escape(old).replace(r'\ ', r'\s+')}(?!\w)"
        self._add(between, re.sub(pattern, lambda _: new, self._text(between), count=1))

    def _negate(self, condition: ast.expr) -> None:
        """Negate a condition, unless a different mutation does the same."""
        match condition:
            case ast.UnaryOp(op=ast.Not()):
                return
            case ast.Compare(ops=[ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot() | ast.In() | ast.NotIn()]):
                return
        span = self._span(condition)
        self._add(span, f"(not ({self._text(span)}))")

    @override
    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, operands, operands[1:], strict=False):
            self._swap_operator(operator, left, right)
        self.generic_visit(node)

    @override
    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._swap_operator(node.op, left, right)
        self.generic_visit(node)

    @override
    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._swap_operator(node.op, node.left, node.right)
        self.generic_visit(node)

    @override
    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            start, end = self._span(node)
            self._add((start, end), f"({self._text((start + len('not'), end)).strip()})")
        self.generic_visit(node)

    @override
    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._add(self._span(node), str(not node.value))
        elif isinstance(node.value, int | float):
            self._add(self._span(node), repr(node.value + 1))
            self._add(self._span(node), repr(node.value - 1))

    @override
    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return
        self._negate(node.test)
        self.generic_visit(node)

    @override
    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    @override
    def visit_While(self, node: ast.While) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    @override
    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._negate(condition)
        self.generic_visit(node)

    @override
    def visit_match_case(self, node: ast.match_case) -> None:
        if node.guard is not None:
            self._negate(node.guard)
        self.generic_visit(node)

    @override
    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and ast.unparse(node.value) != "None":
            self._add(self._span(node), "return None")
        self.generic_visit(node)

    @override
    def visit_Expr(self, node: ast.Expr) -> None:
        """Remove a statement that only calls something, awaited or not."""
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if not isinstance(value, ast.Call) or ast.unparse(value.func) == "LOGGER.debug":
            return
        self._add(self._span(node), "pass")
        self.generic_visit(node)

    @override
    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    @override
    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        for statement in node.body:
            self.visit(statement)

    @override
    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    @override
    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    @override
    def visit_TypeAlias(self, node: ast.TypeAlias) -> None:
        """Skip it."""
