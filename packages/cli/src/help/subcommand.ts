import { Command, type Option, type ParseOptionsResult } from 'commander';

/**
 * A command that makes its options when they are needed: when its help is shown, or when its name is among the arguments. `redress --help` lists fifty
 * commands without their options, and making these took a quarter of its time.
 *
 * @example new Subcommand('redress').command('plan').option('--live', 'read the account')
 */
export class Subcommand extends Command {
  #later: (() => unknown)[] | null = [];

  override createCommand(name?: string): Subcommand {
    return new Subcommand(name);
  }

  override option(...args: unknown[]): this {
    return this.#make(() => super.option(...(args as Parameters<Command['option']>)));
  }

  override requiredOption(...args: unknown[]): this {
    return this.#make(() => super.requiredOption(...(args as Parameters<Command['requiredOption']>)));
  }

  override addOption(option: Option): this {
    return this.#make(() => super.addOption(option));
  }

  override createHelp(): ReturnType<Command['createHelp']> {
    this.#makeAll();
    return super.createHelp();
  }

  override parseOptions(argv: string[]): ParseOptionsResult {
    this.#makeAll();
    this.#makeNamed(argv);
    return super.parseOptions(argv);
  }

  #make(option: () => unknown): this {
    const later = this.#later;
    // The first is made at once: the help of the program shows whether there are any.
    if (later !== null && this.options.length > 0) later.push(option);
    else {
      this.#later = null;
      option();
      this.#later = later;
    }
    return this;
  }

  #makeAll(): void {
    const later = this.#later ?? [];
    this.#later = null;
    for (const option of later) option();
  }

  /** The program has all arguments. A command gets the defaults of its options before it parses them, so they have to be there by then. A name that is a value of an option costs a few options more. */
  #makeNamed(argv: readonly string[]): void {
    for (const command of this.commands)
      if (command instanceof Subcommand && argv.includes(command.name())) {
        command.#makeAll();
        command.#makeNamed(argv);
      }
  }
}
