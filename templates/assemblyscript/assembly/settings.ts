// The fields of a configuration, each read by name with the type it must have. A field that nobody reads is a fault.
import { Json, JsonReader, Kind } from "./json";

const maxCount: f64 = 9007199254740991;

export class Settings {
  private fields: Map<string, Json>;
  private known: Set<string> = new Set();
  /** The first fault that was seen. */
  private fault: string;

  /** An empty text is an object without fields. */
  constructor(json: string) {
    const reader = new JsonReader(json.trim() == "" ? "{}" : json);
    const document = reader.document();
    this.fields = document.fields;
    this.fault = reader.problem;
    if (this.fault == "" && document.kind != Kind.Fields) {
      this.fault = "it must be an object";
    }
  }

  text(name: string, fallback: string): string {
    const value = this.take(name, Kind.Text, "a text");
    return value == null ? fallback : value.text;
  }

  flag(name: string, fallback: bool): bool {
    const value = this.take(name, Kind.Flag, "true or false");
    return value == null ? fallback : value.text == "true";
  }

  /** A whole number from 0 on. */
  count(name: string, fallback: u64): u64 {
    const value = this.take(name, Kind.Number, "a number");
    if (value == null) return fallback;
    const number = F64.parseFloat(value.text);
    if (number >= 0 && number <= maxCount && number == Math.floor(number)) {
      return <u64>number;
    }
    this.refuse(name + " must be a whole number, 0 or more");
    return fallback;
  }

  texts(name: string, fallback: string[]): string[] {
    const value = this.take(name, Kind.List, "a list of texts");
    if (value == null) return fallback;
    const result: string[] = [];
    for (let i = 0; i < value.items.length; i++) {
      const item = value.items[i];
      if (item.kind == Kind.Text) result.push(item.text);
      else this.refuse(name + " must be a list of texts");
    }
    return result;
  }

  /** An object whose values are texts. */
  textMap(name: string): Map<string, string> {
    const result = new Map<string, string>();
    const value = this.take(name, Kind.Fields, "an object of texts");
    if (value == null) return result;
    const keys = value.fields.keys();
    for (let i = 0; i < keys.length; i++) {
      const item = value.fields.get(keys[i]);
      if (item.kind == Kind.Text) result.set(keys[i], item.text);
      else this.refuse(name + " must be an object of texts");
    }
    return result;
  }

  /** Says what is wrong; the first fault counts. */
  refuse(fault: string): void {
    if (this.fault == "") this.fault = fault;
  }

  /** After all fields were read: what is wrong, or "" when nothing is. */
  problem(): string {
    const names = this.fields.keys();
    for (let i = 0; i < names.length; i++) {
      if (!this.known.has(names[i])) {
        this.refuse('unknown field "' + names[i] + '"');
      }
    }
    return this.fault;
  }

  private take(name: string, kind: Kind, what: string): Json | null {
    this.known.add(name);
    if (!this.fields.has(name)) return null;
    const value = this.fields.get(name);
    if (value.kind == kind) return value;
    this.refuse(name + " must be " + what);
    return null;
  }
}
