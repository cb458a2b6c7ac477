import { type RunOverrides, run } from '../../src/run.js';

/** What a command printed, and how it ended. */
export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process, in a folder, with nothing of the process's own around it. */
export async function command(
  argv: readonly string[],
  cwd: string,
  overrides?: RunOverrides,
  stdin: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const exit = await run(
    argv,
    {
      stdout: (text) => void (out += text),
      stderr: (text) => void (err += text),
      stdinChunks: async function* () {
        yield* stdin;
      },
      color: false,
      cwd,
      env,
      user: 'tester',
    },
    overrides,
  );
  return { exit, out, err };
}
