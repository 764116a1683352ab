/** Reads the comments of the host functions, and says what each leaves out: a parameter, a status, the specification. */
import ts from 'typescript';
import type { SourceFile } from '../tree.ts';

const specification: readonly (readonly [functions: RegExp, page: string])[] = [
  [/^proxy_/, 'https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.'],
  [
    /^(args|clock|environ|fd|path|poll|proc|random|sched|sock)_/,
    'https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md',
  ],
];

export interface FunctionComment {
  readonly name: string;
  /** Empty when the comment is complete. */
  readonly missing: readonly string[];
}

/** Returns one entry for each function in the objects that `file` exports as `…Functions`. */
export function readFunctionComments(file: SourceFile): FunctionComment[] {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const found: FunctionComment[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && /Functions$/.test(node.name.getText()) && node.initializer) {
      const { initializer } = node;
      const object = ts.isSatisfiesExpression(initializer) ? initializer.expression : initializer;
      if (ts.isObjectLiteralExpression(object))
        for (const property of object.properties) found.push(judge(property));
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function judge(property: ts.ObjectLiteralElementLike): FunctionComment {
  const name = property.name?.getText() ?? '';
  const comment = ts
    .getJSDocCommentsAndTags(property)
    .map(node => node.getText())
    .join('\n');
  if (comment === '') return { name, missing: ['a comment'] };
  const made = ts.isPropertyAssignment(property) ? property.initializer : property;
  const parameters = ts.isFunctionLike(made)
    ? made.parameters.map(parameter => parameter.name.getText())
    : [];
  const statuses = [...property.getText().matchAll(/\b(?:Status|Errno)\.([A-Z]\w+)/g)].map(
    ([, word]) => word ?? '',
  );
  const [, page] = specification.find(([functions]) => functions.test(name)) ?? [];
  return {
    name,
    missing: [
      ...parameters
        .filter(parameter => parameter !== 'vm' && !parameter.startsWith('_'))
        .filter(parameter => !comment.includes(`\`${parameter}\``)),
      ...new Set(statuses.filter(status => !new RegExp(`\\b${status}\\b`).test(comment))),
      ...(page === undefined || (comment.includes(page) && comment.includes(`#${name}\n`))
        ? []
        : ['the link']),
    ],
  };
}
