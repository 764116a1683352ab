/** `wasme completion`: the command tree as a script for a shell. Pure text; only for names of images is `wasme list` asked. */
import { WasmeError } from './errors.ts';

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;

export interface CompletionFlag {
  readonly long: string;
  readonly short?: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** Empty: any value, files are offered. */
  readonly choices: readonly string[];
}

/** A command by its words below `wasme`: `''` is wasme itself, `deploy envoy` a verb of a verb. */
export interface CompletionCommand {
  readonly path: string;
  readonly summary: string;
  readonly flags: readonly CompletionFlag[];
  /** Fixed words an operand may be; files and folders are always offered as well. */
  readonly operands: readonly string[];
  /** Operands may be images of the local store. */
  readonly images: boolean;
}

export interface CompletionResult {
  readonly shell: string;
  readonly script: string;
}

/** Script text for one shell. Fails with USAGE for another word. */
export function completionScript(shell: string, commands: readonly CompletionCommand[]): string {
  const found = shells.find(name => name === shell);
  if (found === undefined) {
    throw new WasmeError('USAGE', `no completion for the shell "${shell}"`, {
      hint: `use one of ${shells.join(', ')}`,
    });
  }
  return { bash, zsh, fish, powershell }[found](commands);
}

/** Words that may stand after `path`, with what they mean. */
function wordsAfter(commands: readonly CompletionCommand[], path: string): [word: string, summary: string][] {
  const prefix = path === '' ? '' : `${path} `;
  const own = commands.find(command => command.path === path)?.operands ?? [];
  const below = commands.filter(
    ({ path: other }) =>
      other !== '' && other.startsWith(prefix) && !other.slice(prefix.length).includes(' '),
  );
  return [
    ...below.map(({ path: other, summary }): [string, string] => [other.slice(prefix.length), summary]),
    ...own.map((word): [string, string] => [word, '']),
  ];
}

function names({ long, short }: CompletionFlag): string[] {
  return short === undefined ? [long] : [short, long];
}

function bash(commands: readonly CompletionCommand[]): string {
  const cases = commands.map(command => {
    const words = wordsAfter(commands, command.path).map(([word]) => word);
    const flags = command.flags.flatMap(names);
    const images = command.images ? ' images=1' : '';
    return `    '${command.path}') words='${words.join(' ')}' flags='${flags.join(' ')}'${images} ;;`;
  });
  const values = valueFlags(commands).map(
    ({ path, flag }) =>
      `    ${names(flag)
        .map(name => `'${path} ${name}'`)
        .join(' | ')}) values='${flag.choices.join(' ')}' ;;`,
  );
  return `# Completion of wasme in bash. Put this into ~/.bashrc:  eval "$(wasme completion bash)"
_wasme_at() {
  words='' flags='' images=''
  case $1 in
${cases.join('\n')}
  esac
}
# A ":" ends a word for bash, so what stands before the last one is no part of an answer.
_wasme_images() {
  local line=\${COMP_LINE:0:COMP_POINT} head='' name
  local typed=\${line##* }
  [[ $typed == [./~]* ]] && return
  [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]] && head=\${typed%:*}:
  while read -r name _; do
    [[ $name == "$typed"* ]] || continue
    COMPREPLY+=("\${name#"$head"}")
    # No file name: nothing in it is escaped.
    compopt +o filenames 2>/dev/null
  done < <("\${COMP_WORDS[0]}" list 2>/dev/null | tail -n +2)
}
_wasme() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local path='' next='' words='' flags='' images='' values='' index
  for ((index = 1; index < COMP_CWORD; index++)); do
    next="\${path:+$path }\${COMP_WORDS[index]}"
    _wasme_at "$next"
    [[ -n $flags ]] && path=$next
  done
  _wasme_at "$path"
  case "$path $previous" in
${values.join('\n')}
  esac
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ -n $path ]] && COMPREPLY+=($(compgen -f -- "$current"))
    [[ -n $images ]] && _wasme_images
  fi
}
complete -o filenames -F _wasme wasme
`;
}

function zsh(commands: readonly CompletionCommand[]): string {
  const entry = (word: string, text: string): string => quoteSingle(`${word.replaceAll(':', '\\:')}:${text}`);
  const cases = commands.map(command => {
    const words = wordsAfter(commands, command.path).map(([word, text]) => entry(word, text));
    const flags = command.flags.flatMap(flag => names(flag).map(name => entry(name, flag.description)));
    const images = command.images ? '\n      images_=1' : '';
    return `    '${command.path}')\n      words_=(${words.join(' ')})\n      flags_=(${flags.join(' ')})${images} ;;`;
  });
  const values = valueFlags(commands).map(
    ({ path, flag }) =>
      `    ${names(flag)
        .map(name => `'${path} ${name}'`)
        .join(' | ')}) compadd -- ${flag.choices.join(' ')}; return ;;`,
  );
  return `#compdef wasme
# Completion of wasme in zsh. Put this into ~/.zshrc after compinit:  eval "$(wasme completion zsh)"
_wasme_at() {
  words_=() flags_=() images_=''
  case $1 in
${cases.join('\n')}
  esac
}
_wasme() {
  local path_='' next_='' images_='' index_
  local -a words_ flags_
  for ((index_ = 2; index_ < CURRENT; index_++)); do
    next_="\${path_:+$path_ }\${words[index_]}"
    _wasme_at "$next_"
    (( \${#flags_} )) && path_=$next_
  done
  _wasme_at "$path_"
  case "$path_ \${words[CURRENT - 1]}" in
${values.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe flag flags_
  else
    (( \${#words_} )) && _describe word words_
    [[ -n $path_ ]] && _files
    if [[ -n $images_ && \${words[CURRENT]} != [./~]* ]]; then
      compadd -- \${\${(f)"$(\${words[1]} list 2>/dev/null | tail -n +2)"}%% *}
    fi
  fi
}
compdef _wasme wasme
`;
}

function fish(commands: readonly CompletionCommand[]): string {
  const lines = commands.flatMap(({ path, flags, images }) => {
    const when = `-n ${quoteSingle(`__wasme_at ${quoteDouble(path)}`)}`;
    const words = wordsAfter(commands, path).map(
      ([word, text]) =>
        `complete -c wasme ${when}${path === '' ? ' -f' : ''} -a ${word}${text === '' ? '' : ` -d ${quoteSingle(text)}`}`,
    );
    const options = flags.map(({ long, short, description, takesValue, choices }) => {
      const name = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`;
      const value = takesValue ? (choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : ' -r') : '';
      return `complete -c wasme ${when} ${name}${value} -d ${quoteSingle(description)}`;
    });
    const stored = images ? [`complete -c wasme ${when} -a '(__wasme_images)'`] : [];
    return [...words, ...stored, ...options];
  });
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => quoteSingle(path));
  return `# Completion of wasme in fish: wasme completion fish > ~/.config/fish/completions/wasme.fish
function __wasme_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$path $word")
    contains -- $next ${paths.join(' ')}; and set path $next
  end
  test "$path" = "$argv[1]"
end
function __wasme_images
  set -l words (commandline -opc)
  string match -qr '^[-./~]' -- (commandline -ct); or $words[1] list 2>/dev/null | tail -n +2 | string replace -r ' .*' ''
end
${lines.join('\n')}
`;
}

function powershell(commands: readonly CompletionCommand[]): string {
  const item = (word: string, text: string): string =>
    `@('${word}', ${quotePowershell(text === '' ? word : text)})`;
  const cases = commands.map(({ path, flags }) => {
    const words = wordsAfter(commands, path).map(([word, text]) => item(word, text));
    const options = flags.flatMap(flag => names(flag).map(name => item(name, flag.description)));
    return `    '${path}' = @(${[...words, ...options].join(', ')})`;
  });
  const values = valueFlags(commands).flatMap(({ path, flag }) =>
    names(flag).map(
      name => `    '${path} ${name}' = @(${flag.choices.map(choice => item(choice, '')).join(', ')})`,
    ),
  );
  return `# Completion of wasme in PowerShell. Put this into $PROFILE:  wasme completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName wasme -ScriptBlock {
  param($current, $ast, $position)
  $known = @{
${cases.join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $takesImages = @(${commands.flatMap(({ path, images }) => (images ? [`'${path}'`] : [])).join(', ')})
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($current -ne '') { $words = @($words | Select-Object -SkipLast 1) }
  $path = ''
  foreach ($word in $words) {
    $next = "$path $word".Trim()
    if ($known.ContainsKey($next)) { $path = $next }
  }
  $previous = if ($words.Count -gt 0) { $words[-1] } else { '' }
  $offered = if ($values.ContainsKey("$path $previous")) { $values["$path $previous"] } else { $known[$path] }
  if ($takesImages -contains $path -and -not $values.ContainsKey("$path $previous") -and $current -notmatch '^[-./~]') {
    $offered += @(wasme list 2>$null | Select-Object -Skip 1 | ForEach-Object { , @(($_ -split ' ')[0], $_) })
  }
  $offered | Where-Object { $_[0] -like "$current*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`;
}

function valueFlags(commands: readonly CompletionCommand[]): { path: string; flag: CompletionFlag }[] {
  return commands.flatMap(({ path, flags }) =>
    flags.filter(({ choices }) => choices.length > 0).map(flag => ({ path, flag })),
  );
}

function quoteSingle(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function quoteDouble(text: string): string {
  return `"${text}"`;
}

function quotePowershell(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
