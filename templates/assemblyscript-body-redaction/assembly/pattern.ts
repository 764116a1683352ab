// Regular expressions over bytes of UTF-8. A search never goes back in the text, so no pattern makes it hang: all ways through the
// pattern are followed side by side, one byte at a time.
//
// What it knows: . [a-z] [^a-z] \d \w \s \D \W \S \b \B ^ $ ( ) (?: ) | * + ? {n} {n,} {n,m}, lazy with ? behind them, escaped
// signs, \t \n \r. Characters beyond ASCII stand for themselves outside of [ ]; what is not known is refused.

/** What a step does; a step is an operation and two numbers. */
enum Op {
  /** Takes a byte that is in the set `a`, goes on with the next step. */
  Byte,
  /** Goes on with step `a` and, if that leads nowhere, with step `b`. */
  Split,
  Jump,
  /** \b (`a` is 1) or \B (`a` is 0). */
  Boundary,
  Start,
  End,
  Match,
}

class Step {
  constructor(
    public op: Op,
    public a: i32 = 0,
    public b: i32 = 0,
  ) {}
}

/** A set of bytes. */
type ByteSet = StaticArray<bool>;

/** {n,m} repeats the steps of what is before it: a pattern with more is refused. */
const maxSteps: i32 = 5000;
const maxDepth: i32 = 50;

const endOfPattern: i32 = -1;

export class Pattern {
  /** What is wrong with it; empty when it is good. */
  problem: string = "";
  private steps: Step[] = [];
  private sets: ByteSet[] = [];
  private at: i32 = 0;
  private depth: i32 = 0;

  constructor(private source: string) {
    this.alternatives();
    if (this.at < source.length) this.fail("a ) without its (");
    this.add(Op.Match);
  }

  /** The text with matches replaced. Matches of nothing do not count. */
  replaceAll(text: Uint8Array, replacement: Uint8Array): Uint8Array {
    const search = new Search(this.steps, this.sets, text);
    const parts: Uint8Array[] = [];
    let kept = 0;
    let size = 0;
    while (search.next()) {
      parts.push(text.subarray(kept, search.start));
      parts.push(replacement);
      size += search.start - kept + replacement.length;
      kept = search.end;
    }
    if (parts.length == 0) return text;
    parts.push(text.subarray(kept));
    const result = new Uint8Array(size + text.length - kept);
    let at = 0;
    for (let i = 0; i < parts.length; i++) {
      result.set(parts[i], at);
      at += parts[i].length;
    }
    return result;
  }

  private peek(): i32 {
    return this.at < this.source.length
      ? this.source.charCodeAt(this.at)
      : endOfPattern;
  }

  private accept(char: string): bool {
    if (!this.source.startsWith(char, this.at)) return false;
    this.at += char.length;
    return true;
  }

  private fail(problem: string): void {
    if (this.problem == "") {
      this.problem = problem + " at character " + (this.at + 1).toString();
    }
    // Nothing more is read.
    this.at = this.source.length;
  }

  private add(op: Op, a: i32 = 0, b: i32 = 0): i32 {
    if (this.steps.length >= maxSteps) this.fail("too large");
    else this.steps.push(new Step(op, a, b));
    return this.steps.length - 1;
  }

  /** Puts a step before those from `start` on. */
  private insert(start: i32, op: Op, a: i32 = 0, b: i32 = 0): void {
    const moved = this.steps.splice(start);
    this.add(op, a, b);
    this.append(moved, 1);
  }

  /** Adds steps that were `offset` steps further up, and what they point at within them. */
  private append(steps: Step[], offset: i32): void {
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i];
      const moves = step.op == Op.Split || step.op == Op.Jump;
      const a = moves ? step.a + offset : step.a;
      this.add(step.op, a, step.op == Op.Split ? step.b + offset : step.b);
    }
  }

  private alternatives(): void {
    const start = this.steps.length;
    this.sequence();
    if (!this.accept("|")) return;
    this.insert(start, Op.Split, start + 1, this.steps.length + 2);
    const jump = this.add(Op.Jump);
    this.alternatives();
    if (this.problem == "") this.steps[jump].a = this.steps.length;
  }

  private sequence(): void {
    while (this.at < this.source.length) {
      const code = this.peek();
      if (code == 0x7c || code == 0x29) return;
      const start = this.steps.length;
      this.atom();
      this.repeats(start);
    }
  }

  private atom(): void {
    if (this.accept("(")) this.group();
    else if (this.accept("[")) this.bracket();
    else if (this.accept("\\")) this.escape();
    else if (this.accept("^")) this.add(Op.Start);
    else if (this.accept("$")) this.add(Op.End);
    else if (this.accept(".")) this.character(setOf("\n"), true);
    else {
      const code = this.source.codePointAt(this.at);
      if (code == 0x2a || code == 0x2b || code == 0x3f || code == 0x7b) {
        return this.fail("nothing to repeat");
      }
      const char = String.fromCodePoint(code);
      this.at += char.length;
      this.literal(char);
    }
  }

  private group(): void {
    if (this.accept("?") && !this.accept(":")) this.fail("unknown group");
    if (++this.depth > maxDepth) this.fail("nested too deep");
    this.alternatives();
    this.depth--;
    if (!this.accept(")")) this.fail("a ( without its )");
  }

  private literal(char: string): void {
    const bytes = Uint8Array.wrap(String.UTF8.encode(char));
    for (let i = 0; i < bytes.length; i++) {
      this.byteBetween(bytes[i], bytes[i]);
    }
  }

  private escape(): void {
    const char = this.source.charAt(this.at);
    if (char == "b" || char == "B") {
      this.at++;
      this.add(Op.Boundary, char == "b" ? 1 : 0);
      return;
    }
    const set = newSet();
    this.escapedInto(set, true);
  }

  /** Reads what is after a backslash into the set; `alone`: it is a character of its own and becomes steps. */
  private escapedInto(set: ByteSet, alone: bool): i32 {
    const char = this.source.charAt(this.at);
    const code = char == "" ? 0 : char.charCodeAt(0);
    const small = code | 32;
    if (small == 0x64 || small == 0x77 || small == 0x73) {
      const named = namedSet(small);
      const inverted = code != small;
      this.at++;
      if (alone) this.character(named, inverted);
      else if (inverted) this.fail(char + " in [ ]");
      else include(set, named);
      return -1;
    }
    const control = "tnr".indexOf(char);
    const isLetter = (small >= 0x61 && small <= 0x7a) || isDigit(code);
    if (char == "" || (isLetter && control < 0) || code > 127) {
      this.fail("unknown escape");
      return -1;
    }
    this.at++;
    const value = isLetter ? "\t\n\r".charCodeAt(control) : code;
    if (alone) this.byteBetween(<u8>value, <u8>value);
    return value;
  }

  private bracket(): void {
    const inverted = this.accept("^");
    const set = newSet();
    // The last single character, which a range may start with; -1 after a range or a named set.
    let last = -1;
    let first = true;
    while (this.problem == "") {
      if (this.peek() == endOfPattern) return this.fail("a [ without its ]");
      if (!first && this.accept("]")) break;
      first = false;
      const range = last >= 0 && this.peek() == 0x2d && !this.ends(1);
      if (range) this.at++;
      const code = this.member(set);
      if (range) {
        if (code < last) return this.fail("a range that is upside down");
        for (let i = last; i <= code; i++) set[i] = true;
        last = -1;
      } else {
        last = code;
        if (code >= 0) set[code] = true;
      }
    }
    this.character(set, inverted);
  }

  /** Whether the bracket ends `ahead` characters from here. */
  private ends(ahead: i32): bool {
    return this.source.charAt(this.at + ahead) == "]";
  }

  /** One character in a bracket; -1 when it was a named set, or a fault. */
  private member(set: ByteSet): i32 {
    if (this.accept("\\")) return this.escapedInto(set, false);
    const code = this.peek();
    if (code > 127) this.fail("characters beyond ASCII in [ ]");
    else if (code == 0x5b) this.fail("a [ in [ ]");
    else this.at++;
    return code > 127 || code == 0x5b ? -1 : code;
  }

  /** Steps for one character that is in a set of ASCII, or for one that is not: that may have more than one byte. */
  private character(set: ByteSet, inverted: bool): void {
    if (!inverted) {
      this.byteOf(set);
      return;
    }
    const others = newSet();
    for (let i = 0; i < 128; i++) others[i] = !set[i];
    const first = this.add(Op.Split);
    this.byteOf(others);
    const jump1 = this.add(Op.Jump);
    const second = this.add(Op.Split);
    this.byteBetween(0xc2, 0xdf);
    const jump2 = this.add(Op.Jump);
    const third = this.add(Op.Split);
    this.byteBetween(0xe0, 0xef);
    const jump3 = this.add(Op.Jump);
    const fourth = this.steps.length;
    this.byteBetween(0xf0, 0xf4);
    this.byteBetween(0x80, 0xbf);
    const three = this.byteBetween(0x80, 0xbf);
    const two = this.byteBetween(0x80, 0xbf);
    if (this.problem != "") return;
    this.point(first, first + 1, second);
    this.point(second, second + 1, third);
    this.point(third, third + 1, fourth);
    this.point(jump1, this.steps.length, 0);
    this.point(jump2, two, 0);
    this.point(jump3, three, 0);
  }

  private point(step: i32, a: i32, b: i32): void {
    this.steps[step].a = a;
    this.steps[step].b = b;
  }

  private byteOf(set: ByteSet): i32 {
    this.sets.push(set);
    return this.add(Op.Byte, this.sets.length - 1);
  }

  private byteBetween(from: u8, to: u8): i32 {
    const set = newSet();
    for (let i = <i32>from; i <= <i32>to; i++) set[i] = true;
    return this.byteOf(set);
  }

  /** What says how often the steps from `start` on are taken. */
  private repeats(start: i32): void {
    if (this.accept("*")) this.repeat(start, 0, -1);
    else if (this.accept("+")) this.repeat(start, 1, -1);
    else if (this.accept("?")) this.repeat(start, 0, 1);
    else if (this.accept("{")) {
      const least = this.number();
      const most = !this.accept(",")
        ? least
        : this.peek() == 0x7d
          ? -1
          : this.number();
      if (!this.accept("}")) this.fail("a { without its }");
      if (most >= 0 && most < least) this.fail("a range that is upside down");
      this.repeat(start, least, most);
    } else return;
    const next = this.peek();
    if (next == 0x2a || next == 0x2b || next == 0x3f || next == 0x7b) {
      this.fail("repeated twice");
    }
  }

  private number(): i32 {
    let value = 0;
    const start = this.at;
    while (isDigit(this.peek()) && value <= maxSteps) {
      value = value * 10 + this.peek() - 0x30;
      this.at++;
    }
    if (this.at == start) this.fail("expected a number");
    else if (value > maxSteps) this.fail("too large");
    return value;
  }

  /** `most` -1: without end. */
  private repeat(start: i32, least: i32, most: i32): void {
    const lazy = this.accept("?");
    const body = this.steps.splice(start);
    for (let i = 0; i < least && this.problem == ""; i++) {
      this.append(body, this.steps.length - start);
    }
    if (most < 0) {
      const split = this.add(Op.Split);
      this.append(body, split + 1 - start);
      this.add(Op.Jump, split);
      this.choose(split, this.steps.length, lazy);
      return;
    }
    const splits: i32[] = [];
    for (let i = least; i < most && this.problem == ""; i++) {
      splits.push(this.add(Op.Split));
      this.append(body, this.steps.length - start);
    }
    for (let i = 0; i < splits.length; i++) {
      this.choose(splits[i], this.steps.length, lazy);
    }
  }

  /** Into what follows the step, or past it to `out`: which is tried first. */
  private choose(split: i32, out: i32, lazy: bool): void {
    if (this.problem != "") return;
    this.point(split, lazy ? out : split + 1, lazy ? split + 1 : out);
  }
}

/** Goes through a text from match to match: the leftmost first, of those the one that the pattern prefers. */
class Search {
  start: i32 = 0;
  end: i32 = 0;
  /** Steps that wait for the next byte, the preferred first, and where the match of each began. */
  private waiting: i32[] = [];
  private began: i32[] = [];
  /** For each step the position at which it was last reached, plus 1. */
  private reached: StaticArray<i32>;
  private open: i32[] = [];

  constructor(
    private steps: Step[],
    private sets: ByteSet[],
    private text: Uint8Array,
  ) {
    this.reached = new StaticArray<i32>(steps.length);
  }

  /** Finds the next match that is not empty. */
  next(): bool {
    let from = this.end;
    while (from <= this.text.length) {
      if (!this.find(from)) return false;
      if (this.end > this.start) return true;
      from = this.end + 1;
    }
    return false;
  }

  private find(from: i32): bool {
    let found = false;
    this.waiting = [];
    this.began = [];
    this.reached.fill(0);
    for (let at = from; at <= this.text.length; at++) {
      const waiting = this.waiting;
      const began = this.began;
      this.waiting = [];
      this.began = [];
      let done = false;
      const byte = at > from ? this.text[at - 1] : 0;
      for (let i = 0; i < waiting.length && !done; i++) {
        const step = this.steps[waiting[i]];
        if (!this.sets[step.a][byte]) continue;
        done = this.follow(waiting[i] + 1, began[i], at);
        found = found || done;
      }
      if (!found && !done) found = this.follow(0, at, at);
      if (found && this.waiting.length == 0) return true;
    }
    return found;
  }

  /** Follows all steps that take no byte; gives whether a match ends here: what is less preferred counts no more then. */
  private follow(first: i32, began: i32, at: i32): bool {
    const open = this.open;
    open.push(first);
    while (open.length > 0) {
      const index = open.pop();
      if (this.reached[index] == at + 1) continue;
      this.reached[index] = at + 1;
      const step = this.steps[index];
      if (step.op == Op.Match) {
        this.start = began;
        this.end = at;
        open.length = 0;
        return true;
      }
      if (step.op == Op.Byte) {
        this.waiting.push(index);
        this.began.push(began);
      } else if (step.op == Op.Split) {
        open.push(step.b);
        open.push(step.a);
      } else if (step.op == Op.Jump) open.push(step.a);
      else if (this.holds(step, at)) open.push(index + 1);
    }
    return false;
  }

  private holds(step: Step, at: i32): bool {
    if (step.op == Op.Start) return at == 0;
    if (step.op == Op.End) return at == this.text.length;
    return (this.isWord(at - 1) != this.isWord(at)) == (step.a == 1);
  }

  private isWord(at: i32): bool {
    return at >= 0 && at < this.text.length && isWordByte(this.text[at]);
  }
}

function newSet(): ByteSet {
  return new StaticArray<bool>(256);
}

function setOf(chars: string): ByteSet {
  const set = newSet();
  for (let i = 0; i < chars.length; i++) set[chars.charCodeAt(i)] = true;
  return set;
}

function include(set: ByteSet, more: ByteSet): void {
  for (let i = 0; i < 256; i++) set[i] = set[i] || more[i];
}

/** \d, \w or \s, by their letter. */
function namedSet(letter: i32): ByteSet {
  if (letter == 0x64) return setOf("0123456789");
  if (letter == 0x73) return setOf(" \t\n\r\v\f");
  const set = newSet();
  for (let i = 0; i < 128; i++) set[i] = isWordByte(<u8>i);
  return set;
}

function isDigit(code: i32): bool {
  return code >= 0x30 && code <= 0x39;
}

function isWordByte(code: u8): bool {
  const small = code | 32;
  return isDigit(code) || (small >= 0x61 && small <= 0x7a) || code == 0x5f;
}
