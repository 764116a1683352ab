/** Lint rule: a delay that is not a constant goes through `startTimer` or `pause`, which also wait longer than 2^31 − 1 ms. */

const timers = new Set(['setTimeout', 'setInterval', 'sleep']);

/** Whether the expression has the same value in every run: numbers, and names that are bound to such or imported. */
function isConstant(node, scope) {
  if (node === undefined || node.type === 'Literal') return true;
  if (node.type === 'BinaryExpression') return isConstant(node.left, scope) && isConstant(node.right, scope);
  if (node.type !== 'Identifier') return false;
  for (let at = scope; at !== null; at = at.upper) {
    const variable = at.set.get(node.name);
    if (variable === undefined) continue;
    const [definition] = variable.defs;
    if (definition?.type === 'ImportBinding') return true;
    const isConst = definition?.type === 'Variable' && definition.parent.kind === 'const';
    return isConst && definition.node.init !== null && isConstant(definition.node.init, at);
  }
  return false;
}

export const timerDelays = {
  meta: {
    type: 'problem',
    messages: { delay: 'Node cuts a delay above 2^31 − 1 ms to 1 ms: use startTimer of src/io/timer.ts.' },
  },
  create: context => ({
    CallExpression(node) {
      if (node.callee.type !== 'Identifier' || !timers.has(node.callee.name)) return;
      const delay = node.arguments[node.callee.name === 'sleep' ? 0 : 1];
      if (!isConstant(delay, context.sourceCode.getScope(node))) context.report({ node, messageId: 'delay' });
    },
  }),
};
