import { expect, it } from 'vitest';
import { specOf } from './spec.js';
import { Subcommand } from './subcommand.js';

interface Seen {
  readonly options: unknown;
  readonly file: string;
}

/** A program like ours: commands, one of them below another, and what was run. */
function made(): { program: Subcommand; seen: Seen[] } {
  const seen: Seen[] = [];
  const see = (file: string, options: unknown) => void seen.push({ file, options });
  const program = new Subcommand('redress').exitOverride().option('--region <name>').option('--json');
  program.command('plan').argument('<file>').option('--live').option('--calls').requiredOption('--reason <text>').option('--no-remediation').action(see);
  program.command('approvals').command('list').argument('<file>').option('--url <url>').option('--by <name>').action(see);
  return { program, seen };
}

const namesOf = (command: Subcommand, name: string) => command.commands.find((each) => each.name() === name)?.options.map(({ long }) => long);

it('makes no option but the first of a command that is not named', () => {
  const { program, seen } = made();
  program.parse(['approvals', 'list', 'a', '--by', 'me'], { from: 'user' });
  expect(seen).toEqual([{ file: 'a', options: { by: 'me' } }]);
  expect(namesOf(program, 'plan')).toEqual(['--live']);
});

it.each([
  ['after its options', ['plan', 'a', '--calls', '--reason', 'x'], { calls: true, reason: 'x', remediation: true }],
  ['after those of the program', ['--region', 'plan', '--json', 'plan', '--no-remediation', '--reason', 'x', 'a'], { reason: 'x', remediation: false }],
])('parses a command with all of its options, %s', (_, argv, options) => {
  const { program, seen } = made();
  program.parse(argv, { from: 'user' });
  expect(seen).toEqual([{ file: 'a', options }]);
});

it('still asks for an option that is required', () => {
  const { program } = made();
  program.commands.forEach((each) => {
    each.configureOutput({ writeErr: () => undefined });
  });
  expect(() => program.parse(['plan', 'a'], { from: 'user' })).toThrow("required option '--reason <text>' not specified");
});

it('lists which commands have options, without making them', () => {
  const { program } = made();
  expect(program.helpInformation()).toMatch(/ {2}plan \[options\] <file>\n {2}approvals\n/);
  expect(namesOf(program, 'plan')).toEqual(['--live']);
});

it('gives all options to the help of a command, and to the manual page and completion', () => {
  const { program } = made();
  expect(program.commands[0]?.helpInformation()).toContain('--reason <text>');
  const { commands } = specOf(made().program);
  expect(commands.map(({ options }) => options.map(({ name }) => name))).toEqual([['--live', '--calls', '--reason', '--no-remediation'], []]);
  expect(commands[1]?.commands[0]?.options.map(({ name }) => name)).toEqual(['--url', '--by']);
});
