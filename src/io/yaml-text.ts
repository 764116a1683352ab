/** Writes YAML that YAML 1.1 readers (kubectl, yaml-cpp) and 1.2 readers take for the same values, whatever the texts hold. */
import { type Document, Scalar, type ToStringOptions, visit } from 'yaml';

// U+0085, U+2028 and U+2029 end a line in YAML 1.1; kubectl drops U+FEFF and refuses the other ones when they are not escaped.

const unsafe = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;
const unsafeEverywhere = new RegExp(unsafe, 'g');

/** Returns true for a text that holds a character which YAML text must not hold as it is. */
export function isUnsafe(text: string): boolean {
  return unsafe.test(text);
}

/** Returns the document's text, in which unsafe characters are only escapes in double quotes. Changes styles of its scalars. */
export function stringifyDocument(document: Document, options: ToStringOptions = {}): string {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && isUnsafe(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // On one line: a fold would drop blanks at its system.
  const text = document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Infinity, ...options });
  return escapeUnsafe(text);
}

/** Returns a value as JSON that is also a YAML flow value: unsafe characters are escapes. */
export function stringifyFlow(value: unknown, indent?: number): string {
  return escapeUnsafe(JSON.stringify(value, null, indent));
}

/** Writes unsafe characters of a JSON or double-quoted YAML text as escapes that both formats have. */
export function escapeUnsafe(text: string): string {
  return text.replace(unsafeEverywhere, escape);
}

/** Returns a text that stays on its comment lines: line feeds are kept, other control characters are written as escapes. */
export function commentText(text: string): string {
  return escapeUnsafe(text).replace(/[\x00-\x09\x0b-\x1f]|\p{Surrogate}/gu, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
