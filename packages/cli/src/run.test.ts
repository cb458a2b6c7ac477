import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@redress/core';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteWidget, openedEvent, revokeOpenRules, Widgets } from '../../../tests/support/widgets.js';
import { command } from '../test/support/command.js';
import type { HistoryEntry } from './commands/history.js';
import type { PlanDocument } from './commands/plan.js';
import type { RemediatorDocument } from './commands/remediators.js';
import type { RunDocument } from './commands/run.js';
import { run } from './run.js';

const START = Date.parse('2026-11-20T10:00:00Z');
const POLICY = 'version: 1\nenvironments:\n  dev:\n    accounts: ["111111111111"]\nremediators:\n  widget-revoke-open: { dev: enforce }\n';

class TestClock implements Clock {
  time = START;
  now = () => this.time;
  sleep = async (milliseconds: number) => {
    this.time += milliseconds;
  };
}

let directory: string;
let widgets: Widgets;
let clock: TestClock;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-cli-'));
  widgets = new Widgets();
  clock = new TestClock();
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string, content: string | object) => writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));

async function redress(...argv: string[]): Promise<{ exit: number; out: string; err: string; json: unknown }> {
  const overrides = { remediators: [revokeOpenRules, noteWidget], connect: widgets.connect, clock };
  const { exit, out, err } = await command(argv, directory, overrides, [JSON.stringify(openedEvent('w-stdin', 'open-1', START))]);
  return { exit, out, err, json: argv.includes('--json') ? (JSON.parse(out) as unknown) : null };
}

describe('normalize', () => {
  it('returns one row per finding, and one for a file that is not JSON', async () => {
    file('event.json', openedEvent('w-1', 'open-1', START));
    file('broken.json', '{ "a": ');
    const { exit, json } = await redress('normalize', 'event.json', 'broken.json', '-', '--json');
    expect(exit).toBe(1);
    expect(json).toEqual([
      {
        file: 'event.json',
        line: null,
        index: 0,
        source: 'cloudtrail',
        kind: 'api-call',
        account: '111111111111',
        region: 'us-east-1',
        resources: [],
        controls: [],
        state: null,
        actor: 'arn:aws:iam::111111111111:user/mallory',
        observedAt: '2026-11-20T10:00:00.000Z',
        disposition: 'candidate',
        reason: expect.any(String) as string,
      },
      expect.objectContaining({ file: 'broken.json', index: 0, disposition: 'rejected', reason: expect.stringContaining('not JSON') as string }),
      expect.objectContaining({ file: '-', index: 0, disposition: 'candidate' }),
    ]);
  });

  it('refuses only a file that cannot be opened', async () => {
    const { exit, json } = await redress('normalize', 'none.json', '--json');
    expect(exit).toBe(2);
    expect(json).toEqual({ error: { code: 'cli/file', message: 'none.json cannot be read: there is no such file', next: null, place: { file: 'none.json' } } });
  });

  it('has no control characters in its output', async () => {
    file('event.json', openedEvent('w-1', 'open-1', START, { actor: 'arn:aws:iam::111111111111:user/\u001b[2Jx' }));
    const { out } = await redress('normalize', 'event.json');
    expect(out).not.toContain('\u001b');
    expect(out).toContain('candidate');
  });
});

describe('plan', () => {
  it('shows exactly what would be done, and how it is undone; changes and records nothing', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1', 'open-old', 'closed']);
    const { exit, json } = await redress('plan', 'event.json', '--json');
    const document = json as PlanDocument;
    expect(exit).toBe(0);
    expect(document).toMatchObject({
      account: '111111111111',
      region: 'us-east-1',
      policySource: { kind: 'file', file: 'redress.yaml' },
      ifEnforced: { hypothetical: true, environments: [{ environment: 'dev', ifEnforced: { gaps: 2, wouldFix: 1, needApproval: 1 } }] },
      problems: [],
    });
    expect(document.passes.map((pass) => [pass.remediator, pass.verdict, pass.code, pass.changes.map((change) => change.summary)])).toEqual([
      ['widget-revoke-open', 'would-fix', 'planned', ['revoke open-1']],
      ['widget-revoke-open', 'needs-approval', 'not-fresh', ['revoke open-old']],
    ]);
    expect(document.passes[0]?.changes[0]).toEqual({
      summary: 'revoke open-1',
      subject: 'open-1',
      call: { operation: 'widget:RevokeRule', input: { Id: 'w-1', Rule: 'open-1' } },
      undo: { calls: [{ operation: 'widget:AuthorizeRule', input: { Id: 'w-1', Rule: 'open-1' } }], restores: 'exact', destroys: null },
      resolves: true,
    });
    expect(document.summary).toEqual({
      gaps: 2,
      wouldFix: 1,
      wouldFlag: 0,
      needApproval: 1,
      heldBack: 0,
      nothingToChange: 0,
      notRead: 0,
      because: [{ verdict: 'needs-approval', code: 'not-fresh', count: 1 }],
    });
    expect(widgets.writes).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(['event.json', 'redress.yaml']);
  });

  it('has readable output for people', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1', 'open-old']);
    const { out } = await redress('plan', 'event.json');
    expect(out).toBe(
      [
        'Account 111111111111, us-east-1; policy redress.yaml.',
        '2 gaps in 1 resource: 1 would be fixed, 1 needs approval, 0 held back.',
        '',
        'AWS::Test::Widget w-1 (111111111111, us-east-1)',
        '  ✓ would be fixed  widget-revoke-open',
        '  change  revoke open-1',
        '  undo    widget:AuthorizeRule',
        '',
        'AWS::Test::Widget w-1 (111111111111, us-east-1)',
        '  ? needs approval  widget-revoke-open',
        '  change  revoke open-old',
        '  undo    widget:AuthorizeRule',
        '  approve Nothing shows that this was made within the last 30 minutes, so',
        '          something may depend on it: open-old. (not-fresh)',
        '',
        'What no read shows:',
        '  widget-revoke-open',
        '    none in a test',
        '',
        'Nothing was changed, and nothing was recorded.',
        '',
      ].join('\n'),
    );
  });

  it('sweeps the account, names what it cannot sweep, and without a policy shows the result of enforcing', async () => {
    widgets.put('w-1', ['open-1']);
    widgets.put('w-2', ['closed']);
    const { exit, json, err } = await redress('plan', '--live', '--json');
    const document = json as PlanDocument;
    expect(exit).toBe(0);
    expect(err).toContain('There is no redress.yaml here');
    expect(document.policySource).toEqual({ kind: 'absent', file: null });
    expect(document.passes.map((pass) => [pass.resource.id, pass.verdict, pass.code])).toEqual([['w-1', 'notify-only', 'mode-notify']]);
    // What is as it should be is only counted.
    expect(document.summary).toMatchObject({ heldBack: 1, nothingToChange: 1 });
    expect(document.notSwept).toEqual([{ remediator: 'widget-note', reason: expect.stringContaining('only handles events') as string }]);
    expect(document.ifEnforced).toMatchObject({ hypothetical: true, summary: { wouldFix: 0, needApproval: 1, nothingToChange: 1 } });
    expect(widgets.writes).toEqual([]);
    expect(existsSync(join(directory, '.redress'))).toBe(false);
    const { out } = await redress('plan', '--live');
    expect(out).toContain('  if enforced needs approval (not-fresh)');
    expect(out).toContain('1 gap in 1 resource: 0 would be fixed, 0 need approval, 1 held back. 1 pass\nfound nothing to change.');
  });

  it('shows the hold of a rollback from the journal, and writes nothing to it', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1', 'closed']);
    const ran = (await redress('run', 'event.json', '--json')).json as RunDocument;
    await redress('rollback', ran.files[0]?.passes[0]?.execution as string, '--reason', 'vendor window', '--hold', 'P1D');
    file('redress.yaml', POLICY.replace('enforce', 'notify'));
    const journal = () =>
      readdirSync(join(directory, '.redress'), { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each) => [each.name, readFileSync(join(each.parentPath, each.name), 'utf8')]);
    const before = journal();
    const document = (await redress('plan', '--live', '--remediator', 'widget-revoke-open', '--json')).json as PlanDocument;
    expect(document.gaps.map(({ verdict, code, heldUntil, ifEnforced }) => [verdict, code, heldUntil, ifEnforced])).toEqual([
      ['notify-only', 'mode-notify', '2026-11-21T10:00:00.000Z', { verdict: 'notify-only', code: 'held' }],
    ]);
    expect((await redress('plan', '--live')).out).toContain('It was rolled back by tester');
    expect(before.length).toBeGreaterThan(0);
    expect(journal()).toEqual(before);
  });

  it('reports that it reads before it sends a call to AWS', async () => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1']);
    const order: string[] = [];
    widgets.before = (operation) => void order.push(operation);
    const io = {
      stdout: () => undefined,
      stderr: (text: string) => void order.push(text),
      stdinChunks: async function* () {},
      color: false,
      cwd: directory,
      env: {},
      user: 'tester',
    };
    expect(await run(['plan', '--live'], io, { remediators: [revokeOpenRules], connect: widgets.connect, clock })).toBe(0);
    expect(order[0]).toBe('Reading configuration, policy and register.\n');
    expect(order[1]).toBe('Reading with 1 remediator; nothing is changed.\n');
    expect(order.length).toBeGreaterThan(2);
  });

  it.each(['table', 'json', 'ndjson', 'csv', 'markdown'])('prints the counted gaps as %s', async (output) => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1', 'open-2']);
    widgets.put('=w-2', ['open-3']);
    const { exit, out } = await redress('plan', '--live', '--remediator', 'widget-revoke-open', '--output', output);
    expect(exit).toBe(0);
    const ids = ['=w-2', 'w-1', 'w-1'];
    if (output === 'json') expect((JSON.parse(out) as PlanDocument).gaps.map(({ resource }) => resource.id)).toEqual(ids);
    if (output === 'ndjson')
      expect(
        out
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as PlanDocument['gaps'][number]).resource.id),
      ).toEqual(ids);
    if (output === 'csv') {
      const rows = parse(out, { columns: true }) as Record<string, string>[];
      // A cell that a spreadsheet would take for a formula has an apostrophe before it.
      expect(rows.map((row) => [row['environment'], row['resource'], row['verdict'], row['if enforced'], row['changes']])).toEqual([
        ['dev', "'=w-2", 'needs-approval', 'needs-approval', 'revoke open-3'],
        ['dev', 'w-1', 'needs-approval', 'needs-approval', 'revoke open-1'],
        ['dev', 'w-1', 'needs-approval', 'needs-approval', 'revoke open-2'],
      ]);
    }
    if (output === 'markdown')
      expect(out).toBe(
        [
          '**3 gaps:** 0 would be fixed, 3 need approval, 0 held back.',
          '',
          '| Verdict | Gaps | Remediator | Environment | Because | Resources |',
          '| --- | --- | --- | --- | --- | --- |',
          '| needs approval | 3 | widget-revoke-open | dev | nothing shows that it is new, so something may depend on it | =w-2, w-1, w-1 |',
          '',
          '| If enforced everywhere | Gaps | Fixed | Flagged | Approval | Held back |',
          '| --- | --- | --- | --- | --- | --- |',
          '| dev | 3 | 0 | 0 | 3 | 0 |',
          '',
        ].join('\n'),
      );
    if (output === 'table') expect(out).toContain('3 gaps in 2 resources: 0 would be fixed, 3 need approval, 0 held back.');
  });

  it('shows calls on request, in the width of COLUMNS', async () => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1']);
    widgets.put('w-2', ['open-2']);
    expect((await redress('plan', '--live', '--details')).out).not.toContain('widget:RevokeRule {');
    expect((await redress('plan', '--live', '--calls')).out).toContain('  call    widget:RevokeRule {"Id":"w-1","Rule":"open-1"}\n');
    const wide = await command(['plan', '--live', '--details'], directory, { remediators: [revokeOpenRules], connect: widgets.connect, clock }, [], {
      COLUMNS: '120',
    });
    expect(Math.max(...wide.out.split('\n').map((line) => line.length))).toBeGreaterThan(80);
  });

  it('has an exit code for something that could not be read', async () => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1']);
    widgets.faults.set('DescribeWidget', ['denied']);
    const { exit, json } = await redress('plan', '--live', '--remediator', 'widget-revoke-open', '--json');
    expect(exit).toBe(1);
    expect((json as PlanDocument).summary).toMatchObject({ notRead: 1, wouldFix: 0 });
    widgets.faults.set('DescribeWidgets', ['denied']);
    const sweep = await redress('plan', '--live', '--json');
    expect(sweep.exit).toBe(1);
    expect((sweep.json as PlanDocument).problems).toEqual([expect.stringContaining('AccessDenied')]);
  });

  it('denies a resource in another account', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START, { account: '222222222222' }));
    const { json } = await redress('plan', 'event.json', '--json');
    expect((json as PlanDocument).passes.map((pass) => [pass.verdict, pass.code])).toEqual([['denied', 'foreign-account']]);
    expect(widgets.calls).toEqual([]);
  });

  it.each([
    [['plan'], 'There is nothing to plan.'],
    [['plan', '--live', 'event.json'], 'Give files or --live, not both.'],
    [['plan', 'event.json', '--remediator', 'widget-note'], '--remediator needs --live.'],
    [['plan', '--live', '--remediator', 'nothing'], 'There is no remediator "nothing".'],
    [['plan', 'event.json', '--account', '111111111111'], '--account needs --live.'],
    [['plan', 'event.json', '--in', 'us-east-1'], '--in needs --live.'],
    [['plan', '--live', '--accounts', 'prod'], '"prod" is neither a 12-digit account id, nor an organizational unit (ou-…), nor all.'],
    [['plan', '--live', '--in', 'everywhere'], '"everywhere" is not a region name.'],
    [['plan', '--live', '--concurrency', '0'], '--concurrency "0" is not a whole number from 1 to 100.'],
    [['plan', '--live', '--output', 'xml'], "option '--output <format>' argument 'xml' is invalid. Allowed choices are table, json, ndjson, csv, markdown."],
    [['plan', '--live', '--account', '222222222222'], 'The credentials belong to account 111111111111, not to 222222222222.'],
  ])('refuses %j', async (argv, message) => {
    const { exit, json } = await redress(...argv, '--json');
    expect(exit).toBe(2);
    expect(json).toMatchObject({ error: { code: 'cli/usage', message } });
  });
});

describe('run, history, rollback', () => {
  it('works end to end: it fixes, recognizes the repeat, and rolls back', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1', 'closed']);

    const first = await redress('run', 'event.json', '--json');
    const ran = first.json as RunDocument;
    expect([first.exit, ran.handled]).toEqual([0, true]);
    expect(ran.files[0]?.passes.map((pass) => [pass.outcome, pass.message])).toEqual([['remediated', 'revoke open-1']]);
    expect(widgets.rules('w-1')).toEqual(['closed']);
    const execution = ran.files[0]?.passes[0]?.execution as string;

    const again = (await redress('run', 'event.json', '--json')).json as RunDocument;
    expect(again.files[0]?.passes.map((pass) => [pass.outcome, pass.duplicate, pass.execution])).toEqual([['no-op', true, execution]]);

    clock.time += 60_000;
    const back = await redress('rollback', execution, '--reason', 'vendor window', '--hold', 'P1D', '--json');
    expect(back).toMatchObject({ exit: 0, json: { outcome: 'rolled-back' } });
    expect(widgets.rules('w-1').sort()).toEqual(['closed', 'open-1']);

    const { json } = await redress('history', 'w-1', '--json');
    const entries = json as HistoryEntry[];
    expect(entries.map((entry) => [entry.kind, entry.outcome])).toEqual([
      ['execution', 'remediated'],
      ['duplicate', 'no-op'],
      ['execution', 'rolled-back'],
    ]);
    expect(entries[0]).toMatchObject({
      time: '2026-11-20T10:00:00.000Z',
      remediator: 'widget-revoke-open',
      execution,
      changes: ['revoke open-1'],
      before: { open: ['open-1'] },
      after: { open: [] },
      trigger: {
        by: 'finding',
        source: 'cloudtrail',
        call: 'widget:AuthorizeRule',
        actor: 'arn:aws:iam::111111111111:user/mallory',
        event: 'event-w-1-open-1',
      },
      calls: [{ operation: 'widget:RevokeRule', status: 'applied', requestId: expect.stringMatching(/^r-/) as string, caller: widgets.identity.arn }],
    });
    expect(entries[2]).toMatchObject({ rollbackOf: execution, by: { name: 'tester', verified: false }, reason: 'vendor window' });

    for (const subject of ['AWS::Test::Widget/w-1', execution]) expect((await redress('history', subject)).out).toContain('revoke open-1');
    const { out } = await redress('history');
    expect(out).toContain('because cloudtrail api-call, widget:AuthorizeRule, by arn:aws:iam::111111111111:user/mallory');
    expect(out).toContain(`because tester rolled back ${execution}: vendor window`);

    // The hold keeps the next event from undoing the undo.
    const held = (await redress('run', 'event.json', '--json')).json as RunDocument;
    expect(held.files[0]?.passes.map((pass) => [pass.outcome, pass.code])).toEqual([['notified', 'held']]);
  });

  it('verifies the evidence, and names a record that was tampered with', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1']);
    await redress('run', 'event.json');
    const intact = await redress('evidence', 'verify', '--json');
    expect(intact).toMatchObject({ exit: 0, json: { status: 'intact', executions: 1, openExecutions: 0, firstBad: null } });
    const [stream] = readdirSync(join(directory, '.redress', 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
    const path = join(directory, '.redress', 'streams', stream as string);
    writeFileSync(path, readFileSync(path, 'utf8').replace('mallory', 'somebody'));
    const tampered = await redress('evidence', 'verify', '--json');
    expect(tampered).toMatchObject({
      exit: 1,
      json: { status: 'tampered', firstBad: { file: expect.stringContaining('.jsonl') as string, line: expect.any(Number) as number } },
    });
    const { out } = await redress('evidence', 'verify');
    expect(out).toContain('first bad record: streams');
    expect(out).toContain('not shown: ');
  });

  it('reports what has to be run again', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1']);
    widgets.faults.set(
      'DescribeWidget',
      Array.from({ length: 20 }, () => 'throttled' as const),
    );
    const { exit, json } = await redress('run', 'event.json', '--json');
    expect(exit).toBe(1);
    expect(json).toMatchObject({ handled: false, files: [{ passes: [{ retryable: true }] }] });
  });

  it('does nothing at all if one of the files is not JSON', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    file('broken.json', 'no');
    widgets.put('w-1', ['open-1']);
    expect((await redress('run', 'event.json', 'broken.json')).exit).toBe(2);
    expect(widgets.calls).toEqual([]);
    expect(existsSync(join(directory, '.redress'))).toBe(false);
  });

  it('closes an execution whose worker was lost, once its lease has ended', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1']);
    await redress('run', 'event.json');
    // As a worker leaves it that dies between the write and the outcome.
    const [stream] = readdirSync(join(directory, '.redress', 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
    const path = join(directory, '.redress', 'streams', stream as string);
    writeFileSync(path, readFileSync(path, 'utf8').trimEnd().split('\n').slice(0, -1).join('\n').concat('\n'));
    for (const name of readdirSync(join(directory, '.redress'))) if (name.startsWith('index.sqlite')) rmSync(join(directory, '.redress', name));

    expect(await redress('recover', '--json')).toMatchObject({
      exit: 0,
      json: { closed: [], open: [{ remediator: 'widget-revoke-open', leaseUntil: '2026-11-20T10:02:00.000Z' }] },
    });
    expect((await redress('history')).out).toContain('  open  AWS::Test::Widget w-1');
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 2, json: { status: 'incomplete', openExecutions: 1 } });
    clock.time += 3_600_000;
    expect(await redress('recover', '--json')).toMatchObject({ exit: 0, json: { closed: [{ outcome: 'remediated' }], open: [] } });
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 0, json: { status: 'intact', openExecutions: 0 } });
  });

  it('ends an execution of a worker whose clock was a year ahead, when a person confirms that the worker is gone', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START + 365 * 86_400_000));
    widgets.put('w-1', ['open-1']);
    clock.time += 365 * 86_400_000;
    await redress('run', 'event.json');
    const [stream] = readdirSync(join(directory, '.redress', 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
    const path = join(directory, '.redress', 'streams', stream as string);
    writeFileSync(path, readFileSync(path, 'utf8').trimEnd().split('\n').slice(0, -1).join('\n').concat('\n'));
    for (const name of readdirSync(join(directory, '.redress'))) if (name.startsWith('index.sqlite')) rmSync(join(directory, '.redress', name));
    clock.time = START;
    const told = (await redress('recover')).out;
    expect(told).toMatch(/^still open {2}x-\S+, leased until 2027-11-20T10:02:00.000Z: the clock of its worker was ahead/);
    const execution = /x-[\w-]+/.exec(told)?.[0] ?? '';
    expect(await redress('recover', '--execution', execution, '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    expect(await redress('recover', '--execution', 'x-1', '--reason', 'gone', '--json')).toMatchObject({
      exit: 1,
      json: { error: { code: 'recovery/refused' } },
    });
    expect(await redress('recover', '--execution', execution, '--reason', 'gone', '--json')).toMatchObject({
      exit: 0,
      json: { closed: [{ execution, outcome: 'remediated' }], open: [] },
    });
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 0, json: { status: 'intact', openExecutions: 0 } });
  });

  it('changes nothing if the file STOP exists', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1']);
    await redress('run', 'event.json', '--data', 'journal');
    widgets.put('w-2', ['open-1']);
    file('journal/STOP', 'changes, please');
    file('second.json', openedEvent('w-2', 'open-1', START));
    const stopped = (await redress('run', 'second.json', '--data', 'journal', '--json')).json as RunDocument;
    expect(stopped.files[0]?.passes.map((pass) => [pass.outcome, pass.code])).toEqual([['denied', 'stopped']]);
    const [entry] = (await redress('history', 'w-1', '--data', 'journal', '--json')).json as HistoryEntry[];
    file('journal/STOP', 'everything');
    expect((await redress('rollback', entry?.execution as string, '--reason', 'x', '--data', 'journal', '--json')).json).toMatchObject({
      error: { code: 'rollback/refused', message: expect.stringContaining('everything') as string },
    });
    file('journal/STOP', '');
    expect((await redress('rollback', entry?.execution as string, '--reason', 'x', '--data', 'journal')).exit).toBe(0);
  });

  it('refuses what it cannot roll back, or does not find', async () => {
    file('redress.yaml', POLICY);
    expect((await redress('rollback', 'none', '--reason', 'x', '--json')).json).toMatchObject({ error: { code: 'cli/not-found' } });
    file('event.json', openedEvent('w-1', 'closed', START));
    widgets.put('w-1', ['closed']);
    await redress('run', 'event.json');
    expect(await redress('rollback', 'none', '--reason', 'x', '--json')).toMatchObject({ exit: 1, json: { error: { code: 'journal/not-found' } } });
    expect(await redress('rollback', 'none', '--json')).toMatchObject({
      exit: 2,
      json: { error: { code: 'cli/usage', message: expect.stringContaining('--reason') as string } },
    });
    expect(await redress('rollback', 'none', '--reason', 'x', '--hold', 'a week', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    expect(await redress('history', 'other', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/not-found' } } });
    expect(await redress('recover', '--json')).toMatchObject({ exit: 0, json: { closed: [], open: [] } });
  });
});

describe('sweep', () => {
  it('handles what it finds like an event, names what cannot be swept, and records the sweep', async () => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1']);
    widgets.put('w-2', ['closed']);
    const { exit, json } = await redress('sweep', '--json');
    expect(exit).toBe(0);
    expect(json).toMatchObject({
      complete: true,
      passes: [{ resource: { id: 'w-1' }, outcome: 'awaiting-approval' }],
      sweeps: [
        {
          remediator: 'widget-revoke-open',
          account: '111111111111',
          region: 'us-east-1',
          status: 'complete',
          looked: 2,
          outcomes: { 'awaiting-approval': 1, 'no-op': 1 },
        },
        { remediator: 'widget-note', status: 'not-swept' },
      ],
    });
    expect(widgets.writes).toEqual([]);
    const history = (await redress('history', '--json')).json as HistoryEntry[];
    expect(history.map((entry) => [entry.kind, entry.outcome, entry.resource.id])).toEqual([
      ['decision', 'awaiting-approval', 'w-1'],
      ['sweep', 'complete', '111111111111'],
    ]);
    expect((await redress('history')).out).toContain('complete');
    expect((await redress('evidence', 'verify', '--json')).exit).toBe(0);
    const people = await redress('sweep', '--remediator', 'widget-revoke-open', '--per-second', '100');
    expect(people.out).toContain('Everything was read.');
  });

  it('has an exit code for a sweep that did not check everything', async () => {
    widgets.put('w-1', ['open-1']);
    widgets.faults.set('DescribeWidgets', ['denied']);
    const { exit, out } = await redress('sweep');
    expect(exit).toBe(1);
    expect(out).toContain('Not everything was read and decided.');
  });

  it.each([
    [['sweep', '--per-second', 'fast'], '--per-second "fast" is not a number above 0.'],
    [['sweep', '--remediator', 'nothing'], 'There is no remediator "nothing".'],
  ])('refuses %j', async (argv, message) => {
    const { exit, json } = await redress(...argv, '--json');
    expect(exit).toBe(2);
    expect(json).toMatchObject({ error: { message } });
  });
});

describe('rollback --all', () => {
  const back = (...argv: string[]) => redress('rollback', '--all', '--reason', 'bad hour', ...argv);
  type Document = { done: boolean; executions: { resource: { id: string } }[]; passes: { outcome: string }[]; refused: { message: string }[] };

  it('first shows a period, then rolls it back newest first, and leaves what was changed since', async () => {
    file('redress.yaml', POLICY);
    const fix = async (id: string) => {
      widgets.put(id, ['open-1', 'closed-1']);
      file('event.json', openedEvent(id, 'open-1', clock.now() - 60_000));
      await redress('run', 'event.json');
    };
    await fix('w-before');
    clock.time += 7_200_000;
    for (const id of ['w-1', 'w-2', 'w-3']) {
      clock.time += 60_000;
      await fix(id);
    }
    const shown = (await back('--since', 'PT1H', '--json')).json as Document;
    expect([shown.done, shown.executions.map((each) => each.resource.id), shown.passes]).toEqual([false, ['w-3', 'w-2', 'w-1'], []]);
    expect((await back('--since', 'PT1H')).out).toContain('3 would be rolled back, in this order. Nothing was done. Add --yes to roll them back.');
    expect(widgets.rules('w-1')).toEqual(['closed-1']);

    // Someone has opened it again in the meantime: what they see now is theirs.
    widgets.put('w-2', ['open-9', 'closed-1']);
    const ahead = await back('--since', 'PT1H');
    expect([ahead.exit, ahead.out.includes('  stays       The resource drifted after the fix')]).toEqual([0, true]);
    expect(ahead.out).toContain('2 would be rolled back, in this order. 1 cannot be rolled back. Nothing was done. Add --yes to roll them back.');
    expect(((await back('--since', 'PT1H', '--json')).json as Document).refused.map(({ message }) => message)).toEqual([
      'The resource drifted after the fix: its state is not the one that the fix left.',
    ]);
    expect(widgets.rules('w-1')).toEqual(['closed-1']);
    const { exit, json } = await back('--since', 'PT1H', '--yes', '--json');
    const done = json as Document;
    expect([exit, done.passes.map((pass) => pass.outcome), done.refused.length]).toEqual([1, ['rolled-back', 'rolled-back'], 1]);
    expect(['w-before', 'w-1', 'w-2', 'w-3'].map((id) => widgets.rules(id).toSorted())).toEqual([
      ['closed-1'],
      ['closed-1', 'open-1'],
      ['closed-1', 'open-9'],
      ['closed-1', 'open-1'],
    ]);
    // Run again, it goes on where it was: only what is left.
    expect(((await back('--since', 'PT1H', '--json')).json as Document).executions.map((each) => each.resource.id)).toEqual(['w-2']);
    expect((await back('--since', 'PT1H', '--remediator', 'widget-note')).out).toContain('There are no changes since');
    // A date is its start, as in the history: the same fixes, and the one before that hour.
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    expect(((await back('--since', day, '--json')).json as Document).executions.map((each) => each.resource.id)).toEqual(['w-2', 'w-before']);
    expect((await back('--since', '2026-06-31', '--json')).json).toMatchObject({
      error: { message: '--since "2026-06-31" is not a duration, a date or a time.' },
    });
  });

  it('rolls back the newer of two fixes on one resource first', async () => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1', 'closed-1']);
    file('event.json', openedEvent('w-1', 'open-1', clock.now() - 60_000));
    await redress('run', 'event.json');
    clock.time += 60_000;
    widgets.put('w-1', ['open-2', 'closed-1']);
    file('event.json', openedEvent('w-1', 'open-2', clock.now() - 60_000));
    await redress('run', 'event.json');
    const shown = (await back('--since', 'PT1H', '--json')).json as Document;
    expect([shown.executions.length, shown.refused]).toEqual([2, []]);
    // In the way of both is what was opened since.
    widgets.put('w-1', ['open-3', 'closed-1']);
    expect(((await back('--since', 'PT1H', '--json')).json as Document).refused.length).toBe(2);
  });

  it('refuses ambiguous options', async () => {
    file('redress.yaml', POLICY);
    for (const argv of [[], ['--since', 'yesterday'], ['--since', 'PT1H', '--remediator', 'nothing']]) expect((await back(...argv)).exit).toBe(2);
    expect((await redress('rollback', '--reason', 'r')).exit).toBe(2);
    expect((await back('x-1', '--since', 'PT1H')).exit).toBe(2);
  });
});

describe('explain', () => {
  it('reports what happened, why, and the next step', async () => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1']);
    widgets.put('w-2', ['open-1']);
    file('event.json', openedEvent('w-1', 'open-1', START - 60_000));
    file('old.json', openedEvent('w-2', 'open-1', START - 7_200_000));
    await redress('run', 'event.json', 'old.json');
    const [fixed] = (await redress('explain', 'w-1', '--json')).json as { execution: string; outcome: string; what: string; why: string[]; next: string[] }[];
    expect(fixed).toMatchObject({
      outcome: 'remediated',
      what: expect.stringContaining('revoke open-1'),
      why: [expect.stringContaining('mallory'), expect.any(String)],
    });
    expect(fixed?.next).toEqual([`If it was a mistake: redress rollback ${fixed?.execution} --reason "…"`]);
    expect((await redress('explain', fixed?.execution ?? '', '--json')).json).toEqual([fixed]);
    const { out } = await redress('explain', 'w-2');
    expect(out).toContain('It changed nothing, and needs an approval.');
    expect(out).toContain('(not-fresh)');
    expect(out).toContain('next  Nothing shows that it is new, so something may depend on it.');
    expect((await redress('explain', 'nothing')).exit).toBe(2);
  });

  it('reports that nobody was notified without a channel, and until when sweeps confirmed the gap', async () => {
    file('redress.yaml', 'version: 1\n');
    widgets.put('w-1', ['open-1']);
    await redress('sweep');
    const first = (await redress('explain', 'w-1', '--json')).json as { outcome: string; what: string; notice: string; seenUntil: string | null }[];
    expect(first).toMatchObject([
      {
        outcome: 'notified',
        what: 'It changed nothing: a person has to decide. The plan: revoke open-1.',
        notice: 'Nobody was notified: no channel was configured.',
        seenUntil: expect.stringContaining('2026-11-20T'),
      },
    ]);
    clock.time += 86_400_000;
    await redress('sweep');
    const { out } = await redress('explain', 'w-1');
    expect(out).toContain('Nobody was notified: no channel was configured.');
    expect(out).toContain('Sweeps confirmed it until 2026-11-21T');
    expect(out).not.toMatch(/\b(told|were notified)\b/);
    // It is one record, however often it was swept; and when it is closed, no sweep sees it so any longer.
    const history = async () =>
      ((await redress('history', 'w-1', '--json')).json as { kind: string; notice: string; seenUntil: string | null }[]).map(({ kind, notice, seenUntil }) => [
        kind,
        notice,
        seenUntil?.slice(0, 10) ?? null,
      ]);
    expect(await history()).toEqual([['decision', 'no-channel', '2026-11-21']]);
    widgets.put('w-1', ['closed']);
    clock.time += 86_400_000;
    await redress('sweep');
    expect(await history()).toEqual([
      ['decision', 'no-channel', null],
      ['decision', 'no-channel', null],
    ]);
  });

  it.each([
    ['accepts it', "({ status: 'delivered', channels: ['chat'] })", 'People were notified (chat) on 2026-11-20T', 0],
    ['fails', "Promise.reject(new Error('secret address'))", 'Nobody was notified: It threw an error: see the log.', 1],
    ['sends it to nobody', "({ status: 'nobody', channels: [] })", 'Nobody was notified: its route has no channel.', 0],
  ])('reports the result of a notice: a channel that %s', async (_name, notify, said, exit) => {
    file('redress.yaml', 'version: 1\n');
    widgets.put('w-1', ['open-1']);
    file('redress.config.mjs', `export default { notify: async () => ${notify} };\n`);
    expect((await redress('sweep')).exit).toBe(exit);
    expect((await redress('explain', 'w-1')).out).toContain(said);
    const { out } = await redress('history', 'w-1');
    expect(out).toContain(said);
    expect(out).not.toContain('secret address');
  });

  it('has a next step for every restriction of a guardrail', () => {
    // Codes as they stand in the code, so that a new one without a sentence is seen.
    const guardrails = new URL('../../core/src/guardrails/', import.meta.url);
    const sources = readdirSync(guardrails)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => readFileSync(new URL(name, guardrails), 'utf8').replaceAll(/^ \*.*$/gm, ''))
      .join('');
    const codes = [...sources.matchAll(/effect: '(?:approve|notify|exempt|deny)',\s+code: '([a-z-]+)'/g)].map((match) => match[1] ?? '');
    expect(codes.length).toBeGreaterThan(15);
    const known = readFileSync(new URL('./commands/explain.ts', import.meta.url), 'utf8');
    expect(codes.filter((code) => !new RegExp(`^ {2}'?${code}'?:\\s`, 'm').test(known))).toEqual([]);
  });
});

describe('approvals', () => {
  const ME = 'arn:aws:iam::111111111111:role/Redress';
  const policy = (approver = ME) =>
    `version: 1\nenvironments:\n  dev: { accounts: ["111111111111"] }\n  prod: { accounts: [], after: none, because: a test }\napprovers: { dev: ["${approver}"] }\nremediators:\n  widget-revoke-open: { dev: approve }\n`;
  const asked = async () => {
    widgets.put('w-1', ['open-1', 'closed']);
    file('event.json', openedEvent('w-1', 'open-1', clock.time - 1000));
    const { json, exit } = await redress('run', 'event.json', '--json');
    expect(exit).toBe(0);
    return (json as RunDocument).files[0]?.passes[0]?.approval as string;
  };

  it('are listed, shown with everything that an answer is about, and carried out', async () => {
    file('redress.yaml', policy());
    const id = await asked();
    expect((await redress('approvals', 'list', '--json')).json).toMatchObject([{ id, verdict: 'none', causedBy: ['arn:aws:iam::111111111111:user/mallory'] }]);
    const { json, out } = { ...(await redress('approvals', 'show', id, '--json')), out: (await redress('approvals', 'show', id)).out };
    expect(json).toMatchObject({ id, plan: { changes: [{ summary: 'revoke open-1' }] }, reasons: [{ code: 'mode-approve' }], blindSpots: ['none in a test'] });
    for (const words of [
      'would     revoke open-1',
      'undo      exact',
      'asks      widget-revoke-open needs an approval',
      'not seen  none in a test',
      'user/mallory',
    ])
      expect(out).toContain(words);
    const list = (await redress('approvals', 'list')).out.split('\n');
    expect(list[0]).toContain(`${id}  AWS::Test::Widget w-1 (111111111111, us-east-1)  widget-revoke-open  open until 2026-11-27T10:00:00.000Z`);
    expect(list.slice(1)).toEqual([
      '  would     revoke open-1',
      '  because   widget-revoke-open needs an approval in environment dev. (mode-approve)',
      '  caused by arn:aws:iam::111111111111:user/mallory',
      '',
    ]);
    const approved = await redress('approvals', 'approve', id, '--reason', 'CHG-1', '--json');
    expect(approved).toMatchObject({ exit: 0, json: { by: 'arn:aws:sts::111111111111:assumed-role/Redress/test', passes: [{ outcome: 'remediated' }] } });
    expect(widgets.rules('w-1')).toEqual(['closed']);
    const history = (await redress('history', 'w-1', '--json')).json as HistoryEntry[];
    // A second answer is told what became of the first.
    const execution = (approved.json as RunDocument['files'][number]).passes[0]?.execution;
    for (const argv of [
      ['approve', id, '--reason', 'me too'],
      ['deny', id, '--reason', 'no'],
      ['show', id],
    ])
      expect(await redress('approvals', ...argv, '--json')).toMatchObject({
        exit: 1,
        json: {
          error: {
            code: 'approval/refused',
            message: `${id} was used by ${execution}; arn:aws:sts::111111111111:assumed-role/Redress/test approved it.`,
            next: `\`redress history ${execution}\` shows the outcome.`,
          },
        },
      });
    expect(history.map((each) => [each.kind, each.outcome, each.approval])).toEqual([
      ['decision', 'awaiting-approval', id],
      ['approval', 'approved', id],
      ['execution', 'remediated', id],
    ]);
    expect((await redress('history', 'w-1')).out).toContain(`because a person approved it (${id})`);
    expect((await redress('approvals', 'list')).out).toBe('Nothing needs an approval.\n');
    expect((await redress('evidence', 'verify')).exit).toBe(0);
  });

  it('are refused from people who are not listed, and denied until the request expires', async () => {
    file('redress.yaml', policy('arn:aws:iam::111111111111:role/Other'));
    const id = await asked();
    expect(await redress('approvals', 'approve', id, '--reason', 'r', '--json')).toMatchObject({ exit: 1, json: { error: { code: 'approval/refused' } } });
    file('redress.yaml', policy());
    expect(await redress('approvals', 'deny', id, '--reason', 'r')).toMatchObject({ exit: 0, out: expect.stringContaining('(unverified) denied a-') });
    expect(await asked()).toBeNull();
    expect((await redress('explain', 'w-1')).out).toContain('Someone denied it.');
    expect(await redress('approvals', 'show', 'a-0', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/not-found' } } });
    expect(widgets.writes).toEqual([]);
  });
});

describe('breakers', () => {
  it('are listed and closed by a person', async () => {
    file('redress.yaml', `${POLICY}limits: [{ per: [remediator, account], changes: 1, window: PT1H }]\n`);
    for (const id of ['w-1', 'w-2']) {
      widgets.put(id, ['open-1']);
      file(`${id}.json`, openedEvent(id, 'open-1', START));
    }
    expect((await redress('breakers', 'list')).exit).toBe(2);
    await redress('run', 'w-1.json', 'w-2.json');
    expect((await redress('breakers', 'list', '--json')).json).toMatchObject([
      { remediator: 'widget-revoke-open', account: '111111111111', reason: expect.stringContaining('limit of 1') },
    ]);
    clock.time += 2 * 3_600_000;
    const close = (account: string) => redress('breakers', 'close', 'widget-revoke-open', '--account', account, '--reason', 'looked', '--json');
    expect(await close('1')).toMatchObject({ exit: 2 });
    expect(await close('222222222222')).toMatchObject({ exit: 1, json: { error: { code: 'breaker/refused' } } });
    expect(await close('111111111111')).toMatchObject({ exit: 0 });
    expect((await redress('breakers', 'list')).out).toBe('No circuit breaker is open.\n');
  });
});

describe('retry', () => {
  it('makes Redress send a refused call again, and records who requested it', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1']);
    widgets.faults.set('RevokeRule', ['denied']);
    const outcome = async () => ((await redress('run', 'event.json', '--json')).json as RunDocument).files[0]?.passes[0]?.outcome;
    expect([await outcome(), await outcome()]).toEqual(['failed', 'denied']);
    expect((await redress('explain', 'w-1')).out).toMatch(/AWS refused widget:RevokeRule .* next {2}AWS refuses the call\. Allow it where .*`redress retry`/s);
    const said = await redress('retry', 'AWS::Test::Widget/w-1', '--by', 'kim', '--reason', 'the SCP is gone', '--json');
    expect(said).toMatchObject({
      exit: 0,
      json: {
        by: 'kim',
        reason: 'the SCP is gone',
        retried: [{ resource: { id: 'w-1' }, refusals: [{ operation: 'widget:RevokeRule', subject: 'open-1', by: 'AccessDenied' }] }],
      },
    });
    expect(await redress('retry', 'w-1', '--json')).toMatchObject({ exit: 1, json: { error: { code: 'retry/refused' } } });
    expect(((await redress('history', 'w-1', '--json')).json as object[]).at(-1)).toMatchObject({
      kind: 'approval',
      outcome: 'retry',
      by: { name: 'kim', verified: false },
      reason: 'the SCP is gone',
      message: 'kim (unverified) requested a retry: widget:RevokeRule: the SCP is gone',
    });
    expect(await outcome()).toBe('remediated');
    expect(widgets.rules('w-1')).toEqual([]);
  });
  it('reports what is retried, and when', async () => {
    file('redress.yaml', POLICY);
    file('event.json', openedEvent('w-1', 'open-1', START));
    widgets.put('w-1', ['open-1']);
    widgets.faults.set('RevokeRule', ['denied']);
    await redress('run', 'event.json');
    expect((await redress('retry', 'w-1')).out).toMatch(
      /w-1.*: widget:RevokeRule, refused on \S+Z \(AccessDenied\), is tried again the next time the resource is handled\.\n`redress sweep` does so now\.\n$/,
    );
  });
});

describe('exceptions', () => {
  const add = (...more: string[]) =>
    redress(
      'exceptions',
      'add',
      'EXC-1',
      '--resource',
      'w-1',
      '--reason',
      'vendor',
      '--owner',
      'payments',
      '--approver',
      'security',
      '--expires',
      'P90D',
      '--json',
      ...more,
    );
  const register = () => readFileSync(join(directory, 'exceptions.yaml'), 'utf8');
  beforeEach(() => {
    file('redress.yaml', `${POLICY}exceptions: { register: exceptions.yaml }\n`);
    file('exceptions.yaml', '# accepted risks\n[]\n');
  });

  it('work from entry to use, reminder and end', async () => {
    widgets.put('w-1', ['open-1']);
    expect(await add('--remediator', 'widget-revoke-open', '--ticket', 'CHG-1', '--control', 'jump host')).toMatchObject({
      exit: 0,
      json: { file: 'exceptions.yaml', entry: { id: 'EXC-1', expires: new Date(START + 90 * 86_400_000).toISOString() } },
    });
    expect(register()).toMatch(/^# accepted risks/);
    expect((await redress('exceptions', 'check', '--json')).json).toMatchObject({ unused: [{ id: 'EXC-1' }], ending: [] });
    file('event.json', openedEvent('w-1', 'open-1', START));
    await redress('run', 'event.json');
    expect(widgets.writes).toEqual([]);
    expect((await redress('exceptions', 'list', '--json')).json).toMatchObject([
      { id: 'EXC-1', status: 'live', used: 1, lastUsed: new Date(START).toISOString(), ticket: 'CHG-1', compensatingControl: 'jump host' },
    ]);
    expect((await redress('exceptions', 'check')).out).toBe('Every exception is live and used, and none expires soon.\n');
    clock.time += 80 * 86_400_000;
    expect(await redress('exceptions', 'check', '--json')).toMatchObject({ exit: 1, json: { ending: [{ id: 'EXC-1' }] } });
    expect((await redress('exceptions', 'check', '--within', 'P5D')).exit).toBe(0);
    expect((await redress('exceptions', 'expire', 'EXC-1')).exit).toBe(0);
    expect(await redress('exceptions', 'check', '--json')).toMatchObject({ exit: 1, json: { ended: [{ id: 'EXC-1', status: 'ended' }] } });
    expect(await redress('exceptions', 'expire', 'EXC-1', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'register/invalid' } } });
    // From then on it exempts nothing.
    file('event.json', openedEvent('w-1', 'open-1', clock.time));
    await redress('run', 'event.json');
    expect(widgets.rules('w-1')).toEqual([]);
  });

  it.each([
    ['an owner who approves', ['--approver', 'payments'], /owner cannot approve/],
    ['a wildcard', ['--resource', '*'], /wildcard/],
    ['an end in the past', ['--expires', '2020-01-01T00:00:00Z'], /not a time in the future/],
    ['an unknown remediator', ['--remediator', 'widget-revoke'], /There is no remediator/],
    ['an invalid account', ['--account', '12'], /12-digit/],
    ['a type without a remediator', ['--type', 'AWS::EC2::SecurityGroups'], /no remediator works on that type.*allowed: AWS::Test::Widget/],
    ['an id in capitals', ['--resource', 'SG-0123456789ABCDEF0'], /did you mean sg-0123456789abcdef0/],
    ['an unknown region', ['--in', 'us-east-9'], /did you mean us-east-/],
  ])('refuse %s, and leave the register unchanged', async (_name, more, message) => {
    const before = register();
    const { exit, json } = await add(...more);
    expect(exit).toBe(2);
    expect((json as { error: { message: string } }).error.message).toMatch(message);
    expect(register()).toBe(before);
  });

  it('six concurrent ones are six entries, and six concurrent ones end them', async () => {
    const ids = ['EXC-1', 'EXC-2', 'EXC-3', 'EXC-4', 'EXC-5', 'EXC-6'];
    const one = (id: string) =>
      redress(
        'exceptions',
        'add',
        id,
        '--resource',
        id,
        '--reason',
        'r',
        '--owner',
        'a',
        '--approver',
        'b',
        '--expires',
        'P90D',
        '--type',
        'AWS::Test::Widget',
      );
    expect((await Promise.all(ids.map(one))).map(({ exit }) => exit)).toEqual([0, 0, 0, 0, 0, 0]);
    const listed = async () =>
      ((await redress('exceptions', 'list', '--json')).json as { id: string; status: string }[]).map(({ id, status }) => `${id} ${status}`);
    expect((await listed()).sort()).toEqual(ids.map((id) => `${id} live`));
    expect((await Promise.all(ids.map((id) => redress('exceptions', 'expire', id)))).map(({ exit }) => exit)).toEqual([0, 0, 0, 0, 0, 0]);
    expect((await listed()).sort()).toEqual(ids.map((id) => `${id} ended`));
    // The same id six times is one entry.
    expect((await Promise.all(ids.map(() => one('EXC-7')))).map(({ exit }) => exit).sort()).toEqual([0, 2, 2, 2, 2, 2]);
  });

  it('an empty register, as after a truncated write, is refused', async () => {
    for (const text of ['', '# accepted risks\n', '---\n']) {
      file('exceptions.yaml', text);
      widgets.put('w-1', ['open-1']);
      file('event.json', openedEvent('w-1', 'open-1', START));
      expect(await redress('run', 'event.json', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'register/invalid' } } });
      expect(await add()).toMatchObject({ exit: 2, json: { error: { code: 'register/invalid', place: { file: 'exceptions.yaml', line: 1 } } } });
      expect(widgets.writes).toEqual([]);
      expect(register()).toBe(text);
    }
  });

  it('keep a link, and the permissions of the file', async () => {
    renameSync(join(directory, 'exceptions.yaml'), join(directory, 'kept.yaml'));
    chmodSync(join(directory, 'kept.yaml'), 0o640);
    symlinkSync('kept.yaml', join(directory, 'exceptions.yaml'));
    expect((await add()).exit).toBe(0);
    expect(lstatSync(join(directory, 'exceptions.yaml')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(directory, 'kept.yaml'), 'utf8')).toContain('EXC-1');
    expect(statSync(join(directory, 'kept.yaml')).mode & 0o777).toBe(0o640);
  });

  it('refuse a used id, and a policy without a register', async () => {
    await add();
    expect((await add()).exit).toBe(2);
    file('redress.yaml', POLICY);
    expect(await add()).toMatchObject({ exit: 2, json: { error: { code: 'cli/config' } } });
  });
});

describe('schema', () => {
  it('includes the remediators, and needs no valid policy', async () => {
    file('redress.yaml', 'version: 7\n');
    const { exit, json } = await redress('schema', 'policy', '--json');
    expect(exit).toBe(0);
    expect(json).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { remediators: { properties: { 'widget-revoke-open': {} } } },
    });
    expect(JSON.parse((await redress('schema', 'register')).out)).toMatchObject({ type: 'array' });
    expect((await redress('schema', 'nothing')).exit).toBe(2);
  });
});

describe('patterns', () => {
  it('are those for rules of EventBridge, for all or some remediators', async () => {
    const { exit, json } = await redress('patterns', '--json');
    expect(exit).toBe(0);
    expect((json as { name: string }[]).map(({ name }) => name)).toContain('cloudtrail');
    const some = await redress('patterns', '--remediator', 'widget-note', '--json');
    expect((some.json as { name: string }[]).map(({ name }) => name)).not.toContain('cloudtrail');
    expect((await redress('patterns')).out).toContain('cloudtrail: Calls that changed something');
    expect((await redress('patterns', '--remediator', 'nothing')).exit).toBe(2);
  });
});

describe('policy and configuration', () => {
  it('report file, line and what is allowed', async () => {
    file('redress.yaml', POLICY.replace('enforce', 'enforced'));
    const { exit, json, out } = await redress('policy', 'check', '--json');
    expect(exit).toBe(2);
    expect(out.trimStart().startsWith('{')).toBe(true);
    expect(json).toMatchObject({ error: { code: 'policy/invalid', place: { file: 'redress.yaml', line: 6, path: 'remediators.widget-revoke-open.dev' } } });
    const { err } = await redress('plan', '--live');
    expect(err).toBe(
      'Reading configuration, policy and register.\nredress: The policy has a mistake:\n  redress.yaml:6:25 (remediators.widget-revoke-open.dev): "enforced" is not allowed; allowed: enforce, approve, plan, notify, off\n  Correct these places. Nothing was done.\n',
    );
  });

  it('report every mistake of the policy at once, those of remediators, parameters and rules as well, each with its place', async () => {
    file(
      'redress.yaml',
      'version: 1\nstopp: none\nenvironments:\n  dev: { accounts: [111111111111] }\nremediators:\n  widget-revoke-opn: { dev: enforce }\n  widget-note: { dev: enforced, parameters: { colour: red } }\nrules:\n  - { when: "resource.", effect: deny, because: x }\n',
    );
    const { exit, json } = await redress('policy', 'check', '--json');
    expect(exit).toBe(2);
    const { mistakes } = (json as { error: { mistakes: { place: { file: string; line: number; path: string } }[] } }).error;
    expect(mistakes.map(({ place }) => [place.file, place.line, place.path]).sort((a, b) => Number(a[1]) - Number(b[1]))).toEqual([
      ['redress.yaml', 2, 'stopp'],
      ['redress.yaml', 4, 'environments.dev.accounts.0'],
      ['redress.yaml', 6, 'remediators.widget-revoke-opn'],
      ['redress.yaml', 7, 'remediators.widget-note.dev'],
      ['redress.yaml', 7, 'remediators.widget-note.parameters'],
      ['redress.yaml', 9, 'rules.0.when'],
    ]);
  });

  it('refuse an unknown remediator', async () => {
    file('mine.yaml', POLICY.replace('widget-revoke-open', 'widget-revoke-opne'));
    const { err, exit } = await redress('--policy', 'mine.yaml', 'plan', '--live');
    expect(exit).toBe(2);
    expect(err).toContain(
      'mine.yaml:6:3 (remediators.widget-revoke-opne): "widget-revoke-opne" is not a remediator (did you mean widget-revoke-open?); allowed: widget-revoke-open, widget-note',
    );
  });

  it('refuse a named policy that does not exist', async () => {
    expect(await redress('policy', 'check', '--policy', 'none.yaml', '--json')).toMatchObject({
      exit: 2,
      json: { error: { code: 'policy/invalid', place: { file: 'none.yaml' } } },
    });
  });

  it('find the register next to the policy, and its mistakes', async () => {
    rmSync(directory, { recursive: true });
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(directory, 'conf'), { recursive: true });
    file('conf/redress.yaml', `${POLICY}exceptions: { register: exceptions.yaml }\n`);
    expect(await redress('policy', 'check', '--policy', 'conf/redress.yaml', '--json')).toMatchObject({
      exit: 2,
      json: { error: { code: 'register/invalid', place: { file: join('conf', 'exceptions.yaml') } } },
    });
    file(
      'conf/exceptions.yaml',
      '- { id: E-1, scope: { resource: w-1 }, reason: r, owner: a, approver: b, expires: "2026-12-31T00:00:00Z" }\n- { id: E-2, scope: { resource: w-9 }, reason: r, owner: a, approver: b, expires: "2026-01-31T00:00:00Z" }\n',
    );
    expect(await redress('policy', 'check', '--policy', 'conf/redress.yaml', '--json')).toMatchObject({
      exit: 0,
      json: {
        valid: true,
        exceptions: [
          { id: 'E-1', live: true },
          { id: 'E-2', live: false },
        ],
      },
    });
    widgets.put('w-1', ['open-1']);
    expect(
      ((await redress('plan', '--live', '--policy', 'conf/redress.yaml', '--json')).json as PlanDocument).passes.map((pass) => [pass.verdict, pass.code]),
    ).toEqual([['exempt', 'exception']]);
    file('conf/exceptions.yaml', '- id: E-1\n  scope: { resource: "*" }\n  reason: r\n  owner: a\n  approver: b\n  expires: "2026-12-31T00:00:00Z"\n');
    expect(await redress('policy', 'check', '--policy', 'conf/redress.yaml', '--json')).toMatchObject({
      exit: 2,
      json: { error: { code: 'register/invalid', place: { line: 2 } } },
    });
  });

  it('list remediators with their modes and IAM actions, fix and undo separately', async () => {
    file('redress.yaml', POLICY);
    const { json } = await redress('remediators', '--json');
    expect(json).toMatchObject([
      {
        id: 'widget-revoke-open',
        ceiling: 'enforce',
        modes: { dev: 'enforce' },
        swept: true,
        iam: { read: ['widget:DescribeWidget', 'widget:DescribeWidgets'], fix: ['widget:RevokeRule'], undo: ['widget:AuthorizeRule'] },
      },
      { id: 'widget-note', modes: { dev: 'notify' }, swept: false },
    ]);
    expect((await redress('remediators')).out).toContain('widget-revoke-open  dev: enforce');
  });

  it('accept guardrails and more from a configuration file', async () => {
    file('redress.yaml', POLICY);
    widgets.put('w-1', ['open-1']);
    file(
      'redress.config.mjs',
      "export default { guardrails: [{ id: 'acme-never', needs: [], evaluate: () => ({ effect: 'deny', code: 'never', message: 'Never.' }) }] };",
    );
    expect(((await redress('plan', '--live', '--json')).json as PlanDocument).passes.map((pass) => [pass.verdict, pass.code])).toEqual([['denied', 'never']]);
    file('mine.mjs', 'export default { guardrail: [] };');
    expect(await redress('plan', '--live', '--config', 'mine.mjs', '--json')).toMatchObject({
      exit: 2,
      json: {
        error: {
          code: 'cli/config',
          message: 'mine.mjs: "guardrail" is unknown; allowed: remediators, guardrails, notify, policy, exceptions, connect, redaction, organization',
        },
      },
    });
    expect(await redress('plan', '--live', '--config', 'none.mjs', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/config' } } });
    file('broken.mjs', 'export default {');
    expect(await redress('plan', '--live', '--config', 'broken.mjs', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/config' } } });
  });
});

describe('the command itself', () => {
  it('includes its remediators', async () => {
    const { exit, out } = await command(['remediators', '--json'], directory);
    expect(exit).toBe(0);
    const documents = JSON.parse(out) as RemediatorDocument[];
    expect(documents.map(({ id }) => id)).toEqual([
      'ec2-revoke-sg-open-ssh',
      'ec2-revoke-sg-open-rdp',
      'ec2-revoke-sg-open-admin-ipv6',
      'ec2-revoke-sg-open-admin-existing',
      'ec2-enable-ebs-encryption-by-default',
      'ec2-report-unencrypted-ebs-volumes',
      's3-enforce-default-encryption',
      's3-block-public-access-private-bucket',
      's3-report-public-website-bucket',
      'iam-flag-stale-access-key',
      'iam-strengthen-password-policy',
      'logs-raise-retention',
    ]);
    // The role that fixes must not be able to open the port again.
    expect(documents[0]?.iam.fix).toEqual(['ec2:RevokeSecurityGroupIngress']);
    // Without a policy nothing is enforced.
    expect(new Set(documents.map(({ modes }) => JSON.stringify(modes)))).toEqual(new Set(['{"*":"notify"}']));
  });

  it.each([
    [['--help'], 0],
    [['plan', '--help'], 0],
    [['--version'], 0],
    [[], 2],
    [['evidence'], 2],
    [['nothing'], 2],
    [['plan', '--nothing'], 2],
    [['normalize'], 2],
    [['policy', 'check', '--region', 'nowhere'], 2],
    [['policy', 'check', '--endpoint-url', 'ftp://x'], 2],
  ])('%j exits with %i, and with --json prints one document', async (argv, exit) => {
    expect((await redress(...argv)).exit).toBe(exit);
    const { json, exit: same } = await redress(...argv, '--json');
    expect(same).toBe(exit);
    expect(json).toMatchObject(exit === 0 ? { text: expect.any(String) as string } : { error: { code: expect.stringMatching(/^cli\//) as string } });
  });

  it('reports the next step when the identity cannot be read', async () => {
    widgets.identityFails = true;
    expect(await redress('plan', '--live', '--json')).toMatchObject({
      exit: 1,
      json: { error: { message: expect.stringContaining('STS is down') as string } },
    });
  });
});

it('an emulated account is never recorded in the journal of real accounts', async () => {
  expect(await redress('up', '--endpoint-url', 'http://127.0.0.1:9', '--journal', 'aws:table/bucket', '--json')).toMatchObject({
    exit: 2,
    json: { error: { code: 'cli/usage', message: 'An emulated account has its own journal.' } },
  });
});

describe('policy check warns of', () => {
  it('a mode above the ceiling of a remediator', async () => {
    file('redress.yaml', `${POLICY}  widget-note: { dev: enforce }\n`);
    const asks = { ...noteWidget, ceiling: 'approve' as const };
    const checked = async (...argv: string[]) =>
      command(['policy', 'check', ...argv], directory, { remediators: [revokeOpenRules, asks], connect: widgets.connect, clock });
    const { exit, out } = await checked();
    expect([exit, out.split('\n').filter((line) => line.startsWith('warning'))]).toEqual([
      0,
      ['warning  widget-note: enforce in dev is above its ceiling, approve. The policy cannot raise it.'],
    ]);
    expect((JSON.parse((await checked('--json')).out) as { warnings: unknown[] }).warnings).toHaveLength(1);
    file('redress.yaml', `${POLICY}  widget-note: { dev: approve }\n`);
    expect((await checked()).out).not.toContain('warning');
  });

  it('an exception that expires later than the policy allows, with its place; exceptions add refuses it', async () => {
    const register = (expires: string) =>
      file('exceptions.yaml', `- id: EXC-1\n  scope: { resource: w-1 }\n  reason: r\n  owner: a\n  approver: b\n  expires: "${expires}"\n`);
    file('redress.yaml', `${POLICY}exceptions: { register: exceptions.yaml, longest: 90 days }\n`);
    register('2027-02-18T09:00:00Z');
    expect((await redress('policy', 'check')).exit).toBe(0);
    register('2027-02-18T11:00:00Z');
    expect(await redress('policy', 'check', '--json')).toMatchObject({
      exit: 2,
      json: {
        error: {
          code: 'register/invalid',
          message: expect.stringContaining('Exceptions may last for at most 90 days') as string,
          place: { file: 'exceptions.yaml', line: 6 },
        },
      },
    });
    // It is honoured all the same: what somebody accepted is not changed because a file is late.
    widgets.put('w-1', ['open-1']);
    expect(((await redress('plan', '--live', '--json')).json as PlanDocument).gaps.map(({ verdict }) => verdict)).toEqual(['exempt']);
    const add = (expires: string) =>
      redress('exceptions', 'add', 'EXC-2', '--resource', 'w-2', '--reason', 'r', '--owner', 'a', '--approver', 'b', '--expires', expires, '--json');
    expect(await add('91 days')).toMatchObject({ exit: 2, json: { error: { next: 'The latest expiry date is 2027-02-18T10:00:00.000Z.' } } });
    expect((await add('90d')).exit).toBe(0);
  });
});
