// JSON: reads any document, strictly, and writes values without white space.

export enum Kind {
  Null,
  Flag,
  Number,
  Text,
  List,
  Fields,
}

/** Deeper documents are refused, so that none can use up the stack. */
const maxDepth: i32 = 32;

export class Json {
  kind: Kind = Kind.Null;
  /** Content of a text; a number, `true` or `false` as it is written. */
  text: string = "";
  items: Json[] = [];
  fields: Map<string, Json> = new Map();

  toString(): string {
    if (this.kind == Kind.Null) return "null";
    if (this.kind == Kind.Text) return quote(this.text);
    if (this.kind == Kind.List) {
      return (
        "[" + this.items.map<string>((item) => item.toString()).join(",") + "]"
      );
    }
    if (this.kind != Kind.Fields) return this.text;
    const names = this.fields.keys();
    const parts: string[] = [];
    for (let i = 0; i < names.length; i++) {
      parts.push(quote(names[i]) + ":" + this.fields.get(names[i]).toString());
    }
    return "{" + parts.join(",") + "}";
  }
}

/** A text as it is written in JSON. */
export function quote(text: string): string {
  let result = '"';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const char = text.charAt(i);
    if (char == '"' || char == "\\") result += "\\" + char;
    else if (code < 32)
      result += "\\u00" + hexDigit(code >> 4) + hexDigit(code);
    else result += char;
  }
  return result + '"';
}

function hexDigit(value: i32): string {
  return "0123456789abcdef".charAt(value & 15);
}

/** Stops at the first fault and says what it is. */
export class JsonReader {
  position: i32 = 0;
  /** Empty when the document is good. */
  problem: string = "";

  constructor(public text: string) {}

  /** The whole text as one value. */
  document(): Json {
    const value = this.value(0);
    if (this.peek() != "") this.fail("expected nothing more");
    return value;
  }

  value(depth: i32): Json {
    const result = new Json();
    const char = this.peek();
    if (depth > maxDepth) {
      this.fail("nested too deep");
    } else if (char == "{") {
      result.kind = Kind.Fields;
      this.object(result, depth);
    } else if (char == "[") {
      result.kind = Kind.List;
      this.list(result, depth);
    } else if (char == '"') {
      result.kind = Kind.Text;
      result.text = this.string();
    } else {
      this.plain(result);
    }
    return result;
  }

  object(result: Json, depth: i32): void {
    this.expect("{");
    if (this.peek() != "}") {
      while (this.problem == "") {
        const name = this.string();
        this.expect(":");
        result.fields.set(name, this.value(depth + 1));
        if (this.peek() != ",") break;
        this.expect(",");
      }
    }
    this.expect("}");
  }

  list(result: Json, depth: i32): void {
    this.expect("[");
    if (this.peek() != "]") {
      while (this.problem == "") {
        result.items.push(this.value(depth + 1));
        if (this.peek() != ",") break;
        this.expect(",");
      }
    }
    this.expect("]");
  }

  /** A number, `true`, `false` or `null`. */
  plain(result: Json): void {
    const start = this.position;
    while (isPlain(this.text.charCodeAt(this.position))) this.position++;
    const word = this.text.substring(start, this.position);
    result.text = word;
    if (word == "true" || word == "false") result.kind = Kind.Flag;
    else if (isNumber(word)) result.kind = Kind.Number;
    else if (word != "null") {
      this.position = start;
      this.fail("expected a value");
    }
  }

  string(): string {
    let result = "";
    this.expect('"');
    while (this.problem == "") {
      const char = this.text.charAt(this.position);
      if (char == "") {
        this.fail("the text is not closed");
      } else if (char == '"') {
        this.position++;
        break;
      } else if (char == "\\") {
        result += this.escape();
      } else if (char.charCodeAt(0) < 32) {
        this.fail("control character in a text");
      } else {
        result += char;
        this.position++;
      }
    }
    return result;
  }

  escape(): string {
    const char = this.text.charAt(this.position + 1);
    const index = '"\\/bfnrt'.indexOf(char);
    if (char != "" && index >= 0) {
      this.position += 2;
      return '"\\/\b\f\n\r\t'.charAt(index);
    }
    if (char == "u") {
      const digits = this.text.substr(this.position + 2, 4);
      if (digits.length == 4 && isHex(digits)) {
        this.position += 6;
        return String.fromCharCode(I32.parseInt(digits, 16));
      }
    }
    this.fail("unknown escape");
    return "";
  }

  /** The next character that is not white space, or "" at the end. */
  peek(): string {
    while (this.position < this.text.length) {
      const code = this.text.charCodeAt(this.position);
      if (code != 32 && code != 9 && code != 10 && code != 13) break;
      this.position++;
    }
    return this.text.charAt(this.position);
  }

  expect(char: string): void {
    if (this.problem != "") return;
    if (this.peek() == char) this.position++;
    else this.fail("expected " + char);
  }

  fail(problem: string): void {
    if (this.problem != "") return;
    this.problem = problem + " at character " + (this.position + 1).toString();
  }
}

function isHex(digits: string): bool {
  for (let i = 0; i < digits.length; i++) {
    if ("0123456789abcdefABCDEF".indexOf(digits.charAt(i)) < 0) return false;
  }
  return true;
}

/** Whether a word may go on with this character; false at the end of the text. */
function isPlain(code: i32): bool {
  const small = code | 32;
  return (
    isDigit(code) ||
    (small >= 97 && small <= 122 && code >= 65) ||
    code == 43 ||
    code == 45 ||
    code == 46
  );
}

function isDigit(code: i32): bool {
  return code >= 48 && code <= 57;
}

function isNumber(word: string): bool {
  let at = word.startsWith("-") ? 1 : 0;
  const whole = digitsFrom(word, at);
  if (whole == at || (word.charAt(at) == "0" && whole > at + 1)) return false;
  at = whole;
  if (word.charAt(at) == ".") {
    const end = digitsFrom(word, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (word.charAt(at) == "e" || word.charAt(at) == "E") {
    const sign = word.charAt(at + 1);
    const start = at + (sign == "+" || sign == "-" ? 2 : 1);
    const end = digitsFrom(word, start);
    if (end == start) return false;
    at = end;
  }
  return at == word.length;
}

/** Where the digits that start at `at` end. */
function digitsFrom(word: string, at: i32): i32 {
  while (at < word.length && isDigit(word.charCodeAt(at))) at++;
  return at;
}
