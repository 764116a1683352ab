/** Linker names as people wrote them: Rust (legacy and v0) and the common part of Itanium C++. For display only. */

/** The readable form, or the name as it is. Never fails. */
export function demangle(name: string): string {
  if (name.startsWith('_ZN')) return demangleNested(name) ?? name;
  if (name.startsWith('_R')) return demangleRust(name) ?? name;
  if (name.startsWith('_Z')) {
    const plain = readIdentifier(name, 2);
    return plain ? plain.text : name;
  }
  return name;
}

/** `_ZN 4core 3fmt 5Write 17h0123456789abcdef E`: a path of length-prefixed parts; Rust ends it with a hash. */
function demangleNested(name: string): string | undefined {
  const parts: string[] = [];
  let at = 3;
  while ('KVrRO'.includes(name[at] ?? ' ')) at++;
  while (at < name.length && name[at] !== 'E') {
    if (name.startsWith('St', at)) {
      parts.push('std');
      at += 2;
      continue;
    }
    if (name[at] === 'I') return parts.length === 0 ? undefined : `${parts.join('::')}<…>`;
    if (/^[CD][0-4]/.test(name.slice(at, at + 2))) {
      parts.push(`${name[at] === 'D' ? '~' : ''}${parts.at(-1) ?? ''}`);
      at += 2;
      continue;
    }
    const part = readIdentifier(name, at);
    if (!part) return parts.length === 0 ? undefined : parts.join('::');
    parts.push(part.text);
    at = part.next;
  }
  if (/^h[0-9a-f]{16}$/.test(parts.at(-1) ?? '')) {
    parts.pop();
    return parts.map(rustEscapes).join('::');
  }
  return parts.join('::');
}

function readIdentifier(name: string, at: number): { text: string; next: number } | undefined {
  const digits = /^[0-9]+/.exec(name.slice(at, at + 6))?.[0];
  if (!digits) return undefined;
  const start = at + digits.length;
  const length = Number(digits);
  if (length === 0 || start + length > name.length) return undefined;
  return { text: name.slice(start, start + length), next: start + length };
}

const escapes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    SP: '@',
    BP: '*',
    RF: '&',
    LT: '<',
    GT: '>',
    LP: '(',
    RP: ')',
    C: ',',
  }),
);

function rustEscapes(part: string): string {
  return part
    .replace(/^_\$/, '$')
    .replace(/\$([A-Z]{1,2}|u[0-9a-f]{1,6})\$/g, (whole, code: string) =>
      code.startsWith('u') ? codePoint(code.slice(1), whole) : (escapes.get(code) ?? whole),
    )
    .replaceAll('..', '::');
}

function codePoint(hex: string, whole: string): string {
  const value = Number.parseInt(hex, 16);
  return value > 0x1f && value <= 0x10ffff ? String.fromCodePoint(value) : whole;
}

/** Rust v0: the identifiers of the path in order; generic arguments and types are left out. */
function demangleRust(name: string): string | undefined {
  const parts: string[] = [];
  let at = 2;
  while (at < name.length && parts.length < 12) {
    const letter = name[at] ?? '';
    if (letter === 's' || letter === 'B') {
      const end = name.indexOf('_', at);
      if (end < 0) break;
      at = end + 1;
      continue;
    }
    if (letter === 'I' && parts.length > 0) break;
    if (/[0-9]/.test(letter)) {
      const digits = /^[0-9]+/.exec(name.slice(at, at + 6))?.[0] ?? '';
      let start = at + digits.length;
      if (name[start] === '_') start++;
      const text = name.slice(start, start + Number(digits));
      if (text.length > 0) parts.push(text);
      else parts.push('{closure}');
      at = start + Number(digits);
      continue;
    }
    at++;
  }
  return parts.length === 0 ? undefined : parts.join('::');
}
