// The command line as data: help, manual page and completion are made of one tree, that of the argument parser.
import type { Command } from 'commander';
import { EXAMPLES, type Example } from './examples.js';

/** An option, as people write it. */
export interface OptionSpec {
  /** `--remediator <id...>` */
  readonly flags: string;
  /** `--remediator` */
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** Empty: anything. */
  readonly choices: readonly string[];
}

/** A command with what is below it. */
export interface CommandSpec {
  /** `redress evidence verify`: without the program it is empty. */
  readonly path: readonly string[];
  readonly description: string;
  /** `[file...]` */
  readonly usage: string;
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly choices: readonly string[] }[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly Example[];
  readonly commands: readonly CommandSpec[];
}

/** Reads the tree of a command; what is hidden is left out. */
export function specOf(command: Command, path: readonly string[] = []): CommandSpec {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    usage: command.registeredArguments.map((each) => help.argumentTerm(each)).length === 0 ? '' : command.usage().replace(/^\[options\] ?/, ''),
    arguments: command.registeredArguments.map((each) => ({ name: each.name(), description: each.description, choices: each.argChoices ?? [] })),
    options: help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .map((option) => ({
        flags: option.flags,
        name: option.long ?? option.flags,
        description: option.description,
        takesValue: option.required || option.optional,
        choices: option.argChoices ?? [],
      })),
    examples: EXAMPLES[path.join(' ')] ?? [],
    commands: command.commands.filter((each) => help.visibleCommands(command).includes(each)).map((each) => specOf(each, [...path, each.name()])),
  };
}

/** A command and all below it. */
export function everyCommand(spec: CommandSpec): readonly CommandSpec[] {
  return [spec, ...spec.commands.flatMap(everyCommand)];
}
