// The report of a quarter that the engine has written, by the command line.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredRecord } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { parseTrust, verifyBundle, verifyProof } from '@redress/verify';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_NAMES, QUARTER, type Quarter, quarter } from '../../../tests/support/quarter.js';
import { noteWidget, revokeOpenRules } from '../../../tests/support/widgets.js';
import { EAST, inZone, WEST } from '../../../tests/support/zone.js';
import { command } from '../test/support/command.js';

type Cells = Record<string, string>;
const PERIOD = ['--from', QUARTER.from, '--to', QUARTER.to] as const;
const clock = { now: () => QUARTER.end + 86_400_000, sleep: async () => undefined };

let directory: string;
let made: Quarter;
let records: readonly StoredRecord[];
const redressIn = async (cwd: string, ...argv: string[]) => {
  const { exit, out, err } = await command(argv, cwd, { remediators: [revokeOpenRules, noteWidget], connect: made.connect, clock });
  return { exit, out, err, json: argv.includes('--json') ? (JSON.parse(out) as Record<string, unknown>) : {} };
};
const redress = (...argv: string[]) => redressIn(directory, ...argv);
const file = (...path: string[]) => readFileSync(join(directory, ...path), 'utf8');
const csv = (...path: string[]) => parse(file(...path), { columns: true }) as Cells[];
/** A page as a reader has it: markup gone, entities resolved. */
const textOf = (html: string) =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&');
const section = (html: string, id: string) => html.slice(html.indexOf(`id="${id}"`)).split('</section>')[0] ?? '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-report-'));
  made = await quarter(directory);
  const journal = folderJournal({ directory: made.data });
  const read: StoredRecord[] = [];
  for await (const stored of journal.read({ all: true })) read.push(stored);
  records = read;
  await journal.close?.();
  expect(await redress('report', ...PERIOD, '--out', 'out', '--json')).toMatchObject({ exit: 0, json: { status: 'intact', unread: [] } });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Records before the end of the period. */
const until = () => records.filter(({ record }) => record.time < '2026-10-01');
const within = () => until().filter(({ record }) => record.time >= '2026-07-01');

describe('the population', () => {
  it('is every intent of the period in the records', () => {
    const intents = within().filter(({ record }) => record.kind === 'intent');
    const rows = csv('out', 'changes.csv');
    expect(rows.map(({ execution }) => execution).sort()).toEqual(intents.map(({ record }) => record.execution).sort());
    expect(rows.length).toBeGreaterThan(40);
    // What was begun before the period, and after it, is not in it.
    const others = records.filter(({ record }) => record.kind === 'intent' && (record.time < '2026-07-01' || record.time >= '2026-10-01'));
    expect(others.length).toBeGreaterThan(1);
    for (const { record } of others) expect(file('out', 'report.html')).not.toContain(record.execution);
    for (const row of rows) {
      const own = until().filter(({ record }) => record.execution === row['execution'] && record.kind !== 'duplicate');
      expect(own.find(({ record }) => record.kind === 'intent')?.record.time).toBe(row['time']);
      const requests = own.flatMap(({ record }) => (record.kind === 'call' ? [(record.body['call'] as { requestId?: string }).requestId ?? []].flat() : []));
      expect(row['requests']).toBe(requests.join(' '));
    }
  });

  it('has a section for each change, with its facts, its difference and its proof', () => {
    const html = file('out', 'report.html');
    const rows = csv('out', 'changes.csv');
    expect(html.match(/<article class="change"/g)).toHaveLength(rows.length);
    const [, approved] = /(<article class="change" id="change-\d+"><h3>\d+\. widget-revoke-open on <bdi class="mono">p-0<.*?<\/article>)/s.exec(html) ?? [];
    const text = textOf(approved ?? '').replace(/\s+/g, ' ');
    expect(text).toContain('arn:aws:iam::333333333333:role/SecurityLead (identified by a signed request)');
    expect(text).toContain('CHG-2000: reviewed');
    expect(text).toContain('a person approved it');
    expect(text).toContain('arn:aws:iam::333333333333:user/bob');
    expect(text).toContain('removed: − "open-2"');
    expect(text).toContain('a second read found nothing left to change');
    expect(text).toMatch(/widget:RevokeRule \w+ r-\d+ /);
    const intent = until().find(({ record }) => record.kind === 'intent' && record.resource.id === 'p-0');
    const answers = intent?.record.body['guardrails'] as { guardrail: string; code: string; message: string }[];
    expect(answers.length).toBeGreaterThan(10);
    for (const { guardrail, code, message } of answers) expect(text).toContain(`· ${guardrail} (${code}): ${message}`);
  });

  it('names who rolled back, with the reason', () => {
    const html = textOf(file('out', 'report.html')).replace(/\s+/g, ' ');
    expect(html).toMatch(/Rolled back 2026-07-2\d .{0,20}UTC by dana : INC-77: it broke the shop/);
  });
});

describe('the scope', () => {
  it('is every account that has records, with its environment and its number of resources', () => {
    const resources = (account: string) => new Set(until().flatMap(({ record, stream }) => (record.resource.account === account ? [stream] : []))).size;
    const page = textOf(section(file('out', 'report.html'), 'verification')).replace(/\s+/g, ' ');
    expect(page).toMatch(new RegExp(`111111111111 , dev: ${resources('111111111111')} resources 333333333333 , prod: ${resources('333333333333')} resources`));
    const remediators = [...new Set(until().map(({ record }) => record.remediator))].sort();
    expect(remediators.length).toBeGreaterThan(1);
    expect(page).toContain(`Remediators ${remediators.join(' ')} `);
  });
});

describe('the sample', () => {
  it('can be repeated from the ids and the seed, in any order', async () => {
    const { json } = await redress('report', ...PERIOD, '--out', 'seeded', '--sample', '7', '--seed', 'auditor 2026', '--json');
    expect(json['sample']).toEqual({ seed: 'auditor 2026', size: 7 });
    const ids = csv('seeded', 'changes.csv').map(({ execution }) => execution ?? '');
    // As a shell would: printf '%s\n%s' SEED ID | sha256sum, and sort.
    const drawn = [...ids]
      .reverse()
      .map((id) => [createHash('sha256').update(`auditor 2026\n${id}`).digest('hex'), id] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, 7)
      .map(([, id]) => id);
    expect(csv('seeded', 'sample.csv').map(({ execution }) => execution)).toEqual(drawn);
    expect(section(file('seeded', 'report.html'), 'population')).toContain('auditor 2026');
  });

  it('has the root of the sealed tree as seed, and the page names the tree size that binds it', () => {
    const page = section(file('out', 'report.html'), 'population');
    const [, size = '', root = ''] = /^example\.com\/redress\n(\d+)\n(\S+)\n/.exec(file('.redress', 'ledger', 'checkpoint')) ?? [];
    expect(page).toContain(`sealed tree of ${size} entries`);
    expect(textOf(page)).toContain(`${root}`);
    expect(csv('out', 'sample.csv')).toHaveLength(25);
  });

  it('and each change are proven by files that verify on their own', () => {
    const trust = parseTrust(file('redress.trust.json'));
    const proofs = readdirSync(join(directory, 'out', 'proofs')).filter((name) => name.endsWith('.tlog-proof'));
    expect(proofs).toHaveLength(csv('out', 'changes.csv').length);
    for (const name of proofs) {
      const { status, records: proven } = verifyProof(readFileSync(join(directory, 'out', 'proofs', name)), { trust });
      expect([status, proven[0]?.kind]).toEqual(['intact', 'outcome']);
      expect(file('out', 'report.html')).toContain(`href="proofs/${name}"`);
    }
    expect(verifyBundle(readFileSync(join(directory, 'out', 'proofs', 'sample.bundle.json')), { trust }).status).toBe('intact');
  });
});

describe('open gaps', () => {
  it('are those of the plan of action and milestones, without exception', () => {
    const items = (JSON.parse(file('out', 'oscal-poam.json')) as { 'plan-of-action-and-milestones': { 'poam-items': object[] } })[
      'plan-of-action-and-milestones'
    ]['poam-items'];
    const gaps = csv('out', 'gaps.csv');
    expect(gaps).toHaveLength(items.length);
    expect(gaps.filter(({ status }) => status === 'accepted').map(({ resource }) => resource?.split(' ')[1])).toEqual(['w-live']);
    const open = gaps.filter(({ status }) => status === 'open').map(({ resource }) => resource?.split(' ')[1]);
    for (const id of ['w-ended', 'w-waits', 'p-11', 'd-3']) expect(open).toContain(id);
    const page = textOf(section(file('out', 'report.html'), 'gaps')).replace(/\s+/g, ' ');
    for (const { resource } of gaps) expect(page).toContain(resource);
    expect(page).toContain(`${open.length} gaps of ${open.length} resources are open`);
  });

  it('have their age, owner and deadlines, and no claim about materiality', () => {
    const [gap] = csv('out', 'gaps.csv').filter(({ resource }) => resource?.includes('p-11'));
    expect(gap).toMatchObject({ owner: 'platform', environment: 'prod', since: '2026-09-16T09:03:00.000Z', ageDays: '14', businessDays: '11' });
    // Ten business days in Sydney after Wednesday, 16 September.
    expect(gap).toMatchObject({
      tenthBusinessDay: '2026-09-30',
      pastTenthBusinessDay: 'true',
      policyDeadline: '2026-09-30T09:03:00.000Z',
      pastPolicyDeadline: 'true',
    });
    expect(textOf(file('out', 'report.html'))).toContain(
      'A person decides whether a weakness is material, and whether it can be remediated in a timely manner',
    );
  });

  it('count business days by a given calendar, which is named with its digest', async () => {
    writeFileSync(join(directory, 'calendar.json'), JSON.stringify({ zone: 'UTC', holidays: ['2026-09-25', '2026-09-28'] }));
    await redress('report', ...PERIOD, '--out', 'calendar', '--calendar', 'calendar.json');
    expect(csv('calendar', 'gaps.csv').find(({ resource }) => resource?.includes('p-11'))).toMatchObject({
      tenthBusinessDay: '2026-10-02',
      pastTenthBusinessDay: 'false',
    });
    const digest = createHash('sha256').update(file('calendar.json')).digest('hex');
    expect(file('calendar', 'report.html')).toContain(`sha256:${digest}`);
  });

  it('are open if their exception has expired, whatever the last record is', () => {
    expect(csv('out', 'gaps.csv').find(({ resource }) => resource?.includes('w-ended'))).toMatchObject({
      ...{ status: 'open', outcome: 'exempt', exception: 'EXC-2', exceptionStatus: 'It has ended.' },
    });
    expect(csv('out', 'exceptions.csv').map(({ id, status }) => [id, status])).toEqual([
      ['EXC-1', 'live'],
      ['EXC-2', 'ended'],
      ['EXC-3', 'live'],
    ]);
    const [live = '', ended = ''] = section(file('out', 'report.html'), 'exceptions').split('Ended</caption>');
    expect(live).toContain('EXC-1');
    expect(live).not.toContain('EXC-2');
    expect(ended).toContain('EXC-2');
  });
});

describe('times and weeks', () => {
  it('are counted from the records', () => {
    const weeks = csv('out', 'weeks.csv');
    const sum = (column: string) => weeks.reduce((total, week) => total + Number(week[column]), 0);
    const outcomes = (wanted: string) =>
      within().filter(({ record }) => record.kind === 'outcome' && (record.body['journal'] as { outcome: string }).outcome === wanted).length;
    expect(sum('drills')).toBe(1);
    // The drill is no fix.
    expect(sum('closed')).toBe(outcomes('remediated') - 1);
    expect(sum('rolledBack')).toBe(outcomes('rolled-back'));
    expect(sum('breakers')).toBe(within().filter(({ record }) => record.kind === 'breaker' && record.body['breaker'] === 'open').length);
    expect(sum('breakers')).toBe(1);
    expect(sum('fights')).toBe(within().filter(({ record }) => record.body['outcome'] === 'contested').length);
    expect(sum('fights')).toBeGreaterThan(0);
    const times = csv('out', 'times.csv');
    expect(times.reduce((total, { fixes }) => total + Number(fixes), 0)).toBe(sum('closed'));
    // An event took 90 seconds; a person in prod takes days.
    expect(times.find(({ environment }) => environment === 'dev')).toMatchObject({ detectP50: '90000', decideP50: '0', closeP50: '90000' });
    expect(Number(times.find(({ environment }) => environment === 'prod')?.['decideP50'])).toBeGreaterThan(86_400_000);
    // Each chart has a name and stands beside its table.
    const page = section(file('out', 'report.html'), 'times');
    const ids = [...page.matchAll(/<svg class="chart" role="img" aria-labelledby="(chart-\w+)-t/g)].map(([, id]) => id);
    expect(ids).toEqual(['chart-detect', 'chart-decide', 'chart-close', 'chart-closed', 'chart-fights', 'chart-drills', 'chart-breakers']);
    expect(page.match(/<table/g)).toHaveLength(2);
  });

  it('coverage begins with what is not covered', () => {
    const page = textOf(section(file('out', 'report.html'), 'coverage'));
    for (const [of, count] of [
      ['apra-cpg-234', 130],
      ['fsbp', 287],
      ['cis-7.0', 70],
    ] as const)
      expect(csv('out', 'coverage.csv').filter((row) => row['of'] === of)).toHaveLength(count);
    const table = page.slice(page.indexOf('(apra-cpg-234)'));
    expect(table.indexOf('✗ none')).toBeGreaterThan(0);
    expect(table.indexOf('✗ none')).toBeLessThan(table.indexOf('◦ attested'));
  });
});

describe('hostile names', () => {
  it('are text everywhere', () => {
    const html = file('out', 'report.html');
    expect(html).not.toMatch(/<script|<img|<b>|<i>|onerror=(?!alert\(1\)&gt;)/);
    expect(html.match(/<style>/g)).toHaveLength(1);
    const text = textOf(html);
    for (const name of HOSTILE_NAMES) expect(text).toContain(name.replace('\u202e', '\\u202e'));
    expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    // Nothing is fetched, and the policy of the page lets nothing be.
    expect(html).toContain('content="default-src &#39;none&#39;; style-src &#39;sha256-');
    expect(html.match(/(?:src|href)="(?!#|proofs\/|[\w.-]+\.(?:csv|json|ndjson)")[^"]*"/g)).toBeNull();
  });

  it('are not formulas in a spreadsheet', () => {
    expect(csv('out', 'changes.csv').some(({ resource }) => resource?.includes('=cmd'))).toBe(true);
    for (const name of ['changes.csv', 'gaps.csv', 'sample.csv', 'exceptions.csv', 'coverage.csv'])
      for (const cell of csv('out', name).flatMap((row) => Object.values(row))) expect(cell).not.toMatch(/^[=+@\t\r-]/);
  });
});

describe('the same evidence', () => {
  it('gives the same bytes, in other time zones and from a copy without its index, and the checksums match', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'redress-report-copy-'));
    try {
      cpSync(directory, copy, { recursive: true, filter: (source) => !/index\.sqlite/.test(source) });
      const sums = file('out', 'SHA256SUMS');
      for (const [out, zone, moment, there] of [
        ['east', EAST, '2026-08-01T23:00:00Z', 2],
        ['west', WEST, '2026-08-01T01:00:00Z', 31],
      ] as const)
        await inZone(zone, async () => {
          expect([new Date(moment).getDate(), new Intl.DateTimeFormat('en', { day: 'numeric' }).format(new Date(moment))]).toEqual([there, String(there)]);
          await redressIn(copy, 'report', ...PERIOD, '--out', out);
          expect(readFileSync(join(copy, out, 'SHA256SUMS'), 'utf8')).toBe(sums);
        });
      for (const line of sums.trim().split('\n')) {
        const [digest, name = ''] = line.split('  ');
        expect(
          createHash('sha256')
            .update(readFileSync(join(copy, 'east', name)))
            .digest('hex'),
        ).toBe(digest);
      }
      expect(sums.trim().split('\n')).toHaveLength(11 + 1 + csv('out', 'changes.csv').length);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});

describe('what could not be verified', () => {
  const cover = (...path: string[]) => textOf(section(file(...path), 'verification')).replace(/\s+/g, ' ');
  const inCopy = async (work: (copy: string) => void | Promise<void>) => {
    const copy = mkdtempSync(join(tmpdir(), 'redress-report-bad-'));
    cpSync(directory, copy, { recursive: true, filter: (source) => !/index\.sqlite|\/(out|seeded|calendar)(\/|$)/.test(source) });
    await work(copy);
    const answer = await redressIn(copy, 'report', ...PERIOD, '--out', 'bad', '--json');
    const html = existsSync(join(copy, 'bad', 'report.html')) ? readFileSync(join(copy, 'bad', 'report.html'), 'utf8') : '';
    rmSync(copy, { recursive: true, force: true });
    return { ...answer, html, first: textOf(section(html, 'verification')).replace(/\s+/g, ' ') };
  };

  it('comes first, and for an intact ledger lists what no check can show', () => {
    const text = cover('out', 'report.html');
    expect(text.indexOf('What could not be verified')).toBeLessThan(text.indexOf('What was verified'));
    expect(text).toContain('Whether records were true when they were written.');
    expect(text).toContain('✓ intact');
  });

  it('without a trusted key the ledger is reported as untrusted, never as verified', async () => {
    const { exit, json, html, first } = await inCopy((copy) => rmSync(join(copy, 'redress.trust.json')));
    expect([exit, json['status']]).toEqual([1, 'untrusted']);
    expect(first).toContain('No trusted key has signed these records.');
    expect(html).not.toContain('✓ intact');
  });

  it('nothing binds the population of a ledger that was never sealed', async () => {
    const { exit, json, html, first } = await inCopy((copy) => {
      rmSync(join(copy, '.redress', 'ledger'), { recursive: true });
      rmSync(join(copy, '.redress', 'sealer'), { recursive: true, force: true });
      rmSync(join(copy, 'redress.trust.json'));
    });
    expect([exit, json['status']]).toEqual([1, 'unsealed']);
    expect(html).not.toContain('intact');
    expect(first).toContain('a missing record or a missing resource would go unnoticed.');
    expect(textOf(section(html, 'population'))).toContain('The ledger is not sealed, so nothing proves this number.');
  });

  it('a changed record is named, what can be read is reported, and nothing is proven', async () => {
    const { exit, json, html, first } = await inCopy((copy) => {
      const stream =
        until()
          .find(({ record }) => record.resource.id === 'd-1')
          ?.stream.slice('sha256:'.length) ?? '';
      const path = join(copy, '.redress', 'streams', stream.slice(0, 2), `${stream}.jsonl`);
      writeFileSync(path, readFileSync(path, 'utf8').replace('open-1', 'open-X'));
    });
    expect([exit, json['status']]).toEqual([1, 'tampered']);
    expect(first).toContain('Records were changed, inserted, removed or moved.');
    expect(first).toContain('Some records could not be read');
    expect(html).toContain('✗ tampered');
    expect(html).not.toContain('.tlog-proof"');
    expect(json['unread']).toHaveLength(1);
    // What does not verify is no evidence: neither its change nor what follows it in its stream is counted.
    const left = csv('out', 'changes.csv').filter(({ resource }) => resource === 'test:Widget/d-1' || resource?.endsWith('/d-1') === true);
    expect(left).toHaveLength(1);
    expect(html).not.toContain(left[0]?.['execution']);
    expect(json['changes']).toBe(csv('out', 'changes.csv').length - 1);
  });
});

describe('invalid options', () => {
  it.each([
    [['--from', '2026-09-30', '--to', '2026-07-01'], 'not before'],
    [['--from', '2026-07-01', '--to', '2026-10-05'], 'is in the future'],
    [['--from', '2026-06-31', '--to', '2026-09-30'], 'not a duration, a date or a time'],
    [[...PERIOD, '--sample', '0'], '--sample takes a whole number'],
    [[...PERIOD, '--proofs', 'some'], '--proofs "some" is not valid.'],
    [[...PERIOD, '--framework', 'cis-99'], 'There is no framework'],
    [[...PERIOD, '--calendar', 'none.json'], 'cannot be read'],
  ])('%j: %s', async (options, message) => {
    const { exit, json } = await redress('report', ...options, '--out', 'refused', '--json');
    expect(exit).toBe(2);
    expect((json['error'] as { message: string }).message).toContain(message);
    // Nothing is left behind.
    expect(readdirSync(directory).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it('a folder that is not empty is not replaced', async () => {
    const before = file('out', 'SHA256SUMS');
    expect(await redress('report', ...PERIOD, '--out', 'out', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/file' } } });
    expect(file('out', 'SHA256SUMS')).toBe(before);
  });
});
