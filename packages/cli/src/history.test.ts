// Questions to the records, on the command line, over a quarter that the engine has written.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryEntry } from '@redress/report';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROD, QUARTER, type Quarter, quarter } from '../../../tests/support/quarter.js';
import { noteWidget, revokeOpenRules } from '../../../tests/support/widgets.js';
import { command } from '../test/support/command.js';

let directory: string;
let made: Quarter;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-history-'));
  made = await quarter(directory, { weeks: 7 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const clock = { now: () => QUARTER.end + 86_400_000, sleep: async () => undefined };
const redress = async (...argv: string[]) => command(argv, directory, { remediators: [revokeOpenRules, noteWidget], connect: made.connect, clock });
const found = async (...argv: string[]) =>
  JSON.parse(
    (await redress('history', ...argv, '--output', 'ndjson')).out.replace(/^(.*)$/s, (text) => `[${text.trim().split('\n').join(',')}]`),
  ) as HistoryEntry[];
const all = () => found('--since', '2020-01-01');

describe('redress history', () => {
  it('answers which changes in prod in the third quarter, by which remediator, approved by whom, under which ticket', async () => {
    // As the page says.
    const page = readFileSync(new URL('../../../docs/report.md', import.meta.url), 'utf8');
    const [, words = ''] = /under which ticket\?\* is one command.*?^redress (history [^\n]+)$/ms.exec(page) ?? [];
    const { exit, out } = await redress(...words.split(' '));
    expect(exit).toBe(0);
    const rows = parse(out, { columns: true }) as Record<string, string>[];
    const changes = (await all()).filter(
      (each) =>
        each.kind === 'execution' && each.outcome === 'remediated' && each.resource.account === PROD && each.time >= '2026-07-01' && each.time < '2026-10-01',
    );
    expect(changes.length).toBeGreaterThan(4);
    expect(rows.map(({ execution }) => execution)).toEqual(changes.map(({ execution }) => execution));
    expect(rows[0]).toMatchObject({
      ...{ environment: 'prod', account: PROD, remediator: 'widget-revoke-open', approver: 'arn:aws:iam::333333333333:role/SecurityLead', ticket: 'CHG-2000' },
      ...{ approverNamedBy: 'signed', verified: 'verified' },
    });
  });

  it.each<[string, readonly string[], (entry: HistoryEntry) => boolean]>([
    ['since and until', ['--since', '2026-07-10', '--until', '2026-07-20'], ({ time }) => time >= '2026-07-10' && time < '2026-07-21'],
    ['account', ['--account', PROD], ({ resource }) => resource.account === PROD],
    ['remediator', ['--remediator', 'redress-sweep'], ({ remediator }) => remediator === 'redress-sweep'],
    ['outcome', ['--outcome', 'exempt', 'rolled-back'], ({ outcome }) => outcome === 'exempt' || outcome === 'rolled-back'],
    ['resource', ['--resource', 'AWS::Test::Widget/d-1', 'd-2'], ({ resource }) => ['d-1', 'd-2'].includes(resource.id)],
    ['actor', ['--actor', 'user/bob'], (entry) => JSON.stringify([entry.trigger, entry.askedBy]).includes('user/bob"')],
    ['who rolled back', ['--actor', 'dana'], ({ by }) => JSON.stringify(by ?? '').includes('dana')],
    ['approver', ['--approver', 'SecurityLead'], ({ kind, approvedBy, outcome }) => approvedBy !== null || (kind === 'approval' && outcome === 'approved')],
    ['approver of an exception', ['--approver', 'security'], ({ exception }) => exception !== null],
    ['ticket of a person', ['--ticket', 'CHG-2002'], (entry) => `${entry.reason ?? ''} ${entry.approvedBy?.reason ?? ''}`.includes('CHG-2002:')],
    ['ticket of an exception', ['--ticket', 'CHG-100'], ({ exception }) => exception === 'EXC-1'],
  ])('filters by %s', async (_name, options, holds) => {
    const wanted = (await all()).filter(holds);
    expect(wanted.length).toBeGreaterThan(0);
    expect(await found(...options)).toEqual(wanted);
  });

  it('all given filters have to match', async () => {
    const both = await found('--account', PROD, '--outcome', 'awaiting-approval');
    expect(both.length).toBeGreaterThan(0);
    for (const { resource, outcome } of both) expect([resource.account, outcome]).toEqual([PROD, 'awaiting-approval']);
    expect((await redress('history', '--environment', 'dev', '--account', PROD, '--output', 'ndjson')).out).toBe('');
  });

  it('prints a table, a document and lines of JSON, and names from accounts cannot control a terminal', async () => {
    const { out } = await redress('history', '--resource', 'd-1', '--output', 'table');
    expect(out.split('\n')[0]).toMatch(/^time +outcome +environment +account +resource +remediator +approver +ticket +actor/);
    expect(out).toContain('AWS::Test::Widget/d-1');
    expect(JSON.parse((await redress('history', '--resource', 'd-1', '--output', 'json')).out)).toEqual(
      JSON.parse((await redress('history', 'd-1', '--json')).out),
    );
    for (const format of ['table', 'json', 'ndjson', 'csv'])
      expect((await redress('history', '--since', '2026-07-01', '--output', format)).out).not.toMatch(/[\u202a-\u202e]/);
    expect((await redress('history', '--since', '2026-07-01', '--output', 'csv')).out).not.toMatch(/(?:^|,)"?[=+@-]/m);
  });

  it.each([
    [['--outcome', 'fixed'], 'Allowed: approved, attested'],
    [['--environment', 'production'], 'Allowed: dev, prod'],
    [['--remediator', 'widget'], 'Allowed: redress-sweep, widget-note, widget-revoke-open'],
    [['--account', 'prod'], 'For example: 111111111111'],
    [['--since', 'monday'], 'For example: P7D'],
    [['--output', 'xml'], 'Choose one of table, json, ndjson, csv.'],
  ])('refuses %j and lists what is allowed', async (options, next) => {
    const { exit, out } = await redress('history', ...options, '--json');
    expect(exit).toBe(2);
    expect((JSON.parse(out) as { error: { next: string } }).error.next).toContain(next);
  });
});

it('exceptions list shows what is covered, from which remediators, and under which ticket', async () => {
  const { out } = await redress('exceptions', 'list');
  expect(out).toContain('EXC-1');
  expect(out).toContain('covers account 333333333333; resource w-live');
  expect(out).toContain('from widget-revoke-open');
  expect(out).toContain('ticket CHG-100, compensating control jump host with MFA');
  expect(out).toContain('ticket none, compensating control none');
});
