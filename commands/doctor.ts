/** `wasme doctor`: declares the flags and prints; src/doctor.ts does the work. */
import { type Command, Option } from 'commander';
import type { DoctorResult, ToolReport, VariantReport } from '../src/doctor.ts';
import { type Language, languages } from '../src/project/names.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { promptsFor } from './ui/prompts.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags {
  readonly language?: Language;
  readonly fix?: true;
}

export function declare(command: Command, context: Context): void {
  command
    .addOption(new Option('-l, --language <language>', 'only this language').choices(languages))
    .option('--fix', 'install what is missing, if that needs no root; asks first, except with --yes')
    .addHelpText(
      'after',
      `
Exits with 1 if --language names a language that cannot be built on this machine.

Examples:
  wasme doctor
  wasme doctor --language rust --fix`,
    )
    .action(async (flags: Flags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const { doctor, fixTools } = await import('../src/doctor.ts');
      let result = await doctor(flags, system);
      if (flags.fix && result.fixes.length > 0) {
        const message = `Run ${result.fixes.join('; then ')}?`;
        const agreed =
          options.yes ?? (await promptsFor(context, options).confirm({ message, flag: '--yes' }, true));
        if (agreed) result = await fixTools(flags, system);
      }
      writeResult(context, options.json, result, resultText);
      const unusable = flags.language !== undefined && result.languages.some(({ usable }) => !usable);
      if (unusable) command.parent?.setOptionValue('exitCode', 1);
    });
}

function resultText({ common, languages: reports, fixes }: DoctorResult): string {
  const blocks = reports.map(({ title, usable, variants }) =>
    [
      `${usable ? '✓' : '✗'} ${title}`,
      ...variants.flatMap(report => variantLines(report, variants.length > 1)),
    ].join('\n'),
  );
  const advice =
    fixes.length === 0 ? [] : ['"wasme doctor --fix" would run:', ...fixes.map(fix => `  ${fix}`)];
  return [...common.map(tool => toolLine(tool, '')), ...blocks, ...advice].join('\n');
}

function variantLines({ variant, usable, tools, conflicts }: VariantReport, several: boolean): string[] {
  const indent = several ? '    ' : '  ';
  return [
    ...(several ? [`  ${usable ? '✓' : '✗'} --toolchain ${variant}`] : []),
    // A fix for several consecutive tools is shown once, under the last of them.
    ...tools.map((tool, index) => toolLine(tool, indent, tools[index + 1]?.fix === tool.fix)),
    ...conflicts.map(({ problem, hint }) => `${indent}✗ ${problem}\n${indent}    → ${hint}`),
  ];
}

function toolLine(
  { title, status, optional, version, path, problem, fix }: ToolReport,
  indent: string,
  fixFollows = false,
): string {
  if (status === 'with-project') return `${indent}· ${title}: each project installs it (npm install)`;
  if (status === 'found')
    return `${indent}✓ ${[title, version, path].filter(part => part !== undefined).join('  ')}`;
  const mark = optional ? '·' : '✗';
  const line = `${indent}${mark} ${problem ?? title}${optional ? ' (not needed)' : ''}`;
  return fix === undefined || fix === '' || fixFollows ? line : `${line}\n${indent}    → ${fix}`;
}
