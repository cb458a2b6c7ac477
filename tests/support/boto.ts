import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../../scripts/setup.mjs';

/** An error response of AWS. */
export class AwsError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** boto3 in a separate process. */
export interface Boto {
  /** `call('eu-west-1', 'ec2', 'describe_volumes', { VolumeIds: […] })` @throws {AwsError} */
  call(region: string, service: string, operation: string, input?: object): Promise<any>;
  close(): Promise<void>;
}

/** Starts boto3 against an endpoint. */
export function startBoto(endpoint: string): Boto {
  const child = spawn(PYTHON, [fileURLToPath(new URL('boto.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting: ((line: string) => void)[] = [];
  let log = '';
  child.stderr.on('data', (data) => (log += String(data)));
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.(line));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => {
    for (const answer of waiting.splice(0)) answer(JSON.stringify({ broken: `boto3 ended: ${log}` }));
  });
  return {
    async call(region, service, operation, input = {}) {
      const answer = new Promise<string>((resolve) => waiting.push(resolve));
      child.stdin.write(`${JSON.stringify({ endpoint, region, service, operation, input })}\n`);
      const { reply, error, broken } = JSON.parse(await answer) as { reply?: unknown; error?: string; broken?: string };
      if (broken !== undefined) throw new Error(`boto3, ${service} ${operation}: ${broken}`);
      if (error !== undefined) throw new AwsError(error);
      return reply;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
