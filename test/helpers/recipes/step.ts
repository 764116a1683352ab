/** A step of a recipe in docs/contributing.md: one file, how it changes, and what reports that the step was left out. */

/**
 * `types`, `more types` and `even more types` are runs of the type checker: steps whose omissions would hide each other's
 * reports are in different ones. `tests` is a run of the recipe's tests.
 */
export type Report = 'types' | 'more types' | 'even more types' | 'tests';

export interface Step {
  /** From the root of the tree. */
  readonly path: string;
  /** The file's new text; the old one is empty for a new file. */
  readonly edit: (text: string) => string;
  /** Names the check that reports a missing step, and the text of its report: the name of a file, and what it lacks. */
  readonly reportedBy: Report;
  readonly says: RegExp;
}

export interface Recipe {
  /** Its heading in docs/contributing.md. */
  readonly title: string;
  /** The name of what is added; `<name>` on the page. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** Tests that concern it, as filters for vitest. */
  readonly tests: readonly string[];
}

/** Puts `lines` behind the line that contains `anchor`. Fails when no line does: the tree has changed, and so must the recipe. */
export function behind(anchor: string, lines: string): (text: string) => string {
  return text => {
    const at = text.indexOf(anchor);
    if (at < 0) throw new Error(`no line contains ${JSON.stringify(anchor)}`);
    const end = text.indexOf('\n', at) + 1;
    return `${text.slice(0, end)}${lines}\n${text.slice(end)}`;
  };
}

/** Replaces the first occurrence of `old`; fails as `behind` does. */
export function instead(old: string, text: string): (file: string) => string {
  return file => {
    if (!file.includes(old)) throw new Error(`nothing reads ${JSON.stringify(old)}`);
    return file.replace(old, () => text);
  };
}

/** Several edits of one file, in order. */
export function all(...edits: readonly ((text: string) => string)[]): (text: string) => string {
  return text => edits.reduce((current, edit) => edit(current), text);
}

/** A new file. */
export function file(text: string): (old: string) => string {
  return old => {
    if (old !== '') throw new Error('the file is there already');
    return text;
  };
}
