import { describe, expect, it } from 'vitest';
import { createSealHandler, type Sealed } from './create-seal-handler.js';
import type { HandlerLogger } from './types.js';

const made: Sealed = { size: 5, seal: { number: 2, records: 3 }, made: 'sealed', skipped: [], checkpoint: 'note' };

function run(options: Partial<Parameters<typeof createSealHandler>[0]>) {
  const logged: [string, string, object | undefined][] = [];
  const counted: Record<string, number> = {};
  const log = (level: string) => (message: string, more?: object) => void logged.push([level, message, more]);
  const logger = { info: log('info'), warn: log('warn'), error: log('error') } as unknown as HandlerLogger;
  const metrics = (line: string) => {
    const { _aws, ...rest } = JSON.parse(line) as { _aws: object } & Record<string, number>;
    Object.assign(counted, rest);
  };
  return { handler: createSealHandler({ seal: async () => made, logger, metrics, ...options }), logged, counted };
}

describe('the handler of the sealer', () => {
  it('seals, counts it, and copies the checkpoint', async () => {
    const copies: string[] = [];
    const { handler, counted, logged } = run({ copy: async (note) => (copies.push(note), []) });
    expect(await handler()).toEqual({ number: 2, records: 3, size: 5, made: 'sealed', skipped: 0, notCopied: 0, notCosigned: 0 });
    expect([copies, counted]).toEqual([['note'], { Sealed: 1 }]);
    expect(logged.map(([level, , more]) => [level, (more as { kind: string }).kind])).toEqual([['info', 'seal']]);
  });

  it('reports streams that are not sealed and copies that were not stored, and fails for neither', async () => {
    const skipped = [{ stream: 'sha256:1', seq: 7, message: 'it is not JSON' }];
    const failing = run({ seal: async () => ({ ...made, skipped }), copy: async () => [{ anchor: 's3://b/', message: 'denied' }] });
    expect(await failing.handler()).toMatchObject({ skipped: 1, notCopied: 1 });
    expect(failing.counted).toEqual({ Sealed: 1, SealSkipped: 1, CheckpointNotCopied: 1 });
    expect(failing.logged.filter(([level]) => level === 'error').map(([, message]) => message)).toEqual([
      'not sealed: it is not JSON',
      'the checkpoint was not copied: denied',
    ]);
    const throwing = run({ copy: () => Promise.reject(new Error('no')) });
    expect(await throwing.handler()).toMatchObject({ notCopied: 1 });
    expect(throwing.counted).toEqual({ Sealed: 1, CheckpointNotCopied: 1 });
  });

  it('reports witnesses that have not cosigned, with the next step, and does not fail for them', async () => {
    const notCosigned = [{ witness: 'w.example', message: 'It answered 404.', next: 'Ask whoever runs it.' }];
    const { handler, counted, logged } = run({ seal: async () => ({ ...made, notCosigned }) });
    expect(await handler()).toMatchObject({ size: 5, notCopied: 0, notCosigned: 1 });
    expect(counted).toEqual({ Sealed: 1, CheckpointNotCosigned: 1 });
    expect(logged[0]).toEqual([
      'error',
      'the checkpoint was not cosigned: It answered 404.',
      { kind: 'checkpoint-not-cosigned', witness: 'w.example', next: 'Ask whoever runs it.' },
    ]);
  });

  it('reports a replaced key until the function has only the new one', async () => {
    const rotated = { from: 'o+1+A', to: 'o+2+B', since: '2026-01-02T00:00:00.000Z' };
    const { handler, logged } = run({ seal: async () => ({ ...made, rotated }) });
    expect(await handler()).toMatchObject({ size: 5, rotated });
    expect(logged[0]).toEqual([
      'warn',
      'the key was replaced: deploy the sealer with the new key, and without the old one',
      { kind: 'key-rotated', ...rotated },
    ]);
  });

  it('fails when nothing was sealed, and counts no seal', async () => {
    const { handler, counted, logged } = run({ seal: () => Promise.reject(new Error('gone')) });
    await expect(handler()).rejects.toThrow('gone');
    expect(counted).toEqual({});
    expect(logged.map(([level, message]) => [level, message])).toEqual([['error', 'nothing was sealed']]);
  });
});
