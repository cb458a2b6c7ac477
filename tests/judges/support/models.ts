// The service models of botocore, in a process of their own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pythonOf } from '../../../scripts/setup.mjs';

/** What a call or a reply has to be, by the names of its parts. */
export interface Shape {
  readonly type: string;
  /** Of a structure: the shape of each member. */
  readonly members?: Readonly<Record<string, string>>;
  readonly required?: readonly string[];
  /** Members that every SDK fills in. */
  readonly tokens?: readonly string[];
  /** Of a list. */
  readonly member?: string;
  /** Of a map. */
  readonly key?: string;
  readonly value?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
}

/** An operation as the model has it. */
export interface OperationModel {
  readonly input: string | null;
  readonly output: string | null;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Errors that it may answer with: `name` is that of the shape, `code` what is sent, and `says` what the model says of it. */
  readonly errors: readonly { readonly name: string; readonly code: string; readonly status: number; readonly says: string }[];
}

/** See {@link startModels}. Services are named by AWS's own id: `Elastic Load Balancing v2`. */
export interface Models {
  describe(serviceId: string, operation: string): Promise<OperationModel>;
  /** What is wrong with an input; empty: nothing is. */
  validate(serviceId: string, operation: string, input: unknown): Promise<readonly string[]>;
  /** Patterns that were not understood, and decided nothing. */
  unread(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What JSON does not have, in a form that the other side knows. */
const portable = (value: unknown): unknown => {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(portable);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, portable(each)])) : value;
};

/** Starts Python with the models. */
export function startModels(): Models {
  const child = spawn(pythonOf('botocore'), [join(import.meta.dirname, '..', 'service_models.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting: ((line: string) => void)[] = [];
  const known = new Map<string, Promise<OperationModel>>();
  let log = '';
  child.stderr.on('data', (data) => (log += String(data)));
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.(line));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => {
    for (const answer of waiting.splice(0)) answer(JSON.stringify({ broken: `botocore ended: ${log}` }));
  });
  const ask = async <T>(question: object): Promise<T> => {
    const line = new Promise<string>((resolve) => waiting.push(resolve));
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { answer, broken } = JSON.parse(await line) as { answer?: T; broken?: string };
    if (broken !== undefined) throw new Error(`botocore, ${JSON.stringify(question).slice(0, 300)}: ${broken}`);
    return answer as T;
  };
  return {
    describe(serviceId, operation) {
      const name = `${serviceId}:${operation}`;
      const found = known.get(name) ?? ask<OperationModel>({ ask: 'describe', service_id: serviceId, operation });
      known.set(name, found);
      return found;
    },
    validate: (serviceId, operation, input) => ask({ ask: 'validate', service_id: serviceId, operation, given: portable(input) }),
    unread: () => ask({ ask: 'unread' }),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
