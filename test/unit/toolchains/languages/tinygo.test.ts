/** Finds the functions in which a Go filter sets its contexts, which decide whether TinyGo can build it as a library. */
import { describe, expect, it } from 'vitest';
import { setupFunctions } from '../../../../src/toolchains/languages/tinygo.ts';

describe('the functions of a Go filter that set its contexts', () => {
  it.each([
    ['func main() {\n\tproxywasm.SetVMContext(&vm{})\n}\n', ['main']],
    ['func main() {}\n\nfunc init() {\n\tif true {\n\t\tproxywasm.SetVMContext(&vm{})\n\t}\n}\n', ['init']],
    ['func main() { proxywasm.SetNewRootContext(newRoot) }\n', ['main']],
    ['func main() {\n\t// proxywasm.SetVMContext(&vm{})\n}\n', []],
    ['func main() {}\n\nfunc setUp() {\n\tproxywasm.SetVMContext(&vm{})\n}\n', []],
  ])('of %j are %j', (source, functions) => {
    expect(setupFunctions(source)).toEqual(functions);
  });
});
