import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { digestOf } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeated } from '../../../tests/support/size.js';
import { blobs, copy, fresh, ref, root, streams, useKept } from '../../evidence/test/support/kept.js';
import { verifyLedger } from './index.js';

useKept();

describe('verifyLedger of an unsealed journal after any change', () => {
  it('finds every changed byte of every record, and names its line', () => {
    fresh();
    const files = streams();
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, position, change) => {
        const file = files[which % files.length] as string;
        const good = readFileSync(file);
        const bad = Buffer.from(good);
        // The final newline is the only byte whose loss looks like an unfinished line.
        const at = position % (bad.length - 1);
        bad[at] = (bad[at] as number) ^ change;
        writeFileSync(file, bad);
        const report = verifyLedger({ directory: copy });
        writeFileSync(file, good);
        expect(report.status).toBe('tampered');
        const line = good.subarray(0, at).toString('latin1').split('\n').length;
        expect(report.firstBad).toMatchObject({ file: relative(copy, file), severity: 'tampered' });
        // A broken newline joins two lines: the first of them is named.
        expect([line, line + 1]).toContain(report.firstBad?.line);
      }),
      { numRuns: Number(process.env['REDRESS_TAMPER_RUNS'] ?? repeated(150, 400)) },
    );
  });

  it('finds every changed byte of every document', () => {
    fresh();
    const files = blobs();
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, position, change) => {
        const file = files[which % files.length] as string;
        const good = readFileSync(file);
        const bad = Buffer.from(good);
        bad[position % bad.length] = (bad[position % bad.length] as number) ^ change;
        writeFileSync(file, bad);
        const report = verifyLedger({ directory: copy });
        writeFileSync(file, good);
        expect(report.firstBad).toMatchObject({ code: 'changed-document' });
        expect(report.status).toBe('tampered');
      }),
      { numRuns: repeated(50, 100) },
    );
  });

  it('has no false alarm for any history', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: fc.constantFrom('a', 'b'), act: fc.constantFrom('decision', 'execution', 'crash'), text: fc.string() }), {
          minLength: 1,
          maxLength: 12,
        }),
        async (history) => {
          const directory = mkdtempSync(join(root, 'any-'));
          const journal = folderJournal({ directory });
          for (const { id, act, text } of history) {
            if (act === 'decision') await journal.append({ kind: 'decision', resource: ref(id), remediator: 'r', body: { text: text.toWellFormed() } });
            else {
              const { generation } = await journal.view(ref(id));
              const begun = await journal.begin({
                resource: ref(id),
                remediator: 'r',
                planDigest: digestOf(1),
                generation,
                budgets: [],
                lease: 1000,
                body: { text: text.toWellFormed() },
                documents: { before: text.toWellFormed() },
              });
              if (begun.status === 'begun' && act === 'execution')
                await journal.finish({ lease: begun.lease, resource: ref(id), remediator: 'r', outcome: 'remediated', sent: 1, body: {} });
            }
          }
          await journal.close?.();
          const report = verifyLedger({ directory });
          expect(report.status).not.toBe('tampered');
          expect(report.findings.every((problem) => problem.code === 'open-execution')).toBe(true);
          rmSync(directory, { recursive: true });
        },
      ),
      { numRuns: repeated(20, 40) },
    );
  });
});
