/** Reads the tokens of a text, and reports where it does not continue as it should. */
import { SyntaxFailure } from './syntax-tree.ts';
import { shown, type SyntaxToken, tokenize } from './tokens.ts';

export abstract class TokenReader {
  protected readonly tokens: readonly SyntaxToken[];
  protected at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.tokens = tokenize(text);
  }

  protected get token(): SyntaxToken {
    return this.tokens[this.at] as SyntaxToken;
  }

  protected is(sign: string, ahead = 0): boolean {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'sign' && token.text === sign;
  }

  protected take(sign: string): boolean {
    if (!this.is(sign)) return false;
    this.at++;
    return true;
  }

  protected expect(sign: string): void {
    if (!this.take(sign)) this.unexpected(`"${sign}"`);
  }

  protected unexpected(wanted = 'something else'): never {
    const { kind, at } = this.token;
    const found = kind === 'end' ? 'the end' : shown(this.#text, at);
    throw new SyntaxFailure(`${found} where ${wanted} was expected`);
  }
}
