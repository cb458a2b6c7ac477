// The manual page, in the man macros of roff, made of the command line itself.
import { type CommandSpec, everyCommand, type OptionSpec } from './spec.js';

/** Text that roff takes as it is. */
function plain(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replace(/^([.'])/gm, String.raw`\&$1`);
}

const optionLines = ({ flags, description }: OptionSpec) => ['.TP', `.B ${plain(flags)}`, plain(description)];

/**
 * The manual page of section 1. `endings` is what exit codes mean.
 *
 * @see https://man7.org/linux/man-pages/man7/man.7.html
 */
export function manOf(root: CommandSpec, endings: string): string {
  const [, ...commands] = everyCommand(root);
  const leaves = commands.filter((each) => each.commands.length === 0 || each.options.length > 0);
  return [
    '.TH REDRESS 1',
    '.SH NAME',
    `redress \\- ${plain(root.description)}`,
    '.SH SYNOPSIS',
    '.B redress',
    '[options] command [arguments]',
    '.SH COMMANDS',
    ...leaves.flatMap((each) => [
      `.SS ${plain(`redress ${[...each.path, each.usage].join(' ').trim()}`)}`,
      plain(each.description),
      ...each.arguments.filter(({ description }) => description !== '').flatMap(({ name, description }) => ['.TP', `.I ${plain(name)}`, plain(description)]),
      ...each.options.flatMap(optionLines),
    ]),
    '.SH OPTIONS OF EVERY COMMAND',
    ...root.options.flatMap(optionLines),
    '.SH EXIT STATUS',
    ...endings
      .trim()
      .split('\n')
      .map(plain)
      .flatMap((line) => [line, '.br']),
    '.SH EXAMPLES',
    ...[root, ...commands].flatMap(({ examples }) => examples.flatMap(({ command, does }) => ['.TP', `.B ${plain(command)}`, plain(does)])),
    '',
  ].join('\n');
}
