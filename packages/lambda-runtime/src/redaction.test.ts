import { definePolicy, redact } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { expect, it } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { createHandler } from './create-handler.js';
import { redactingLogger } from './log.js';

const log = logOfEachTest();
const SECRET = 'hunter2hunter2';

it('throws no secret, which Lambda would log, and logs none', async () => {
  const failing = async () => {
    throw new Error(`connect to postgres://app:${SECRET}@db/x failed`);
  };
  const handler = createHandler({
    remediators: [],
    policy: definePolicy({ version: 1 }),
    journal: memoryJournal(),
    connect: async () => ({ config: {}, identity: failing }),
    canary: { parameter: '/redress/canary', send: failing },
  });
  const thrown = await handler({ redress: 'canary' }, { getRemainingTimeInMillis: () => 900_000 }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(Error);
  const { message, stack } = thrown as Error;
  expect(message).toMatch(/^connect to postgres:\/\/app:\[redacted.*\]@db\/x failed$/);
  expect(`${message}${stack}${log.text}`).not.toContain(SECRET);
  // In a queue it is logged, and comes again.
  const record = { messageId: 'm-1', eventSource: 'aws:sqs', body: JSON.stringify({ redress: 'canary' }) };
  expect(await handler({ Records: [record] }, { getRemainingTimeInMillis: () => 900_000 })).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-1' }] });
  expect(log.text).toContain('[redacted');
  expect(log.text).not.toContain(SECRET);
});

it.each(['info', 'warn', 'error'] as const)('passes no secret to a logger in a message or an attribute (%s)', (level) => {
  const lines: unknown[] = [];
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined, [level]: (...line: unknown[]) => lines.push(line) };
  redactingLogger(logger, redact)[level](`DB_PASSWORD=${SECRET}`, { kind: 'pass', apiToken: SECRET });
  expect(lines).toEqual([['DB_PASSWORD=[redacted]', { kind: 'pass', apiToken: '[redacted]' }]]);
});
