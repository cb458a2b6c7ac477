// Completion for shells, made of the command line itself. A script holds all words, so that no key press starts a process.
import type { Shell } from './shells.js';
import { type CommandSpec, everyCommand, type OptionSpec } from './spec.js';

/** The script of a shell, to be put where it looks for them. */
export function completionOf(root: CommandSpec, shell: Shell): string {
  return { bash: bashOf, zsh: zshOf, fish: fishOf }[shell](root);
}

/** ` evidence verify`: how a script keeps where it is. */
const at = (path: readonly string[]) => path.map((word) => ` ${word}`).join('');
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const paths = (root: CommandSpec) =>
  everyCommand(root)
    .slice(1)
    .map(({ path }) => at(path));

/** Options of a command, with those that every command has. */
const optionsOf = (root: CommandSpec, spec: CommandSpec): readonly OptionSpec[] => [...spec.options, ...(spec === root ? [] : root.options), HELP];
const HELP: OptionSpec = { flags: '-h, --help', name: '--help', description: 'help', takesValue: false, choices: [] };

function bashOf(root: CommandSpec): string {
  const valued = [...new Set(everyCommand(root).flatMap(({ options }) => options.filter(({ takesValue }) => takesValue).map(({ name }) => name)))];
  const words = (spec: CommandSpec) =>
    [
      ...spec.commands.map(({ path }) => path.at(-1) ?? ''),
      ...spec.arguments.flatMap(({ choices }) => choices),
      ...optionsOf(root, spec).map(({ name }) => name),
    ].join(' ');
  const chosen = everyCommand(root).flatMap((spec) =>
    spec.options
      .filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) => `    ${quoted(`${at(spec.path)}:${name}`)}) words=${quoted(choices.join(' '))} ;;`),
  );
  return [
    '# bash completion of redress',
    '_redress() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= words= i`,
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    case "\${COMP_WORDS[i]}" in ${valued.join('|')}) ((i++)); continue ;; esac`,
    `    case "$at \${COMP_WORDS[i]}" in ${paths(root).map(quoted).join('|')}) at="$at \${COMP_WORDS[i]}" ;; esac`,
    '  done',
    '  case "$at:$prev" in',
    ...chosen,
    `    ${valued.map((name) => `*:${name}`).join('|')}) return ;;`,
    '    *) case "$at" in',
    ...everyCommand(root).map((spec) => `      ${quoted(at(spec.path))}) words=${quoted(words(spec))} ;;`),
    '    esac ;;',
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    'complete -o default -F _redress redress',
    '',
  ].join('\n');
}

function zshOf(root: CommandSpec): string {
  const entry = (name: string, description: string) => quoted(`${name.replaceAll(':', String.raw`\:`)}:${description}`);
  const entries = (spec: CommandSpec) =>
    [
      ...spec.commands.map(({ path, description }) => entry(path.at(-1) ?? '', description)),
      ...spec.arguments.flatMap(({ choices }) => choices.map((choice) => entry(choice, 'argument'))),
      ...optionsOf(root, spec).map(({ name, description }) => entry(name, description)),
    ].join(' ');
  return [
    '#compdef redress',
    '_redress() {',
    '  local at= i',
    '  local -a found',
    '  for ((i = 2; i < CURRENT; i++)); do',
    `    case "$at \${words[i]}" in (${paths(root).map(quoted).join('|')}) at="$at \${words[i]}" ;; esac`,
    '  done',
    '  case "$at" in',
    ...everyCommand(root).map((spec) => `    (${quoted(at(spec.path))}) found=(${entries(spec)}) ;;`),
    '  esac',
    '  _describe redress found || _files',
    '}',
    '# Sourced, or found by name below fpath.',
    'if [ "$funcstack[1]" = _redress ]; then _redress "$@"; else compdef _redress redress; fi',
    '',
  ].join('\n');
}

function fishOf(root: CommandSpec): string {
  const text = (words: string) => quotedForFish(words);
  const lines = everyCommand(root).flatMap((spec) => {
    const here = `-n ${text(`__redress_at ${quotedForFish(at(spec.path))}`)}`;
    return [
      ...spec.commands.map(({ path, description }) => `complete -c redress ${here} -a ${text(path.at(-1) ?? '')} -d ${text(description)}`),
      ...spec.arguments.filter(({ choices }) => choices.length > 0).map(({ choices }) => `complete -c redress ${here} -a ${text(choices.join(' '))}`),
      ...spec.options.map(
        ({ name, description, takesValue, choices }) =>
          `complete -c redress ${spec === root ? '' : `${here} `}-l ${name.slice(2)}${takesValue ? ' -r' : ''}${choices.length === 0 ? '' : ` -a ${text(choices.join(' '))}`} -d ${text(description)}`,
      ),
    ];
  });
  return [
    '# fish completion of redress',
    'function __redress_at',
    '  set -l at ""',
    '  for word in (commandline -opc)[2..]',
    '    switch "$at $word"',
    `      case ${paths(root).map(text).join(' ')}`,
    '        set at "$at $word"',
    '    end',
    '  end',
    '  test "$at" = "$argv[1]"',
    'end',
    ...lines,
    '',
  ].join('\n');
}

const quotedForFish = (text: string) => `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
