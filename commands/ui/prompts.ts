/** Questions on a terminal. The only importer of inquirer; without a terminal a missing value is an error that names the flag. */
import type Inquirer from 'inquirer';
import { WasmeError, interrupted } from '../../src/errors.ts';
import { visibleLine } from '../../src/io/printable.ts';
import type { Context } from './context.ts';
import type { GlobalOptions } from './options.ts';

/** Returns whether questions may be asked: stdin and stderr are terminals, and none of --yes, --json and CI is set. */
export function mayPrompt(context: Context, options: Partial<GlobalOptions>): boolean {
  return (
    context.stdin.isTTY === true &&
    context.stderr.isTTY &&
    !options.yes &&
    !options.json &&
    !context.env['CI']
  );
}

export interface Question {
  readonly message: string;
  /** The flag that answers it without a terminal, as typed: `--language`. */
  readonly flag: string;
}

export interface Choice {
  readonly value: string;
  readonly name: string;
}

export interface Prompts {
  select(question: Question, choices: readonly Choice[]): Promise<string>;
  input(question: Question, defaultValue?: string): Promise<string>;
  confirm(question: Question, defaultValue: boolean): Promise<boolean>;
  password(question: Question): Promise<string>;
}

/** A question as inquirer takes it; its texts go to the terminal past the stream that makes them fit. */
interface Asked {
  readonly type: 'select' | 'input' | 'confirm' | 'password';
  readonly message: string;
  readonly choices?: readonly Choice[];
  readonly default?: string | boolean | undefined;
  readonly mask?: string;
}

/** Prompts for this context. Each one fails with USAGE_NO_PROMPT if `mayPrompt` is false. */
export function promptsFor(context: Context, options: Partial<GlobalOptions>): Prompts {
  const ask = async <T>(question: Question, body: (inquirer: typeof Inquirer) => Promise<T>): Promise<T> => {
    if (!mayPrompt(context, options)) {
      throw new WasmeError('USAGE_NO_PROMPT', `${question.message.replace(/[?:]\s*$/, '')}: no value given`, {
        hint: `add ${question.flag}, or run in a terminal without --yes to be asked`,
      });
    }
    const { default: inquirer } = await import('inquirer');
    try {
      return await body(inquirer);
    } catch (error) {
      if (error instanceof Error && /^(Exit|Abort)PromptError$/.test(error.name)) throw interrupted();
      throw error;
    }
  };
  const answer = async <T>(inquirer: typeof Inquirer, { message, choices, ...rest }: Asked): Promise<T> => {
    const prompt = inquirer.createPromptModule({
      input: context.stdin,
      output: context.stderr.raw as NodeJS.WriteStream,
      signal: context.signal,
    });
    // The overloads describe each question type; ours is one of four, chosen below.
    const shown = choices?.map(choice => ({ ...choice, name: visibleLine(choice.name) }));
    const question = { name: 'value', ...rest, message: visibleLine(message), choices: shown };
    const questions = [question] as unknown as Parameters<typeof prompt>[0];
    const answers: Record<string, T> = await prompt(questions);
    return answers['value'] as T;
  };
  return {
    select: (question, choices) =>
      ask(question, inquirer => answer(inquirer, { type: 'select', message: question.message, choices })),
    input: (question, defaultValue) =>
      ask(question, inquirer =>
        answer(inquirer, {
          type: 'input',
          message: question.message,
          default: defaultValue && visibleLine(defaultValue),
        }),
      ),
    confirm: (question, defaultValue) =>
      ask(question, inquirer =>
        answer(inquirer, { type: 'confirm', message: question.message, default: defaultValue }),
      ),
    password: question =>
      ask(question, inquirer => answer(inquirer, { type: 'password', message: question.message, mask: '*' })),
  };
}
