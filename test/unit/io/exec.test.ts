import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { converse } from '../../../src/io/conversation.ts';
import { type ExecOptions, type ExecResult, exec } from '../../../src/io/exec.ts';
import type { Edges } from '../../../src/io/edges.ts';
import { silentReporter } from '../../../src/reporter.ts';
import { gone } from '../../helpers/processes.ts';

const cwd = mkdtempSync(join(tmpdir(), 'wasme-test-'));

function edges(signal = new AbortController().signal): Edges {
  const { platform } = process;
  return {
    cwd,
    env: { ONLY: 'this' },
    platform,
    homeDir: cwd,
    now: Date.now,
    signal,
    reporter: silentReporter,
  };
}

/** Runs a script in Node. */
async function node(script: string, options: ExecOptions = {}, on = edges()): Promise<ExecResult> {
  return exec({ program: process.execPath, args: ['-e', script] }, on, options);
}

/** The number that a script writes to `file` when it has come so far. */
async function numberIn(file: string): Promise<number> {
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise(setImmediate);
  return Number(readFileSync(file, 'utf8'));
}

/** A script that says its process id in a file and then stays. */
const stays = (file: string, more = ''): string =>
  `${more}; setInterval(() => {}, 1000); require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid))`;

describe('exec', () => {
  it('gives what was printed, and the exit code whatever it is', async () => {
    const { stdout, stderr, exitCode, timedOut } = await node(
      'console.log("a\\n"); console.error("ü"); process.exit(3)',
    );
    expect({ stdout, stderr, exitCode, timedOut }).toEqual({
      stdout: 'a\n',
      stderr: 'ü',
      exitCode: 3,
      timedOut: false,
    });
  });

  it('tells a signal as shells do', async () => {
    expect((await node('process.kill(process.pid, "SIGKILL")')).exitCode).toBe(137);
  });

  it('gives the environment and nothing else, the input, and the folder', async () => {
    const script =
      'process.stdin.on("data", d => console.log(JSON.stringify([process.env, String(d), process.cwd()])))';
    const command = { program: process.execPath, args: ['-e', script], cwd: tmpdir(), env: { MORE: 'too' } };
    const { stdout } = await exec(command, edges(), { input: 'told' });
    expect(JSON.parse(stdout)).toEqual([{ ONLY: 'this', MORE: 'too' }, 'told', tmpdir()]);
  });

  it('a program that does not read its input is no failure', async () => {
    expect((await node('process.stdin.destroy()', { input: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });

  it('tells each line as it comes, of both streams', async () => {
    const lines: string[] = [];
    const script =
      'process.stdout.write("one\\r\\ntw"); process.stderr.write("err\\n"); process.stdout.write("o\\n\\nend")';
    const { stdout } = await node(script, { onLine: line => lines.push(line) });
    expect(lines.filter(line => line !== 'err')).toEqual(['one', 'two', '', 'end']);
    expect(lines).toContain('err');
    expect(stdout).toBe('one\r\ntwo\n\nend');
    const quiet = await node(script, { onLine: () => undefined, keepOutput: false });
    expect(quiet.stdout).toBe('');
  });

  it('what cannot be started', async () => {
    const missing = { program: 'no-such-program', args: [] };
    await expect(exec(missing, edges())).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      message: 'cannot start no-such-program: spawn no-such-program ENOENT',
    });
    const long = { program: process.execPath, args: ['x'.repeat(10_000_000)] };
    await expect(exec(long, edges())).rejects.toMatchObject({ code: 'TOOL_MISSING' });
    const nowhere = { program: process.execPath, args: [], cwd: join(cwd, 'nowhere') };
    await expect(exec(nowhere, edges())).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  });

  it('one that takes too long is ended', async () => {
    const { timedOut, exitCode } = await node('setInterval(() => {}, 1000)', { timeoutMs: 300 });
    expect({ timedOut, exitCode }).toEqual({ timedOut: true, exitCode: 143 });
  });

  it('somebody who was left with the output of an ended program keeps nobody waiting', async () => {
    const interrupt = new AbortController();
    const file = join(cwd, 'left');
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stays(file))}], { stdio: 'inherit' })`;
    const running = node(script, {}, edges(interrupt.signal));
    const pid = await numberIn(file);
    interrupt.abort();
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
    process.kill(pid);
  });

  it('an interrupt ends the program, by force when it does not listen', async () => {
    for (const [name, more] of [
      ['listens', ''],
      ['deaf', 'process.on("SIGTERM", () => {})'],
    ] as const) {
      const interrupt = new AbortController();
      const file = join(cwd, name);
      const running = node(stays(file, more), {}, edges(interrupt.signal));
      const pid = await numberIn(file);
      interrupt.abort();
      await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await gone([pid]);
    }
  });

  it('nothing is started after an interrupt', async () => {
    const file = join(cwd, 'late');
    await expect(node(stays(file), {}, edges(AbortSignal.abort()))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(existsSync(file)).toBe(false);
  });

  it('one that prints without end is ended', async () => {
    const endless =
      'const text = "x".repeat(1e6); const more = () => process.stdout.write(text, more); more()';
    await expect(node(endless)).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  });
});

describe('converse', () => {
  const isEnd = (line: string): boolean => line === 'end';
  const answering = `require('readline').createInterface({ input: process.stdin }).on('line', line => {
    if (line === 'die') process.exit(1);
    console.log(line + ' heard\\nend');
  })`;

  it('one answer a question, until it is ended', async () => {
    const it = await converse({ program: process.execPath, args: ['-e', answering] }, edges());
    expect(await it.ask('a', isEnd)).toEqual(['a heard', 'end']);
    expect(await it.ask('b', isEnd)).toEqual(['b heard', 'end']);
    await it.end();
    await expect(it.ask('c', isEnd)).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  });

  it('a program that ends instead of answering, cannot be started, or is interrupted', async () => {
    const dying = await converse({ program: process.execPath, args: ['-e', answering] }, edges());
    await expect(dying.ask('die', isEnd)).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    const missing = await converse({ program: 'no-such-program', args: [] }, edges());
    await expect(missing.ask('a', isEnd)).rejects.toMatchObject({ code: 'TOOL_MISSING' });
    const interrupt = new AbortController();
    const silent = await converse(
      { program: process.execPath, args: ['-e', 'process.stdin.resume()'] },
      edges(interrupt.signal),
    );
    const asked = silent.ask('a', isEnd);
    interrupt.abort();
    await expect(asked).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
