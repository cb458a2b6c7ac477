import type { FindingResult, PassResult } from '@redress/core';

/** Where metrics go, one line each. Default inside Lambda: standard output, from which CloudWatch Logs makes metrics. */
export type MetricsSink = (line: string) => void;

const NAMESPACE = 'Redress';
/** How many values of a metric CloudWatch accepts in one line. */
const VALUES = 100;
/** Outcomes that leave a gap because someone or something said so. */
const HELD_BACK = new Set(['planned', 'notified', 'exempt', 'denied', 'awaiting-approval', 'contested']);

/**
 * Metrics in CloudWatch's embedded format: a few lines instead of a library, since each kilobyte of the bundle is start-up time.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export class Metrics {
  readonly #sink: MetricsSink | null;
  readonly #values = new Map<string, { name: string; unit: 'Count' | 'Seconds'; outcome: string | null; values: number[] }>();

  constructor(sink: MetricsSink | null) {
    this.#sink = sink;
  }

  add(name: string, unit: 'Count' | 'Seconds', value: number, outcome: string | null = null): void {
    const key = `${name}/${outcome ?? ''}`;
    const entry = this.#values.get(key) ?? { name, unit, outcome, values: [] };
    this.#values.set(key, entry);
    // Counts of one line are one sum; times are kept apart, so that percentiles are right.
    if (unit === 'Count' && entry.values.length > 0) entry.values[0] = (entry.values[0] as number) + value;
    else entry.values.push(value);
  }

  /** What a pass came to. */
  pass(pass: Pick<PassResult, 'outcome' | 'duplicate'>): void {
    if (pass.duplicate) return;
    // Not `Outcome`: in this format a metric and its dimension are members of one object.
    this.add('Outcomes', 'Count', 1, pass.outcome);
    if (HELD_BACK.has(pass.outcome)) this.add('HeldBack', 'Count', 1);
  }

  /** The result of a finding; `now` in epoch milliseconds. */
  finding(result: Pick<FindingResult, 'finding' | 'passes'>, now: number): void {
    for (const pass of result.passes) {
      this.pass(pass);
      const toClose = timeToClose(result.finding, pass, now);
      if (toClose !== null) this.add('TimeToClose', 'Seconds', toClose / 1000);
    }
  }

  /** Writes what was added; `now` in epoch milliseconds. */
  flush(now: number): void {
    for (const { name, unit, outcome, values } of this.#values.values()) {
      for (let from = 0; from < values.length; from += VALUES) {
        const some = values.slice(from, from + VALUES);
        const metadata = {
          Timestamp: now,
          CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [outcome === null ? [] : ['Outcome']], Metrics: [{ Name: name, Unit: unit }] }],
        };
        this.#sink?.(JSON.stringify({ _aws: metadata, ...(outcome === null ? {} : { Outcome: outcome }), [name]: some.length === 1 ? some[0] : some }));
      }
    }
    this.#values.clear();
  }
}

/** Milliseconds from the event to the verified fix; null where nothing was fixed, or nobody knows since when. */
export function timeToClose(finding: FindingResult['finding'], pass: Pick<PassResult, 'outcome' | 'duplicate'>, now: number): number | null {
  // `remediated` is verified: what was changed was read again.
  if (pass.outcome !== 'remediated' || pass.duplicate) return null;
  const since = Date.parse(finding.observedAt ?? finding.envelope?.time ?? '');
  return Number.isNaN(since) ? null : Math.max(0, now - since);
}

/** Inside Lambda to standard output, else nowhere. */
export function defaultSink(): MetricsSink | null {
  // Not the console: where Lambda writes the log as JSON it would wrap the line, and nothing would be counted.
  return process.env['AWS_LAMBDA_FUNCTION_NAME'] === undefined ? null : (line) => void process.stdout.write(`${line}\n`);
}
