"""DeltaBlue: the incremental solver for hierarchies of one-way constraints by
Freeman-Benson, Maloney and Borning. Written from the description in their paper:
a constraint of some strength is satisfied by the method whose output has the
weakest walkabout strength; plans are re-used while nothing is added or removed.

Two programs: a chain of equalities, and pairs of variables tied by a linear
function. Both check every value that the solver must produce."""

SIZE = 20_000
EXPECTED = {
    20: (4950, 40880),
    2500: (4950, 20606280),
    20_000: (4950, 1039850030),
}

# A strength is a small number; the smaller, the stronger.
REQUIRED, STRONG_PREFERRED, PREFERRED, STRONG_DEFAULT, NORMAL, WEAK_DEFAULT, WEAKEST = range(7)


class Variable:
    def __init__(self, value):
        self.value = value
        self.constraints = []
        self.determined_by = None
        self.mark = 0
        self.walk_strength = WEAKEST
        self.stays = True


class Constraint:
    """A constraint knows its variables and the one that it computes now."""

    is_input = False

    def __init__(self, strength, planner):
        self.strength = strength
        self.enter(planner)

    def enter(self, planner):
        for v in self.variables():
            v.constraints.append(self)
        self.output = None
        planner.add(self)

    def leave(self, planner):
        if self.output is not None:
            planner.remove(self)
        else:
            self.detach()

    def detach(self):
        for v in self.variables():
            v.constraints.remove(self)
        self.output = None

    def inputs(self):
        out = self.output
        return [v for v in self.variables() if v is not out]

    def inputs_known(self, mark):
        for v in self.inputs():
            if not (v.mark == mark or v.stays or v.determined_by is None):
                return False
        return True

    def satisfy(self, mark, planner):
        """Takes its output over; returns the constraint it displaced, if any."""
        self.choose(mark)
        if self.output is None:
            if self.strength == REQUIRED:
                raise RuntimeError("a required constraint cannot be satisfied")
            return None
        for v in self.inputs():
            v.mark = mark
        displaced = self.output.determined_by
        if displaced is not None:
            displaced.output = None
        self.output.determined_by = self
        if not planner.propagate(self, mark):
            raise RuntimeError("cycle")
        self.output.mark = mark
        return displaced


class Unary(Constraint):
    def __init__(self, variable, strength, planner):
        self.variable = variable
        super().__init__(strength, planner)

    def variables(self):
        return [self.variable]

    def choose(self, mark):
        v = self.variable
        free = v.mark != mark and self.strength < v.walk_strength
        self.output = v if free else None

    def recalculate(self):
        v = self.variable
        v.walk_strength = self.strength
        v.stays = not self.is_input
        if v.stays:
            self.execute()

    def execute(self):
        pass


class Stay(Unary):
    pass


class Edit(Unary):
    is_input = True


class Binary(Constraint):
    def __init__(self, a, b, strength, planner):
        self.a = a
        self.b = b
        super().__init__(strength, planner)

    def variables(self):
        return [self.a, self.b]

    def choose(self, mark):
        a, b = self.a, self.b
        self.output = None
        if a.mark == mark:
            if b.mark != mark and self.strength < b.walk_strength:
                self.output = b
        elif b.mark == mark:
            if self.strength < a.walk_strength:
                self.output = a
        elif a.walk_strength > b.walk_strength:
            if self.strength < a.walk_strength:
                self.output = a
        elif self.strength < b.walk_strength:
            self.output = b

    def source(self):
        return self.a if self.output is self.b else self.b

    def recalculate(self):
        source, out = self.source(), self.output
        out.walk_strength = max(self.strength, source.walk_strength)
        out.stays = source.stays
        if out.stays:
            self.execute()


class Equal(Binary):
    def execute(self):
        self.output.value = self.source().value


class Scale(Binary):
    """b = a * factor + offset, or the other way round."""

    def __init__(self, a, factor, offset, b, strength, planner):
        self.factor = factor
        self.offset = offset
        super().__init__(a, b, strength, planner)

    def variables(self):
        return [self.a, self.b, self.factor, self.offset]

    def inputs(self):
        return [self.source(), self.factor, self.offset]

    def execute(self):
        if self.output is self.b:
            self.b.value = self.a.value * self.factor.value + self.offset.value
        else:
            self.a.value = (self.b.value - self.offset.value) // self.factor.value

    def recalculate(self):
        source, out = self.source(), self.output
        out.walk_strength = max(self.strength, source.walk_strength)
        out.stays = source.stays and self.factor.stays and self.offset.stays
        if out.stays:
            self.execute()


class Planner:
    def __init__(self):
        self.mark = 0

    def new_mark(self):
        self.mark += 1
        return self.mark

    def add(self, constraint):
        mark = self.new_mark()
        displaced = constraint.satisfy(mark, self)
        while displaced is not None:
            displaced = displaced.satisfy(mark, self)

    def remove(self, constraint):
        out = constraint.output
        constraint.detach()
        out.determined_by = None
        out.walk_strength = WEAKEST
        out.stays = True
        unsatisfied = []
        todo = [out]
        while todo:
            v = todo.pop()
            for c in v.constraints:
                if c.output is None:
                    unsatisfied.append(c)
            for c in self.consumers(v):
                c.recalculate()
                todo.append(c.output)
        unsatisfied.sort(key=lambda c: c.strength)
        for c in unsatisfied:
            if c.output is None:
                self.add(c)

    def consumers(self, v):
        by = v.determined_by
        return [c for c in v.constraints if c is not by and c.output is not None and c.output is not v]

    def propagate(self, constraint, mark):
        todo = [constraint]
        while todo:
            c = todo.pop()
            if c.output.mark == mark:
                constraint.detach()
                return False
            c.recalculate()
            todo.extend(self.consumers(c.output))
        return True

    def plan(self, sources):
        mark = self.new_mark()
        plan = []
        todo = [c for c in sources if c.is_input and c.output is not None]
        while todo:
            c = todo.pop()
            if c.output.mark != mark and c.inputs_known(mark):
                plan.append(c)
                c.output.mark = mark
                todo.extend(self.consumers(c.output))
        return plan


def set_value(planner, variable, value):
    edit = Edit(variable, PREFERRED, planner)
    plan = planner.plan([edit])
    for _ in range(10):
        variable.value = value
        for c in plan:
            c.execute()
    edit.leave(planner)


def chain(n):
    """v0 = v1 = ... = vn: what is edited at the head arrives at the tail."""
    planner = Planner()
    variables = [Variable(0) for _ in range(n + 1)]
    for a, b in zip(variables, variables[1:]):
        Equal(a, b, REQUIRED, planner)
    Stay(variables[-1], STRONG_DEFAULT, planner)
    edit = Edit(variables[0], PREFERRED, planner)
    plan = planner.plan([edit])
    total = 0
    for i in range(100):
        variables[0].value = i
        for c in plan:
            c.execute()
        if variables[-1].value != i:
            raise AssertionError("the chain broke")
        total += variables[n // 2].value
    edit.leave(planner)
    return total


def projection(n):
    """to[i] = from[i] * factor + offset, edited at each of the four."""
    planner = Planner()
    factor, offset = Variable(10), Variable(1000)
    sources, targets = [], []
    for i in range(n):
        source, target = Variable(i), Variable(i)
        Stay(source, NORMAL, planner)
        Scale(source, factor, offset, target, REQUIRED, planner)
        sources.append(source)
        targets.append(target)
    set_value(planner, sources[-1], 17)
    if targets[-1].value != 1170:
        raise AssertionError("forward projection")
    set_value(planner, targets[-1], 1050)
    if sources[-1].value != 5:
        raise AssertionError("backward projection")
    set_value(planner, factor, 5)
    for i in range(n - 1):
        if targets[i].value != sources[i].value * 5 + 1000:
            raise AssertionError("factor changed")
    set_value(planner, offset, 2000)
    for i in range(n - 1):
        if targets[i].value != sources[i].value * 5 + 2000:
            raise AssertionError("offset changed")
    return sum(t.value for t in targets)


def run(size):
    return chain(size), projection(size)


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
