// Validators that nobody here wrote read what is exported: of ledgers that the engine has written while much happened, and of such that hold the worst.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Journal, JsonObject } from '@redress/core';
import { ocsfEvents, oscalAssessmentResults, oscalPoam } from '@redress/evidence/formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { pythonOf } from '../../scripts/setup.mjs';
import { happened, hostile } from '../support/histories.js';

/** What a validator says of documents, in their order. */
async function problems(kind: 'ocsf' | 'oscal', documents: readonly JsonObject[]): Promise<string[][]> {
  const child = spawn(pythonOf(kind === 'ocsf' ? 'ocsf-json-schema' : 'compliance-trestle'), [join(import.meta.dirname, 'formats.py'), kind]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (err = (err + String(data)).slice(-4000)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(documents.map((each) => `${JSON.stringify(each)}\n`).join(''));
  if ((await ended) !== 0) throw new Error(`The validator ended: ${err}`);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
}

const journals: Journal[] = [];
beforeAll(async () => {
  for (let seed = 1; seed <= 60; seed++) journals.push(await happened(seed));
  for (let seed = 1; seed <= 150; seed++) journals.push(await hostile(seed));
});
const eventsOf = async (journal: Journal) => {
  const events: JsonObject[] = [];
  for await (const event of ocsfEvents(journal.read({ all: true }))) events.push(event);
  return events;
};
const documentsOf = async (journal: Journal) => {
  const { gaps } = await journal.standing();
  const source = () => ({ records: journal.read({ all: true }), gaps });
  return [await oscalAssessmentResults(source()), await oscalPoam(source())].map(({ document }) => document);
};
const at = (document: JsonObject, ...path: (string | number)[]) =>
  path.reduce<unknown>((value, key) => (value as JsonObject)[key as string], document) as JsonObject;

describe('ocsf-json-schema', () => {
  it('accepts every event of every ledger, and refuses what 7001 does not have', async ({ task }) => {
    const events: JsonObject[] = [];
    for (const journal of journals) events.push(...(await eventsOf(journal)));
    const found = await problems('ocsf', events);
    expect(found.flatMap((each, index) => (each.length === 0 ? [] : [[each, events[index]]])).slice(0, 3)).toEqual([]);
    expect(found).toHaveLength(events.length);
    const counts = [2003, 7001, 3004].map((uid) => events.filter((event) => event['class_uid'] === uid).length);
    task.meta.said = `${events.length} events: ${counts[0]} compliance findings, ${counts[1]} remediation activities, ${counts[2]} of entity management`;
    for (const count of counts) expect(count).toBeGreaterThan(100);

    // It has eyes.
    const [remediation, finding] = [7001, 2003].map((uid) => events.find((event) => event['class_uid'] === uid) as JsonObject);
    const { command_uid: _, ...nameless } = remediation as JsonObject;
    const wrong = [
      nameless,
      { ...remediation, resources: [] },
      { ...remediation, finding_info: { uid: '1' } },
      { ...finding, activity_id: 17 },
      { ...finding, time: 'now' },
    ];
    for (const each of await problems('ocsf', wrong as JsonObject[])) expect(each.length).toBeGreaterThan(0);
  });
});

describe('compliance-trestle', () => {
  it('accepts both documents of every ledger, and refuses a bare number as an id, and an unknown state', async ({ task }) => {
    const documents: JsonObject[] = [];
    for (const journal of journals) documents.push(...(await documentsOf(journal)));
    const found = await problems('oscal', documents);
    expect(found.flatMap((each, index) => (each.length === 0 ? [] : [[each, documents[index]]])).slice(0, 3)).toEqual([]);
    expect(found).toHaveLength(documents.length);
    const findings = documents.flatMap((each) =>
      'assessment-results' in each ? ((at(each, 'assessment-results', 'results', 0)['findings'] ?? []) as JsonObject[]) : [],
    );
    const items = documents.flatMap((each) =>
      'plan-of-action-and-milestones' in each ? (at(each, 'plan-of-action-and-milestones')['poam-items'] as unknown as JsonObject[]) : [],
    );
    task.meta.said = `${documents.length} documents: ${findings.length} findings, ${items.length} items`;
    expect(findings.length).toBeGreaterThan(100);
    expect(items.length).toBeGreaterThan(200);

    const good = documents.find((each) => 'assessment-results' in each && at(each, 'assessment-results', 'results', 0)['findings'] !== undefined) as JsonObject;
    const changed = (change: (finding: Record<string, unknown>) => void) => {
      const copy = structuredClone(good) as JsonObject;
      change(at(copy, 'assessment-results', 'results', 0, 'findings', 0, 'target') as unknown as Record<string, unknown>);
      return copy;
    };
    const wrong = [
      changed((target) => (target['target-id'] = '2.1.1')),
      changed((target) => (target['status'] = { state: 'partly-satisfied' })),
      {
        'plan-of-action-and-milestones': {
          ...at(documents.find((each) => 'plan-of-action-and-milestones' in each) as JsonObject, 'plan-of-action-and-milestones'),
          'poam-items': [],
        },
      },
    ];
    for (const each of await problems('oscal', wrong)) expect(each.length).toBeGreaterThan(0);
  });
});

it('an empty ledger is valid', async () => {
  const { memoryJournal } = await import('@redress/evidence');
  expect(await eventsOf(memoryJournal())).toEqual([]);
  expect(await problems('oscal', await documentsOf(memoryJournal()))).toEqual([[], []]);
});
