// What long commands say while they work: on a terminal one line that makes way, elsewhere a line a minute at most.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Io } from './io.js';
import { ProgressLine, withProgress } from './progress-line.js';
import { run } from './run.js';

const CLEAR = '\r\u001b[K';

/** A line at a clock of its own. */
function at(terminal: boolean) {
  const made = { now: 0, text: '' };
  const io = { stderr: (more: string) => void (made.text += more), terminal } as unknown as Io;
  return { made, io, clock: { now: () => made.now, sleep: async () => undefined } };
}

describe('a line of progress', () => {
  it('shows each step on a terminal, skips fast ones, and is cleared for other output', () => {
    const { made, io, clock } = at(true);
    const line = new ProgressLine(io, clock);
    line.step('one');
    line.step('two');
    line.update(() => 'two, 1 of 2');
    made.now = 199;
    line.update(() => 'two, 1 of 2');
    made.now = 200;
    line.update(() => 'two, 2 of 2');
    line.end();
    line.end();
    expect(made.text).toBe(`${CLEAR}one${CLEAR}two${CLEAR}two, 2 of 2${CLEAR}`);
  });

  it('is a line a minute elsewhere, with steps', () => {
    const { made, io, clock } = at(false);
    const line = new ProgressLine(io, clock);
    line.step('one');
    made.now = 59_999;
    line.update(() => 'one, 1 of 2');
    made.now = 60_000;
    line.update(() => 'one, 2 of 2');
    made.now = 61_000;
    line.step('two');
    made.now = 120_000;
    line.step('three');
    line.end();
    expect(made.text).toBe('one, 2 of 2\nthree\n');
  });

  it('is cleared for an error', async () => {
    const { made, io, clock } = at(true);
    const failing = withProgress(io, clock, async (progress) => {
      progress.step('reading');
      throw new Error('unreadable');
    });
    await expect(failing).rejects.toThrow('unreadable');
    expect(made.text).toBe(`${CLEAR}reading${CLEAR}`);
  });
});

describe('long commands', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'redress-progress-'));
    mkdirSync(join(directory, 'trail'));
    writeFileSync(join(directory, 'trail', 'one.json'), JSON.stringify({ Records: [] }));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** The steps that a command shows on a terminal. */
  async function steps(...argv: readonly string[]): Promise<readonly string[]> {
    let [out, err] = ['', ''];
    const io: Io = {
      stdout: (text) => void (out += text),
      stderr: (text) => void (err += text),
      stdinChunks: async function* () {},
      terminal: true,
      color: false,
      cwd: directory,
      env: {},
      user: 'tester',
    };
    await run([...argv, '--json'], io);
    // What is said of the command itself stays as it was, and the last one makes way.
    JSON.parse(out);
    return err.split(CLEAR).slice(1);
  }

  it('doctor reports what it reads', async () => {
    expect(await steps('doctor')).toEqual(['reading the journal', '']);
  });

  it('reconcile reports what it reads', async () => {
    mkdirSync(join(directory, '.redress'));
    const shown = await steps('reconcile', 'trail');
    expect(shown.slice(0, 2)).toEqual(['reading the journal', 'reading the trail']);
    expect(shown.at(-1)).toBe('');
  });

  it('bundle reports what it bundles', async () => {
    const shown = await steps('bundle', '--remediator', 'logs-raise-retention');
    expect(shown[0]).toBe('bundling 1 remediator');
    expect(shown.at(-1)).toBe('');
  });
});
