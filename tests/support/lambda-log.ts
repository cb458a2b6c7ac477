// What CloudWatch Logs receives from a function: the lines that the Powertools Logger writes to standard output and standard error, and the metrics
// between them. Tests read these instead of what was passed to a logger, because the library may drop a part of it.
import { afterEach, beforeEach, expect, vi } from 'vitest';

/** A line of the Logger, as it is written. */
export interface LogLine {
  readonly level: 'INFO' | 'WARN' | 'ERROR';
  readonly message: string;
  readonly [name: string]: unknown;
}

/** What was written so far. */
export interface LambdaLog {
  readonly lines: readonly LogLine[];
  /** Lines in CloudWatch's embedded metric format. */
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
  /** Everything, as it was written. */
  readonly text: string;
}

/** Members of every line. A line that has no others is a warning of the Logger itself: each line of Redress has at least one more. */
const OWN = new Set(['level', 'message', 'timestamp', 'service', 'sampling_rate']);

/** Reads what a function wrote. `wrong`: what is neither a line of Redress nor a metric. */
export function readLog(text: string): Omit<LambdaLog, 'text'> & { readonly wrong: readonly string[] } {
  const read = { lines: [] as LogLine[], metrics: [] as Record<string, unknown>[], wrong: [] as string[] };
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const found = parsed(line);
    if (found !== null && '_aws' in found) read.metrics.push(found);
    else if (found !== null && typeof found['message'] === 'string' && Object.keys(found).some((name) => !OWN.has(name))) read.lines.push(found as LogLine);
    else read.wrong.push(line);
  }
  return read;
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/**
 * Captures standard output and standard error. `end` restores both, and fails the test if there was anything that is neither a line of Redress, nor a
 * metric, nor matched by `others`.
 */
export function captureLog(others?: RegExp): LambdaLog & { end(): void } {
  let text = '';
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk: string | Uint8Array) => {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    }),
  );
  return {
    get lines() {
      return readLog(text).lines;
    },
    get metrics() {
      return readLog(text).metrics;
    },
    get text() {
      return text;
    },
    end: () => {
      for (const spy of spies) spy.mockRestore();
      const wrong = readLog(text).wrong.filter((line) => others?.test(line) !== true);
      expect(wrong, 'lines in the log that Redress did not write').toEqual([]);
    },
  };
}

/** The log of each test of a file. */
export function logOfEachTest(others?: RegExp): LambdaLog {
  let log: ReturnType<typeof captureLog>;
  beforeEach(() => {
    log = captureLog(others);
  });
  afterEach(() => log.end());
  return {
    get lines() {
      return log.lines;
    },
    get metrics() {
      return log.metrics;
    },
    get text() {
      return log.text;
    },
  };
}
