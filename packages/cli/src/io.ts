// What is needed of Node only sometimes is asked for then: to import it costs `--help` a tenth of its time.
const builtin = process.getBuiltinModule;

/** Everything that a command touches of its process; tests give their own. */
export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Standard input as it comes, for more than fits into memory. */
  stdinChunks(): AsyncIterable<Buffer | string>;
  /** Whether standard error is a terminal, on which a line can be written over; default: it is not. */
  readonly terminal?: boolean;
  /** Columns of the terminal that standard output is; absent: it is none. */
  readonly columns?: number;
  /** Whether standard output shows colour. */
  readonly color: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Who runs the command, as the operating system says. */
  readonly user: string;
}

/** The process's own. */
export function processIo(): Io {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdinChunks: () => process.stdin,
    terminal: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    ...(process.stdout.isTTY === true ? { columns: process.stdout.columns } : {}),
    color: process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    cwd: process.cwd(),
    env: process.env,
    get user() {
      return userName();
    },
  };
}

function userName(): string {
  try {
    return builtin('node:os').userInfo().username;
  } catch {
    // A container may run under an id without a name.
    return process.env['USER'] ?? '';
  }
}

/** What a command answers: a document for `--json`, lines for people, and an exit code. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
  /** What a machine takes as it is: a template, a policy. It is made of no account's texts. */
  readonly verbatim?: true;
  /** 0: done. 1: not everything. 2: the command, the policy or a file is wrong. 3: of `evidence verify`, no trusted key has sealed. */
  readonly exit: 0 | 1 | 2 | 3;
}

export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string;

/** Where nothing says how wide the terminal is. */
const COLUMNS = 80;

/** Columns that a text may take: those of the terminal, else what `COLUMNS` says, else 80. */
export function columnsOf({ columns, env }: Pick<Io, 'columns' | 'env'>): number {
  const said = Number(env['COLUMNS']);
  return columns ?? (Number.isInteger(said) && said > 0 ? said : COLUMNS);
}

/** Colour, where the terminal has it. */
export function painter(io: Pick<Io, 'color'>): Paint {
  if (!io.color) return (_, text) => text;
  const { styleText } = builtin('node:util');
  return (style, text) => styleText(style, text, { validateStream: false });
}

/** Columns, as wide as their widest cell; the last one is not padded. Cells must be printable. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === head.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [paint('bold', line(head)), ...rows.map(line)].join('\n');
}
