// The filter's configuration: a flat JSON object of strings. A bare text is taken as the greeting.
//
//   { "greeting": "hello", "blockedPath": "/blocked", "checkCluster": "auth" }

export class Config {
  /** Value of the header `x-greeting` on requests and responses. */
  greeting: string = "hello";
  /** Requests for this path, or anything below it, are answered by the filter. Empty: none. */
  blockedPath: string = "/blocked";
  /** Cluster that is asked before a request goes on. Empty: nobody is asked. */
  checkCluster: string = "";
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  /** Whether the filter answers this `:path` itself. */
  blocks(path: string): bool {
    if (this.blockedPath == "") return false;
    const query = path.indexOf("?");
    const plain = query < 0 ? path : path.substring(0, query);
    return (
      plain == this.blockedPath || plain.startsWith(this.blockedPath + "/")
    );
  }
}

export function parseConfig(text: string): Config {
  const config = new Config();
  const trimmed = text.trim();
  if (trimmed == "") return config;
  if (!trimmed.startsWith("{")) {
    config.greeting = trimmed;
    return config;
  }
  const reader = new Reader(trimmed);
  const fields = reader.object();
  if (reader.problem != "") {
    config.problem =
      reader.problem + " at character " + (reader.position + 1).toString();
    return config;
  }
  const keys = fields.keys();
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const value = fields.get(key);
    if (key == "greeting") config.greeting = value;
    else if (key == "blockedPath") config.blockedPath = value;
    else if (key == "checkCluster") config.checkCluster = value;
    else config.problem = 'unknown field "' + key + '"';
  }
  return config;
}

/** Reads the part of JSON that the configuration uses. Stops at the first fault and says what it is. */
class Reader {
  text: string;
  position: i32 = 0;
  problem: string = "";

  constructor(text: string) {
    this.text = text;
  }

  object(): Map<string, string> {
    const fields = new Map<string, string>();
    this.expect("{");
    if (this.peek() == "}") {
      this.expect("}");
    } else {
      while (this.problem == "") {
        const key = this.string();
        this.expect(":");
        fields.set(key, this.string());
        if (this.peek() != ",") break;
        this.expect(",");
      }
      this.expect("}");
    }
    if (this.peek() != "") this.fail("expected nothing more");
    return fields;
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
    while (
      this.position < this.text.length &&
      this.text.charCodeAt(this.position) <= 32
    ) {
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
    if (this.problem == "") this.problem = problem;
  }
}

function isHex(digits: string): bool {
  for (let i = 0; i < digits.length; i++) {
    if ("0123456789abcdefABCDEF".indexOf(digits.charAt(i)) < 0) return false;
  }
  return true;
}
